package otel

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/dynamic"

	"github.com/dxlab/terraform-provider-lab/test/lab/controlplane/life/cluster"
)

// Lister returns the collectors of a namespace, none when their kind is not there; false while they are not known yet.
type Lister func(namespace string) ([]*unstructured.Unstructured, bool)

// Controller makes what collectors ask for while the operator's pod runs.
type Controller struct {
	Dynamic dynamic.Interface
	View    *cluster.View
	// Alpha and Beta list collectors in the two versions of their kind.
	Alpha, Beta Lister
	// Delay is the time from the operator's readiness to its first deed.
	Delay time.Duration
	// Real tells whether collectors can really run.
	Real bool

	// made remembers which generation of a collector was made, and when.
	made map[types.UID]deed
}

type deed struct {
	generation int64
	at         time.Time
}

// heal is when to make again what may have been changed by others.
const heal = 5 * time.Second

// Resource is the kind of collectors in a version.
func Resource(version string) schema.GroupVersionResource {
	return schema.GroupVersionResource{Group: group, Version: version, Resource: "opentelemetrycollectors"}
}

// Sync does what is due and returns when it is to be called again at the latest; zero when nothing is waited for.
func (c *Controller) Sync(ctx context.Context) (time.Duration, error) {
	operator, since := c.running()
	if operator == nil {
		c.made = nil
		return 0, nil
	}
	if wait := time.Until(since.Add(c.Delay)); wait > 0 {
		return wait, nil
	}
	version, served := c.version()
	if !served {
		return 0, nil
	}
	list := c.Alpha
	if version == "v1beta1" {
		list = c.Beta
	}
	collectors, known := list("")
	if !known || len(collectors) == 0 {
		return 0, nil
	}
	if c.made == nil {
		c.made = map[types.UID]deed{}
	}
	var errs []error
	for _, object := range collectors {
		errs = append(errs, c.reconcile(ctx, object, operator, version))
	}
	return heal, errors.Join(errs...)
}

func (c *Controller) reconcile(ctx context.Context, object *unstructured.Unstructured, operator *corev1.Pod, version string) error {
	state, _, _ := unstructured.NestedString(object.Object, "spec", "managementState")
	if object.GetDeletionTimestamp() != nil || state == "unmanaged" {
		return nil
	}
	made, err := newCollector(object, operator, c.Real)
	if err != nil {
		return nil //nolint:nilerr // the operator logs it and goes on with the others
	}
	if last := c.made[object.GetUID()]; last.generation != object.GetGeneration() || time.Since(last.at) >= heal {
		for _, wanted := range made.objects() {
			if err := c.apply(ctx, wanted); err != nil {
				return err
			}
		}
		c.made[object.GetUID()] = deed{object.GetGeneration(), time.Now()}
	}
	return c.status(ctx, object, made, version)
}

// running returns the ready pod of the operator; nil when there is none.
func (c *Controller) running() (*corev1.Pod, time.Time) {
	for _, pod := range c.View.Pods() {
		if pod.Labels["app.kubernetes.io/component"] != "controller-manager" || len(pod.Spec.Containers) == 0 ||
			!strings.Contains(pod.Spec.Containers[0].Image, "opentelemetry-operator") {
			continue
		}
		if since, ready := c.View.ReadySince(pod); ready {
			return pod, since
		}
	}
	return nil, time.Time{}
}

// version is the version in which collectors are stored; false when there is no such kind.
func (c *Controller) version() (string, bool) {
	for _, crd := range c.View.CRDs() {
		if crd.Name != "opentelemetrycollectors."+group {
			continue
		}
		for i := range crd.Spec.Versions {
			if crd.Spec.Versions[i].Storage {
				return crd.Spec.Versions[i].Name, established(crd)
			}
		}
	}
	return "", false
}

func established(crd *apiextensionsv1.CustomResourceDefinition) bool {
	for _, condition := range crd.Status.Conditions {
		if condition.Type == apiextensionsv1.Established {
			return condition.Status == apiextensionsv1.ConditionTrue
		}
	}
	return false
}

// resources of the kinds that the operator makes.
var resources = map[string]schema.GroupVersionResource{
	"ConfigMap":      {Version: "v1", Resource: "configmaps"},
	"ServiceAccount": {Version: "v1", Resource: "serviceaccounts"},
	"Service":        {Version: "v1", Resource: "services"},
	"Deployment":     {Group: "apps", Version: "v1", Resource: "deployments"},
	"DaemonSet":      {Group: "apps", Version: "v1", Resource: "daemonsets"},
	"StatefulSet":    {Group: "apps", Version: "v1", Resource: "statefulsets"},
}

func (c *Controller) apply(ctx context.Context, object *unstructured.Unstructured) error {
	options := metav1.ApplyOptions{FieldManager: "opentelemetry-operator", Force: true}
	_, err := c.Dynamic.Resource(resources[object.GetKind()]).Namespace(object.GetNamespace()).Apply(ctx, object.GetName(), object, options)
	if err != nil && !apierrors.HasStatusCause(err, corev1.NamespaceTerminatingCause) {
		return fmt.Errorf("making %s %s/%s: %w", object.GetKind(), object.GetNamespace(), object.GetName(), err)
	}
	return nil
}
