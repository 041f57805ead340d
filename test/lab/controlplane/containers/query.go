package containers

import (
	"maps"
	"slices"
	"strconv"
	"strings"
)

// Query is the rule as a query of gojq over a pod, the form in which KWOK's stages choose their pods: it gives true for a real pod and
// nothing for a simulated one, so that the operator DoesNotExist means "simulated".
func (r *Rule) Query() string {
	if r == nil || len(r.names) == 0 {
		return "empty"
	}
	quoted := make([]string, 0, len(r.names))
	for _, name := range slices.Sorted(maps.Keys(r.names)) {
		quoted = append(quoted, strconv.Quote(name)+": true")
	}
	// An object as a set: a look-up costs the same for two names and for fifty.
	return `{` + strings.Join(quoted, ", ") + `} as $names | ` +
		`(if .metadata.annotations then .metadata.annotations | has("` + BehaviourAnnotation + `") else false end) as $asked | ` +
		`select($asked | not) | select((.spec.containers | length) > 0) | ` +
		`[.spec.containers[], .spec.initContainers[]?] | ` +
		`select(all((.image // "") | split("@")[0] // "" | split("/")[-1] // "" | split(":")[0] // "" | in($names))) | true`
}
