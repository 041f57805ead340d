package charts

import (
	"fmt"
	"maps"
	"time"

	"sigs.k8s.io/yaml"
)

// indexOf writes the index.yaml of a classic repository (Helm: pkg/repo/index.go). The addresses in it are relative, so it is true under
// every prefix and host.
func indexOf(all []archive) ([]byte, error) {
	entries := map[string][]map[string]any{}
	for _, a := range all {
		entry := maps.Clone(a.metadata)
		entry["urls"] = []string{a.file()}
		entry["digest"] = a.digest
		entry["created"] = packed.Format(time.RFC3339)
		entries[a.name] = append(entries[a.name], entry)
	}
	index, err := yaml.Marshal(map[string]any{"apiVersion": "v1", "entries": entries, "generated": packed.Format(time.RFC3339)})
	if err != nil {
		return nil, fmt.Errorf("writing the chart index: %w", err)
	}
	return index, nil
}
