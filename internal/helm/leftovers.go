package helm

import (
	"bytes"
	"fmt"
	"strings"

	"helm.sh/helm/v3/pkg/kube"
	"helm.sh/helm/v3/pkg/release"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/cli-runtime/pkg/resource"

	"github.com/dxlab/terraform-provider-lab/internal/object"
)

// Marks of ownership that Helm puts on every object of a release (pkg/action/validate.go), and the one that keeps an
// object when its release goes (pkg/kube/resource_policy.go).
const (
	ownerName      = "meta.helm.sh/release-name"
	ownerNamespace = "meta.helm.sh/release-namespace"
	resourcePolicy = "helm.sh/resource-policy"
)

// precious are kinds that take data or other objects with them when they go; leftovers of these stay.
var precious = map[string]bool{"CustomResourceDefinition": true, "Namespace": true, "PersistentVolumeClaim": true, "PersistentVolume": true}

// leftovers returns a manifest of the objects that failed revisions have and the release as it is now has not. Helm
// goes on from the last revision that was deployed, and forgets what failed ones have made since.
func leftovers(found []record, now *release.Release) ([]byte, error) {
	known := map[object.Ref]bool{}
	objects, err := parseManifest([]byte(now.Manifest), now.Namespace)
	if err != nil {
		return nil, err
	}
	for _, o := range objects {
		known[object.RefOf(o)] = true
	}
	var out bytes.Buffer
	for _, r := range found {
		if !r.Info.Status.IsPending() && r.Info.Status != release.StatusFailed {
			break
		}
		for _, doc := range splitManifest([]byte(r.Manifest)) {
			objects, err := parseManifest(doc, r.Namespace)
			if err != nil || len(objects) != 1 {
				continue // a list, or nothing that could have been made
			}
			if ref := object.RefOf(objects[0]); !known[ref] && !precious[ref.Kind] {
				known[ref] = true
				out.WriteString("---\n")
				out.Write(doc)
				out.WriteString("\n")
			}
		}
	}
	return out.Bytes(), nil
}

// clean deletes what failed revisions have left behind, as far as it still belongs to the release, and says what it
// was.
func (op *operation) clean(found []record, now *release.Release) (string, error) {
	manifest, err := leftovers(found, now)
	if err != nil || len(manifest) == 0 {
		return "", err
	}
	list, err := op.config.KubeClient.Build(bytes.NewReader(manifest), false)
	if err != nil {
		return "", fmt.Errorf("reading what failed revisions left behind: %w", err)
	}
	var ours kube.ResourceList
	var names []string
	for _, r := range list {
		owned, err := op.owns(r)
		if err != nil {
			return "", fmt.Errorf("looking for what failed revisions left behind: %w", err)
		}
		if owned {
			ours = append(ours, r)
			names = append(names, r.Mapping.GroupVersionKind.Kind+" "+r.Name)
		}
	}
	if len(ours) == 0 {
		return "", nil
	}
	if _, errs := op.config.KubeClient.Delete(ours); len(errs) > 0 {
		return "", fmt.Errorf("removing what failed revisions left behind: %w", severalErrors(errs))
	}
	return "; removed what it had left behind: " + strings.Join(names, ", "), nil
}

// owns reports whether an object is there, belongs to the release and need not be kept.
func (op *operation) owns(r *resource.Info) (bool, error) {
	err := r.Get()
	if apierrors.IsNotFound(err) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	live, err := meta.Accessor(r.Object)
	if err != nil {
		return false, err
	}
	marks := live.GetAnnotations()
	return marks[ownerName] == op.Release && marks[ownerNamespace] == op.Namespace && marks[resourcePolicy] != kube.KeepPolicy, nil
}
