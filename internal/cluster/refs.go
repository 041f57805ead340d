package cluster

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"path"
	"slices"
	"strings"

	"github.com/dxlab/terraform-provider-lab/internal/component"
	"github.com/dxlab/terraform-provider-lab/internal/helm"
	"github.com/dxlab/terraform-provider-lab/internal/object"
)

// Helm's word for a release that is fine.
const statusDeployed = "deployed"

func namespaceRef(name string) object.Ref {
	return object.Ref{APIVersion: "v1", Kind: "Namespace", Name: name}
}

func refsOf(objects []object.Object) []object.Ref {
	refs := make([]object.Ref, 0, len(objects))
	for _, o := range objects {
		refs = append(refs, object.RefOf(o))
	}
	return refs
}

// knows reports whether refs has ref, whatever the version of its API.
func knows(refs []object.Ref, ref object.Ref) bool {
	return slices.ContainsFunc(refs, func(r object.Ref) bool { return key(r) == key(ref) })
}

// key names an object independently of the API version that it was read in.
func key(r object.Ref) string {
	return strings.Join([]string{r.Group(), r.Kind, r.Namespace, r.Name}, "/")
}

// mark is a short name of an object for private state, where hundreds of full names would be most of a state file.
// Two objects of one component with the same mark would only be looked at more often, since their versions differ.
func mark(r object.Ref) string {
	sum := sha256.Sum256([]byte(key(r)))
	return hex.EncodeToString(sum[:4])
}

func releaseKey(chart component.Chart) string { return chart.Namespace + "/" + chart.Release }

// chartRef says where a chart comes from. A repository that is no address is a directory of charts.
func chartRef(chart component.Chart) helm.ChartRef {
	ref := helm.ChartRef{Repository: chart.Repository, Name: chart.Name, Version: chart.Version, Digest: chart.Digest, Direct: chart.Direct}
	if ref.Repository != "" && !strings.Contains(ref.Repository, "://") {
		ref.Repository, ref.Name = "", path.Join(ref.Repository, ref.Name)
	}
	return ref
}

// chartName is the name that a release will call its chart: the last part of a path.
func chartName(chart component.Chart) string {
	if chart.Repository == "" {
		return path.Base(chart.Name)
	}
	return chart.Name
}

// plain brings values into the form in which JSON has them, so that two ways of writing them compare as equal.
func plain(values map[string]any) map[string]any {
	out := map[string]any{}
	raw, err := json.Marshal(values)
	if err == nil {
		err = json.Unmarshal(raw, &out)
	}
	if err != nil {
		return values
	}
	if out == nil {
		return map[string]any{} // a release without values has null for them
	}
	return out
}

// managedBy reports whether a field manager has set anything on a live object.
func managedBy(o object.Object, manager string) bool {
	return slices.Contains(managerNames(o), manager)
}

// managers names who made a live object, for messages.
func managers(o object.Object) string {
	names := managerNames(o)
	if len(names) == 0 {
		return "somebody unknown"
	}
	return strings.Join(names, ", ")
}

func managerNames(o object.Object) []string {
	var names []string
	for _, entry := range object.List(o, "metadata", "managedFields") {
		m, ok := entry.(map[string]any)
		if !ok || object.String(m, "subresource") != "" {
			continue
		}
		if name := object.String(m, "manager"); name != "" && !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}
