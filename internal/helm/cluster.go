package helm

import (
	"bytes"
	"context"
	"io"
	"time"

	"helm.sh/helm/v3/pkg/action"
	"helm.sh/helm/v3/pkg/kube"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/dxlab/terraform-provider-lab/internal/kube/bound"
	"github.com/dxlab/terraform-provider-lab/internal/object"
	"github.com/dxlab/terraform-provider-lab/internal/wait"
)

// cluster is Helm's Kubernetes client with what Helm's own lacks: it stops with a context, tells why something
// failed, puts changed custom resources right, and does not wait in fixed steps.
type cluster struct {
	*kube.Client
	ctx    func() context.Context
	mapper func() (meta.RESTMapper, error)
	// ahead tells that the next manifest is one to be installed, whose objects Helm will look for one by one.
	ahead bool
	// owner is the release that a manifest is built for; none while only what is there is looked at.
	owner owner
	// answers remembers objects between Helm's look at whether they exist and its change of them.
	answers *bound.Answers
	pods    podReader
	faults  *faults
	log     action.DebugLog
}

var (
	_ kube.Interface                    = (*cluster)(nil)
	_ kube.InterfaceExt                 = (*cluster)(nil)
	_ kube.InterfaceThreeWayMerge       = (*cluster)(nil)
	_ kube.InterfaceLogs                = (*cluster)(nil)
	_ kube.InterfaceDeletionPropagation = (*cluster)(nil)
)

// IsReachable says yes without asking: the first request of every operation tells the same.
func (c *cluster) IsReachable() error { return nil }

// Build reads a manifest. Helm's check against the OpenAPI documents is left out: it downloads them for each call
// and then leaves the check to the API server, for every server since 1.25 (kubectl pkg/validation/schema.go,
// paramVerifyingSchema). What validate tells instead is the purpose: without it Helm wants to find, compare or
// delete what is there, and then a kind that the cluster no longer has has no objects either.
func (c *cluster) Build(manifest io.Reader, validate bool) (kube.ResourceList, error) {
	text, err := io.ReadAll(manifest)
	if err != nil {
		return nil, err
	}
	list, err := c.Client.Build(bytes.NewReader(text), false)
	if err == nil && validate && c.ahead {
		c.ahead = false
		c.lookAhead(list)
	}
	if err == nil && validate {
		err = c.adoptDefinitions(list)
	}
	if err == nil || validate {
		return list, c.faults.add(err)
	}
	known, dropped, filterErr := c.served(text)
	if filterErr != nil || dropped == 0 {
		return list, c.faults.add(err)
	}
	list, err = c.Client.Build(bytes.NewReader(known), false)
	return list, c.faults.add(err)
}

// served returns the documents whose kind the cluster has, and how many others there were.
func (c *cluster) served(manifest []byte) (known []byte, dropped int, err error) {
	mapper, err := c.mapper()
	if err != nil {
		return nil, 0, err
	}
	var out bytes.Buffer
	for _, doc := range splitManifest(manifest) {
		o, err := parseObject(doc)
		if err != nil {
			return nil, 0, err
		}
		ref := object.RefOf(o)
		gvk := schema.FromAPIVersionAndKind(ref.APIVersion, ref.Kind)
		_, err = mapper.RESTMapping(gvk.GroupKind(), gvk.Version)
		switch {
		case meta.IsNoMatchError(err):
			dropped++
			c.log("the cluster has no kind %s in %s any more; leaving %s out", ref.Kind, ref.APIVersion, ref)
			continue
		case err != nil:
			return nil, 0, err
		}
		out.WriteString("---\n")
		out.Write(doc)
		out.WriteString("\n")
	}
	return out.Bytes(), dropped, nil
}

// Delete deletes objects.
func (c *cluster) Delete(resources kube.ResourceList) (*kube.Result, []error) {
	return c.DeleteWithPropagationPolicy(resources, metav1.DeletePropagationBackground)
}

// DeleteWithPropagationPolicy deletes objects. Helm keeps the reasons of a failure to its debug log.
func (c *cluster) DeleteWithPropagationPolicy(
	resources kube.ResourceList, policy metav1.DeletionPropagation,
) (*kube.Result, []error) {
	if len(resources) == 0 {
		return &kube.Result{}, nil
	}
	result, errs := c.Client.DeleteWithPropagationPolicy(resources, policy)
	for _, err := range errs {
		_ = c.faults.add(plain(err))
	}
	return result, errs
}

// Wait waits for CRDs to be established, the only thing that Helm is asked to wait for here.
func (c *cluster) Wait(resources kube.ResourceList, timeout time.Duration) error {
	for _, r := range resources {
		o := wait.Options{For: "CRD " + r.Name + " to be established", Timeout: timeout, Interval: 50 * time.Millisecond}
		err := wait.Until(c.ctx(), o, func(context.Context) error {
			if err := r.Get(); err != nil {
				return err
			}
			live, ok := r.Object.(*unstructured.Unstructured)
			if ok && established(live.Object) {
				return nil
			}
			return wait.Pending("not established")
		})
		if err != nil {
			return c.faults.add(err)
		}
	}
	return nil
}

// WaitWithJobs is [cluster.Wait]: no operation here asks Helm to wait for Jobs.
func (c *cluster) WaitWithJobs(resources kube.ResourceList, timeout time.Duration) error {
	return c.Wait(resources, timeout)
}

func established(crd object.Object) bool {
	for _, c := range object.List(crd, "status", "conditions") {
		condition, ok := c.(map[string]any)
		if ok && condition["type"] == "Established" && condition["status"] == "True" {
			return true
		}
	}
	return false
}

// WaitForDelete waits until objects are gone. A timeout says what is left and which finalizers hold it.
func (c *cluster) WaitForDelete(resources kube.ResourceList, timeout time.Duration) error {
	for _, r := range resources {
		name := r.Mapping.GroupVersionKind.Kind + " " + r.Name
		o := wait.Options{For: name + " to go", Timeout: timeout, Interval: 50 * time.Millisecond, MaxInterval: time.Second}
		err := wait.Until(c.ctx(), o, func(context.Context) error {
			err := r.Get()
			if apierrors.IsNotFound(err) {
				return nil
			}
			if err != nil {
				return err
			}
			accessor, err := meta.Accessor(r.Object)
			if err != nil {
				return err
			}
			return wait.Pendingf("it is there, held by finalizers %v", accessor.GetFinalizers())
		})
		if err != nil {
			return c.faults.add(err)
		}
	}
	return nil
}

// GetPodList finds nothing: the logs of failed hooks are part of the error, see [cluster.WatchUntilReady].
func (c *cluster) GetPodList(string, metav1.ListOptions) (*corev1.PodList, error) {
	return &corev1.PodList{}, nil
}

// OutputContainerLogsForPodList does nothing, see [cluster.GetPodList].
func (c *cluster) OutputContainerLogsForPodList(*corev1.PodList, string, func(_, _, _ string) io.Writer) error {
	return nil
}
