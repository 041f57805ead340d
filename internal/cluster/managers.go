package cluster

import (
	"strings"

	"github.com/dxlab/terraform-provider-lab/internal/kube"
	"github.com/dxlab/terraform-provider-lab/internal/object"
)

// managerOf names the field manager that set a live field last, other than Helm and ourselves; empty when the object
// does not tell. Elements of lists are matched as far as their name goes.
func managerOf(live object.Object, path []string) string {
	var newest, manager string
	for _, entry := range object.List(live, "metadata", "managedFields") {
		m, ok := entry.(map[string]any)
		if !ok {
			continue
		}
		name, when := object.String(m, "manager"), object.String(m, "time")
		if name == "helm" || name == kube.DefaultFieldManager || when < newest || !owns(object.Map(m, "fieldsV1"), path) {
			continue
		}
		newest, manager = when, name
	}
	return manager
}

func owns(fields map[string]any, path []string) bool {
	if len(path) == 0 {
		return true
	}
	if name, isElement := strings.CutPrefix(path[0], "["); isElement {
		name = strings.TrimSuffix(name, "]")
		for k, below := range fields {
			next, ok := below.(map[string]any)
			if ok && strings.HasPrefix(k, "k:") && strings.Contains(k, `"`+name+`"`) && owns(next, path[1:]) {
				return true
			}
		}
		return false
	}
	next, ok := fields["f:"+path[0]].(map[string]any)
	return ok && (len(next) == 0 || owns(next, path[1:]))
}
