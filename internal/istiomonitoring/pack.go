package istiomonitoring

import (
	"cmp"
	"slices"
	"strconv"

	"github.com/dxlab/terraform-provider-lab/internal/fault"
	"github.com/dxlab/terraform-provider-lab/internal/object"
)

const (
	// configMapLimit is the API server's, for all data of one ConfigMap (kubernetes:pkg/apis/core/validation, MaxSecretSize).
	configMapLimit = 1 << 20
	// comfortable is what we fill a ConfigMap with before another one is begun.
	comfortable = 900 << 10
	// DefaultConfigMap is the name of the ConfigMap of dashboards that came alone.
	DefaultConfigMap = "istio-dashboards"
)

// Labels of the ConfigMaps: Grafana's sidecar looks for the first, an import for the second.
const (
	dashboardLabel = "grafana_dashboard"
	PartOfLabel    = "lab.dxlab.io/part-of"
	PartOf         = "istio-monitoring"
)

// Pack puts dashboards into ConfigMaps of a namespace: those of a group together, as many ConfigMaps as their size
// needs. Two dashboards with one uid or in one file are [fault.Invalid], because Grafana would show one of them, as is
// one that fits into no ConfigMap.
func Pack(namespace string, dashboards []Dashboard) ([]object.Object, error) {
	if err := distinct(dashboards); err != nil {
		return nil, err
	}
	groups := map[string][]Dashboard{}
	var names []string
	for _, d := range dashboards {
		name := cmp.Or(d.Group, DefaultConfigMap)
		if groups[name] == nil {
			names = append(names, name)
		}
		groups[name] = append(groups[name], d)
	}
	slices.Sort(names)
	var packed []object.Object
	for _, name := range names {
		parts, err := split(groups[name])
		if err != nil {
			return nil, err
		}
		for i, part := range parts {
			full := name
			if len(parts) > 1 {
				full += "-" + strconv.Itoa(i+1)
			}
			packed = append(packed, configMap(namespace, full, part))
		}
	}
	return packed, nil
}

// Sealed stands for a ConfigMap of dashboards whose content is not at hand, only its digest.
func Sealed(namespace, name, digest string) object.Object {
	o := configMap(namespace, name, nil)
	delete(o, "data")
	object.Set(o, digest, "metadata", "annotations", object.ContentAnnotation)
	return o
}

func distinct(dashboards []Dashboard) error {
	files, uids := map[string]Dashboard{}, map[string]Dashboard{}
	for _, d := range dashboards {
		if other, twice := files[d.File]; twice {
			return fault.Newf(fault.Invalid, "two dashboards come as %s: %q and %q; Grafana would show one of them", d.File, other.Title, d.Title)
		}
		if other, twice := uids[d.UID]; twice && d.UID != "" {
			return fault.Newf(fault.Invalid, "dashboards %s and %s have the same uid %s; Grafana would show one of them", other.File, d.File, d.UID)
		}
		files[d.File], uids[d.UID] = d, d
	}
	return nil
}

// split fills one ConfigMap after the other, in the order of the file names.
func split(dashboards []Dashboard) ([][]Dashboard, error) {
	slices.SortFunc(dashboards, func(a, b Dashboard) int { return cmp.Compare(a.File, b.File) })
	var parts [][]Dashboard
	size := comfortable
	for _, d := range dashboards {
		if len(d.JSON)+len(d.File) > configMapLimit {
			return nil, fault.Newf(fault.Invalid, "dashboard %s has %d KiB, a ConfigMap takes %d KiB", d.File, len(d.JSON)>>10, configMapLimit>>10)
		}
		if size+len(d.JSON) > comfortable {
			parts, size = append(parts, nil), 0
		}
		parts[len(parts)-1] = append(parts[len(parts)-1], d)
		size += len(d.JSON)
	}
	return parts, nil
}

func configMap(namespace, name string, dashboards []Dashboard) object.Object {
	o := object.New(object.Ref{APIVersion: "v1", Kind: "ConfigMap", Namespace: namespace, Name: name})
	object.Set(o, map[string]any{dashboardLabel: "1", PartOfLabel: PartOf}, "metadata", "labels")
	data := map[string]any{}
	for _, d := range dashboards {
		data[d.File] = string(d.JSON)
	}
	o["data"] = data
	return object.Digested(o)
}

// Digests maps the names of ConfigMaps, as [Pack] makes them, to the digests of their content.
func Digests(configMaps []object.Object) map[string]string {
	digests := map[string]string{}
	for _, o := range configMaps {
		digests[object.RefOf(o).Name] = object.String(o, "metadata", "annotations", object.ContentAnnotation)
	}
	return digests
}

// Titles maps file names to what Grafana calls the dashboards.
func Titles(dashboards []Dashboard) map[string]string {
	titles := map[string]string{}
	for _, d := range dashboards {
		titles[d.File] = d.Title
	}
	return titles
}
