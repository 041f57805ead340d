// Package kiali knows what Kiali's operator does: it turns a Kiali object into a server, says in the object's status how far it is, and holds
// the object by a finalizer until it has removed the server.
package kiali

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/dynamic"

	"github.com/dxlab/terraform-provider-lab/test/lab/controlplane/life/cluster"
)

// Resource is the kind of the objects that the operator carries out.
var Resource = schema.GroupVersionResource{Group: "kiali.io", Version: "v1alpha1", Resource: "kialis"}

const (
	// finalizer is in watches-k8s.yaml of the operator, 2.29.0, and in the file of the same purpose of 1.64.0.
	finalizer = "kiali.io/finalizer"
	// manager is what the operator's Ansible modules call themselves.
	manager = "OpenAPI-Generator"
)

// Lister returns the Kiali objects of a namespace, those of all for "", none when their kind is not there; false while they are not known yet.
type Lister func(namespace string) ([]*unstructured.Unstructured, bool)

// Operator carries Kiali objects out while its pod runs.
type Operator struct {
	Dynamic dynamic.Interface
	View    *cluster.View
	List    Lister
	// Delay is the time from the sight of a change to its end.
	Delay time.Duration

	// seen remembers which generation of an object was seen, and when; done which one was carried out.
	seen map[types.UID]sight
}

type sight struct {
	generation int64
	deleting   bool
	at         time.Time
	done       bool
}

// Sync does what is due and returns when it is to be called again at the latest; zero when nothing is waited for.
func (o *Operator) Sync(ctx context.Context) (time.Duration, error) {
	operator := o.running()
	if operator == nil {
		o.seen = nil
		return 0, nil
	}
	objects, known := o.List("")
	if !known {
		return 0, nil
	}
	if o.seen == nil {
		o.seen = map[types.UID]sight{}
	}
	var errs []error
	var soonest time.Duration
	for _, object := range objects {
		wait, err := o.reconcile(ctx, object, operator)
		errs = append(errs, err)
		if wait > 0 && (soonest == 0 || wait < soonest) {
			soonest = wait
		}
	}
	return soonest, errors.Join(errs...)
}

// running returns a ready pod of the operator; nil when there is none.
func (o *Operator) running() *corev1.Pod {
	for _, pod := range o.View.Pods() {
		if len(pod.Spec.Containers) == 0 || !strings.Contains(pod.Spec.Containers[0].Image, "kiali-operator") {
			continue
		}
		if _, ready := o.View.ReadySince(pod); ready {
			return pod
		}
	}
	return nil
}

// version is the operator's, which is the server's as well.
func version(operator *corev1.Pod) string {
	image := operator.Spec.Containers[0].Image
	return image[strings.LastIndex(image, ":")+1:]
}

// serverOf is what an object asks an operator for. Another image than the operator's own is for those that allow it; the
// operator refuses the object otherwise, the lab's leaves the image (kiali-operator: ALLOW_AD_HOC_KIALI_IMAGE).
func serverOf(object *unstructured.Unstructured, operator *corev1.Pod) server {
	made := newServer(object, version(operator))
	image, _, _ := unstructured.NestedString(made.spec, "deployment", "image_name")
	allowed := slices.ContainsFunc(operator.Spec.Containers[0].Env, func(e corev1.EnvVar) bool {
		return e.Name == "ALLOW_AD_HOC_KIALI_IMAGE" && e.Value == "true"
	})
	if image != "" && allowed {
		made.image = image
	}
	return made
}

// reconcile begins with an object, or ends with it when its time has come.
func (o *Operator) reconcile(ctx context.Context, object *unstructured.Unstructured, operator *corev1.Pod) (time.Duration, error) {
	deleting := object.GetDeletionTimestamp() != nil
	if deleting && !slices.Contains(object.GetFinalizers(), finalizer) {
		delete(o.seen, object.GetUID())
		return 0, nil
	}
	last := o.seen[object.GetUID()]
	if last.generation != object.GetGeneration() || last.deleting != deleting {
		if err := o.begin(ctx, object, deleting); err != nil {
			return 0, err
		}
		last = sight{object.GetGeneration(), deleting, time.Now(), false}
		o.seen[object.GetUID()] = last
	}
	if last.done {
		return 0, nil
	}
	if wait := time.Until(last.at.Add(o.Delay)); wait > 0 {
		return wait, nil
	}
	if err := o.finish(ctx, serverOf(object, operator), object); err != nil {
		return 0, err
	}
	last.done = true
	o.seen[object.GetUID()] = last
	return 0, nil
}

// begin holds an object and says that its reconciliation runs.
func (o *Operator) begin(ctx context.Context, object *unstructured.Unstructured, deleting bool) error {
	if deleting {
		return nil
	}
	if !slices.Contains(object.GetFinalizers(), finalizer) {
		if err := o.setFinalizers(ctx, object, append(object.GetFinalizers(), finalizer)); err != nil {
			return err
		}
	}
	return o.setStatus(ctx, object, running(object))
}

// finish makes the server, or removes it and lets the object go.
func (o *Operator) finish(ctx context.Context, made server, object *unstructured.Unstructured) error {
	if object.GetDeletionTimestamp() != nil {
		for _, gone := range made.objects() {
			err := o.Dynamic.Resource(resources[gone.GetKind()]).Namespace(made.namespace).Delete(ctx, gone.GetName(), metav1.DeleteOptions{})
			if err != nil && !apierrors.IsNotFound(err) {
				return fmt.Errorf("removing %s %s: %w", gone.GetKind(), gone.GetName(), err)
			}
		}
		left := slices.DeleteFunc(slices.Clone(object.GetFinalizers()), func(f string) bool { return f == finalizer })
		return o.setFinalizers(ctx, object, left)
	}
	for _, wanted := range made.objects() {
		if wanted.GetKind() == "Ingress" && !made.published() {
			continue
		}
		options := metav1.ApplyOptions{FieldManager: manager, Force: true}
		if _, err := o.Dynamic.Resource(resources[wanted.GetKind()]).Namespace(made.namespace).Apply(ctx, wanted.GetName(), wanted, options); err != nil {
			return fmt.Errorf("making %s %s: %w", wanted.GetKind(), wanted.GetName(), err)
		}
	}
	if !made.published() {
		err := o.Dynamic.Resource(resources["Ingress"]).Namespace(made.namespace).Delete(ctx, made.name, metav1.DeleteOptions{})
		if err != nil && !apierrors.IsNotFound(err) {
			return fmt.Errorf("removing Ingress %s: %w", made.name, err)
		}
	}
	return o.setStatus(ctx, object, finished(made))
}

func (o *Operator) setFinalizers(ctx context.Context, object *unstructured.Unstructured, finalizers []string) error {
	return o.patch(ctx, object, map[string]any{"metadata": map[string]any{"finalizers": finalizers, "resourceVersion": object.GetResourceVersion()}})
}

func (o *Operator) setStatus(ctx context.Context, object *unstructured.Unstructured, status map[string]any) error {
	return o.patch(ctx, object, map[string]any{"status": status}, "status")
}

// patch changes an object that may be gone in the meantime.
func (o *Operator) patch(ctx context.Context, object *unstructured.Unstructured, change map[string]any, subresources ...string) error {
	raw, err := json.Marshal(change)
	if err != nil {
		return err
	}
	kialis := o.Dynamic.Resource(Resource).Namespace(object.GetNamespace())
	_, err = kialis.Patch(ctx, object.GetName(), types.MergePatchType, raw, metav1.PatchOptions{FieldManager: manager}, subresources...)
	if apierrors.IsNotFound(err) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("changing Kiali %s/%s: %w", object.GetNamespace(), object.GetName(), err)
	}
	return nil
}
