package samples_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/dxlab/terraform-provider-lab/internal/component/componenttest"
	"github.com/dxlab/terraform-provider-lab/internal/fault"
	"github.com/dxlab/terraform-provider-lab/internal/object"
	"github.com/dxlab/terraform-provider-lab/internal/samples"
)

// bookinfos are written out in full, as they read back.
func bookinfos() map[string]samples.Bookinfo {
	image, tag := samples.DefaultBookinfoImage()
	return map[string]samples.Bookinfo{
		"bookinfo-of-the-tutorial": {Namespace: "default", Image: "docker.io/istio/examples-bookinfo", Tag: "1.17.0", Replicas: 1},
		"bookinfo-elsewhere": {
			Namespace: "books", Image: image, Tag: tag, Replicas: 2, Labels: map[string]string{"team": "books"},
			Ingress: &samples.Ingress{Name: "books", Host: "books.lab", ClassName: "nginx", Annotations: map[string]string{"a": "b"}},
		},
	}
}

func TestBookinfo_Golden(t *testing.T) {
	t.Parallel()
	all := bookinfos()
	all["bookinfo-default"] = samples.Bookinfo{}
	for name, bookinfo := range all {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c, err := bookinfo.Component()
			if err != nil {
				t.Fatal(err)
			}
			componenttest.Golden(t, name, c)
		})
	}
}

func TestBookinfo_RoundTrip(t *testing.T) {
	t.Parallel()
	for name, bookinfo := range bookinfos() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c, err := bookinfo.Component()
			if err != nil {
				t.Fatal(err)
			}
			back, err := samples.ReadBookinfo(c.Objects...)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(bookinfo, back); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestBookinfo_IsMadeOfUpstreamsObjects(t *testing.T) {
	t.Parallel()
	c, err := samples.Bookinfo{}.Component()
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, o := range c.Objects {
		names = append(names, object.RefOf(o).String())
	}
	want := strings.Fields(`Service=details ServiceAccount=bookinfo-details Deployment=details-v1
		Service=ratings ServiceAccount=bookinfo-ratings Deployment=ratings-v1
		Service=reviews ServiceAccount=bookinfo-reviews Deployment=reviews-v1 Deployment=reviews-v2 Deployment=reviews-v3
		Service=productpage ServiceAccount=bookinfo-productpage Deployment=productpage-v1`)
	for i := range want {
		want[i] = strings.Replace(want[i], "=", " default/", 1)
	}
	if diff := cmp.Diff(want, names); diff != "" {
		t.Error(diff)
	}
	var refs []string
	for _, ref := range (samples.Bookinfo{}).Refs() {
		refs = append(refs, ref.String())
	}
	if diff := cmp.Diff(names, refs); diff != "" {
		t.Error(diff)
	}
}

func TestBookinfo_RefusesImagesThatAreNone(t *testing.T) {
	t.Parallel()
	for name, b := range map[string]samples.Bookinfo{
		"a tag in the image":     {Image: "docker.io/istio/examples-bookinfo:1.17.0"},
		"a tag without a number": {Tag: "latest"},
	} {
		if _, err := b.Component(); !fault.Is(err, fault.Invalid) {
			t.Errorf("%s: got %v", name, err)
		}
	}
}

func TestReadBookinfo_RefusesWhatItIsNot(t *testing.T) {
	t.Parallel()
	c, err := samples.HotROD{Name: "productpage-v1"}.Component()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := samples.ReadBookinfo(c.Objects...); err == nil {
		t.Error("another application was read as Bookinfo")
	}
	if _, err := samples.ReadBookinfo(); err == nil {
		t.Error("nothing was read as Bookinfo")
	}
}
