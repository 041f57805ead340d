// Package cluster knows what is in the cluster right now: pods by address, who is ready since when, and which Services are webhooks. It is
// read from caches; nothing in it talks to the API after Start.
package cluster

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	admissionv1 "k8s.io/api/admissionregistration/v1"
	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	apiextensions "k8s.io/apiextensions-apiserver/pkg/client/clientset/clientset"
	crdinformers "k8s.io/apiextensions-apiserver/pkg/client/informers/externalversions"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/cache"
)

const (
	byAddress = "address"
	byService = "service"
)

// readyResync is how old a readiness may be to be believed from the object: within it the moment is the one at which it was seen, because
// the object's times are whole seconds.
const readyResync = 3 * time.Second

// View is a cached picture of the cluster.
type View struct {
	pods, slices, services, nodes, namespaces cache.SharedIndexInformer
	validating, mutating, crds                cache.SharedIndexInformer
	factory                                   informers.SharedInformerFactory
	crdFactory                                crdinformers.SharedInformerFactory

	mu        sync.Mutex
	readySeen map[string]time.Time // by pod UID
	changed   []func()
}

// New makes a view that is empty until Start.
func New(client kubernetes.Interface, crds apiextensions.Interface) (*View, error) {
	factory := informers.NewSharedInformerFactory(client, 0)
	crdFactory := crdinformers.NewSharedInformerFactory(crds, 0)
	admission := factory.Admissionregistration().V1()
	v := &View{
		factory: factory, crdFactory: crdFactory, readySeen: map[string]time.Time{},
		pods: factory.Core().V1().Pods().Informer(), services: factory.Core().V1().Services().Informer(),
		nodes: factory.Core().V1().Nodes().Informer(), namespaces: factory.Core().V1().Namespaces().Informer(),
		slices:     factory.Discovery().V1().EndpointSlices().Informer(),
		validating: admission.ValidatingWebhookConfigurations().Informer(), mutating: admission.MutatingWebhookConfigurations().Informer(),
		crds: crdFactory.Apiextensions().V1().CustomResourceDefinitions().Informer(),
	}
	err := errors.Join(
		v.pods.AddIndexers(cache.Indexers{byAddress: podAddresses}),
		v.slices.AddIndexers(cache.Indexers{byService: sliceService}),
		v.nodes.AddIndexers(cache.Indexers{byAddress: nodeAddresses}),
	)
	for _, informer := range v.informers() {
		err = errors.Join(err, informer.SetTransform(slim))
	}
	if err != nil {
		return nil, fmt.Errorf("indexing the cluster: %w", err)
	}
	return v, nil
}

func (v *View) informers() []cache.SharedIndexInformer {
	return []cache.SharedIndexInformer{v.pods, v.slices, v.services, v.nodes, v.namespaces, v.validating, v.mutating, v.crds}
}

// slim drops what nobody here reads and what makes objects big: the ledger of field owners and the schemas of custom resources.
func slim(object any) (any, error) {
	if o, ok := object.(metav1.Object); ok {
		o.SetManagedFields(nil)
	}
	if crd, ok := object.(*apiextensionsv1.CustomResourceDefinition); ok {
		for i := range crd.Spec.Versions {
			crd.Spec.Versions[i].Schema = nil
		}
	}
	return object, nil
}

// OnChange calls f whenever something in the view has changed; f must not block. It is to be called before Start.
func (v *View) OnChange(f func()) { v.changed = append(v.changed, f) }

// Start fills the view and keeps it up to date until ctx ends.
func (v *View) Start(ctx context.Context) error {
	handler := cache.ResourceEventHandlerFuncs{
		AddFunc: v.note, UpdateFunc: func(_, object any) { v.note(object) }, DeleteFunc: v.forget,
	}
	for _, informer := range v.informers() {
		if _, err := informer.AddEventHandler(handler); err != nil {
			return fmt.Errorf("watching the cluster: %w", err)
		}
	}
	v.factory.Start(ctx.Done())
	v.crdFactory.Start(ctx.Done())
	for _, informer := range v.informers() {
		if !cache.WaitForCacheSync(ctx.Done(), informer.HasSynced) {
			return fmt.Errorf("watching the cluster: %w", ctx.Err())
		}
	}
	return nil
}

func (v *View) note(object any) {
	if pod, ok := object.(*corev1.Pod); ok {
		v.noteReady(pod)
	}
	for _, f := range v.changed {
		f()
	}
}

func (v *View) noteReady(pod *corev1.Pod) {
	v.mu.Lock()
	defer v.mu.Unlock()
	key := string(pod.UID)
	since, ready := readySince(pod)
	if !ready {
		delete(v.readySeen, key)
		return
	}
	if _, seen := v.readySeen[key]; seen {
		return
	}
	if now := time.Now(); now.Sub(since) < readyResync {
		since = now
	}
	v.readySeen[key] = since
}

func (v *View) forget(object any) {
	if unknown, ok := object.(cache.DeletedFinalStateUnknown); ok {
		object = unknown.Obj
	}
	if pod, ok := object.(*corev1.Pod); ok {
		v.mu.Lock()
		delete(v.readySeen, string(pod.UID))
		v.mu.Unlock()
	}
	for _, f := range v.changed {
		f()
	}
}

// ReadySince tells since when a pod is ready; false when it is not.
func (v *View) ReadySince(pod *corev1.Pod) (time.Time, bool) {
	v.mu.Lock()
	defer v.mu.Unlock()
	since, ready := v.readySeen[string(pod.UID)]
	return since, ready
}

// PodAt returns the pod that has an address of its own; nil when there is none. Pods on the host's network have none.
func (v *View) PodAt(ip string) *corev1.Pod {
	for _, pod := range indexed[*corev1.Pod](v.pods, byAddress, ip) {
		if pod.DeletionTimestamp == nil && pod.Status.Phase == corev1.PodRunning {
			return pod
		}
	}
	return nil
}

// Pod returns a pod; nil when there is none.
func (v *View) Pod(namespace, name string) *corev1.Pod {
	return get[*corev1.Pod](v.pods, namespace+"/"+name)
}

// Pods returns all pods.
func (v *View) Pods() []*corev1.Pod { return list[*corev1.Pod](v.pods) }

// NodeAt returns the node that has an address; nil when there is none.
func (v *View) NodeAt(ip string) *corev1.Node {
	for _, node := range indexed[*corev1.Node](v.nodes, byAddress, ip) {
		return node
	}
	return nil
}

// Nodes returns all nodes.
func (v *View) Nodes() []*corev1.Node { return list[*corev1.Node](v.nodes) }

// Services returns all Services.
func (v *View) Services() []*corev1.Service { return list[*corev1.Service](v.services) }

// Service returns a Service; nil when there is none.
func (v *View) Service(namespace, name string) *corev1.Service {
	return get[*corev1.Service](v.services, namespace+"/"+name)
}

// EndpointSlices returns all EndpointSlices.
func (v *View) EndpointSlices() []*discoveryv1.EndpointSlice {
	return list[*discoveryv1.EndpointSlice](v.slices)
}

// Namespaces returns all namespaces.
func (v *View) Namespaces() []*corev1.Namespace { return list[*corev1.Namespace](v.namespaces) }

// Namespace returns a namespace; nil when there is none.
func (v *View) Namespace(name string) *corev1.Namespace {
	return get[*corev1.Namespace](v.namespaces, name)
}

// Validating returns all validating webhook configurations. Like everything that a view returns they must not be changed.
func (v *View) Validating() []*admissionv1.ValidatingWebhookConfiguration {
	return list[*admissionv1.ValidatingWebhookConfiguration](v.validating)
}

// Mutating returns all mutating webhook configurations.
func (v *View) Mutating() []*admissionv1.MutatingWebhookConfiguration {
	return list[*admissionv1.MutatingWebhookConfiguration](v.mutating)
}

// CRDs returns all custom resource definitions.
func (v *View) CRDs() []*apiextensionsv1.CustomResourceDefinition {
	return list[*apiextensionsv1.CustomResourceDefinition](v.crds)
}

// Established tells whether the definition of this name is served.
func (v *View) Established(name string) bool {
	crd := get[*apiextensionsv1.CustomResourceDefinition](v.crds, name)
	if crd == nil || crd.DeletionTimestamp != nil {
		return false
	}
	for _, condition := range crd.Status.Conditions {
		if condition.Type == apiextensionsv1.Established {
			return condition.Status == apiextensionsv1.ConditionTrue
		}
	}
	return false
}
