package samples

import (
	"fmt"
	"strings"

	"github.com/dxlab/terraform-provider-lab/internal/component"
	"github.com/dxlab/terraform-provider-lab/internal/fault"
	"github.com/dxlab/terraform-provider-lab/internal/object"
	"github.com/dxlab/terraform-provider-lab/internal/versions"
)

// BookinfoName is what the sample is called; its objects have names of their own.
const BookinfoName = "bookinfo"

const (
	bookinfoPort  = 9080
	bookinfoFront = "productpage"
)

// Bookinfo is Istio's example of four services, one of them in three versions: 4 Services, 4 ServiceAccounts and 6
// Deployments with the names of upstream (istio:samples/bookinfo/platform/kube/bookinfo.yaml@1.17.1 and 1.30.3).
type Bookinfo struct {
	// Namespace of all objects; empty is default. Another namespace is made.
	Namespace string
	// Image is what the names of the images begin with, "docker.io/istio/examples-bookinfo", and Tag their tag. Empty
	// are those of the default profile.
	Image, Tag string
	// Replicas of every Deployment; zero is one.
	Replicas int32
	// Labels are added to all objects and to the pods.
	Labels map[string]string
	// Ingress publishes the product page. Nil makes none.
	Ingress *Ingress
}

// bookinfoService is one of the four services.
type bookinfoService struct {
	name     string
	versions []string
}

var bookinfoServices = []bookinfoService{
	{"details", []string{"v1"}},
	{"ratings", []string{"v1"}},
	{"reviews", []string{"v1", "v2", "v3"}},
	{bookinfoFront, []string{"v1"}},
}

// DefaultBookinfoImage returns what the image names of the default profile begin with, and their tag.
func DefaultBookinfoImage() (image, tag string) {
	images := versions.Default().Images
	return images[versions.Bookinfo], images[versions.BookinfoTag]
}

// Component builds the sample. A tag in the image or one that is no version is [fault.Invalid].
func (b Bookinfo) Component() (component.Component, error) {
	b = b.filled()
	if name := b.Image[strings.LastIndex(b.Image, "/")+1:]; strings.ContainsAny(name, ":@") {
		return component.Component{}, fault.Newf(fault.Invalid,
			"sample %s: image %q is what the names of six images begin with; it has no tag of its own", BookinfoName, b.Image)
	}
	version, err := versions.Parse(b.Tag)
	if err != nil {
		return component.Component{}, fmt.Errorf("sample %s: image tag: %w", BookinfoName, err)
	}
	c := component.Component{Name: "sample " + BookinfoName, Namespaces: b.place().namespaces()}
	p := b.place()
	for _, s := range bookinfoServices {
		c.Objects = append(c.Objects, b.service(s.name), b.account(s.name))
		for _, v := range s.versions {
			c.Objects = append(c.Objects, b.deployment(s.name, v, version))
			c.Ready = append(c.Ready, component.DeploymentAvailable(b.Namespace, s.name+"-"+v))
		}
		c.Ready = append(c.Ready, p.endpoints(s.name))
	}
	if b.Ingress == nil {
		return c, nil
	}
	ingress, err := b.ingress()
	if err != nil {
		return component.Component{}, fmt.Errorf("sample %s: %w", BookinfoName, err)
	}
	c.Objects = append(c.Objects, ingress)
	c.Ready = append(c.Ready, p.exists(b.Ingress.Name))
	return c, nil
}

// Host is the name of the product page inside the cluster.
func (b Bookinfo) Host() string {
	b = b.filled()
	return b.place().host(bookinfoFront)
}

// Refs names the objects of the sample, in the order in which they are applied.
func (b Bookinfo) Refs() []object.Ref {
	b = b.filled()
	b.Image, b.Tag = DefaultBookinfoImage() // no name depends on them
	c, err := b.Component()
	if err != nil {
		return nil
	}
	refs := make([]object.Ref, 0, len(c.Objects))
	for _, o := range c.Objects {
		refs = append(refs, object.RefOf(o))
	}
	return refs
}

func (b Bookinfo) place() place { return place{b.Namespace} }

func (b Bookinfo) filled() Bookinfo {
	image, tag := DefaultBookinfoImage()
	if b.Namespace == "" {
		b.Namespace = defaultNamespace
	}
	if b.Image == "" {
		b.Image = image
	}
	if b.Tag == "" {
		b.Tag = tag
	}
	if b.Replicas == 0 {
		b.Replicas = 1
	}
	b.Ingress = b.Ingress.named(BookinfoName)
	return b
}

// ReadBookinfo is the inverse of [Bookinfo.Component], with objects desired or live and in any order. The product
// page's Deployment must be among them.
func ReadBookinfo(objects ...object.Object) (Bookinfo, error) {
	var b Bookinfo
	for _, o := range objects {
		var err error
		switch ref := object.RefOf(o); {
		case ref.Kind == "Deployment" && ref.Name == bookinfoFront+"-v1":
			var w workload
			w, err = readWorkload(o, bookinfoFront, appLabel, versionLabel)
			b.Namespace, b.Replicas, b.Labels = w.namespace, w.replicas, w.labels
			image, tag, tagged := cutLast(w.image, ":")
			if b.Image, b.Tag = strings.TrimSuffix(image, "-"+ref.Name), tag; !tagged || b.Image == image {
				err = fault.Newf(fault.Invalid, "image %s is none of the sample's", w.image)
			}
		case ref.Kind == "Ingress":
			b.Ingress, err = readIngress(o)
		}
		if err != nil {
			return Bookinfo{}, fmt.Errorf("%s: %w", object.RefOf(o), err)
		}
	}
	if b.Namespace == "" {
		return Bookinfo{}, fmt.Errorf("reading a sample: no product page among the objects")
	}
	return b, nil
}

func cutLast(s, sep string) (before, after string, found bool) {
	i := strings.LastIndex(s, sep)
	if i < 0 {
		return s, "", false
	}
	return s[:i], s[i+len(sep):], true
}
