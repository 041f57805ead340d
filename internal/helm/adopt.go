package helm

import (
	"encoding/json"
	"fmt"
	"slices"

	"golang.org/x/sync/errgroup"
	"helm.sh/helm/v3/pkg/kube"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/cli-runtime/pkg/resource"

	labkube "github.com/dxlab/terraform-provider-lab/internal/kube"
)

// What Helm recognises an object of a release by (pkg/action/validate.go).
const (
	managedByLabel             = "app.kubernetes.io/managed-by"
	managedByHelm              = "Helm"
	releaseNameAnnotation      = "meta.helm.sh/release-name"
	releaseNamespaceAnnotation = "meta.helm.sh/release-namespace"
)

// owner is the release that what is built belongs to.
type owner struct{ release, namespace string }

// adoptDefinitions gives the CRDs of a manifest to the release, as far as they were applied from the crds/ folder of
// an older chart and belong to no release. Some charts move their CRDs from that folder into templates (Istio's base
// with 1.24.0), and Helm refuses to touch what it finds there and did not make. A CRD of somebody else is left to
// Helm's refusal.
func (c *cluster) adoptDefinitions(list kube.ResourceList) error {
	if c.owner == (owner{}) {
		return nil
	}
	var group errgroup.Group
	group.SetLimit(abreast)
	for _, r := range list {
		if r.Mapping.GroupVersionKind.Kind == "CustomResourceDefinition" {
			group.Go(func() error { return c.adoptDefinition(r) })
		}
	}
	return group.Wait()
}

func (c *cluster) adoptDefinition(r *resource.Info) error {
	helper := resource.NewHelper(r.Client, r.Mapping)
	live, err := helper.Get(r.Namespace, r.Name)
	if apierrors.IsNotFound(err) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("reading CustomResourceDefinition %s: %w", r.Name, err)
	}
	found, ok := live.(*unstructured.Unstructured)
	if !ok || !orphan(found) {
		return nil
	}
	patch, err := json.Marshal(map[string]any{"metadata": map[string]any{
		"labels":      map[string]string{managedByLabel: managedByHelm},
		"annotations": map[string]string{releaseNameAnnotation: c.owner.release, releaseNamespaceAnnotation: c.owner.namespace},
	}})
	if err != nil {
		return err
	}
	c.log("taking CustomResourceDefinition %s, which was applied from a chart's crds/ folder, into the release", r.Name)
	if _, err := helper.WithFieldManager(fieldManager).Patch(r.Namespace, r.Name, types.MergePatchType, patch, nil); err != nil {
		return fmt.Errorf("taking CustomResourceDefinition %s into the release: %w", r.Name, err)
	}
	return nil
}

// orphan reports whether we applied an object that no release has.
func orphan(o *unstructured.Unstructured) bool {
	if o.GetAnnotations()[releaseNameAnnotation] != "" || o.GetAnnotations()[releaseNamespaceAnnotation] != "" {
		return false
	}
	return slices.ContainsFunc(o.GetManagedFields(), func(m metav1.ManagedFieldsEntry) bool { return m.Manager == labkube.DefaultFieldManager })
}
