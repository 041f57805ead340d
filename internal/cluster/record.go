package cluster

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"

	"github.com/dxlab/terraform-provider-lab/internal/component"
	"github.com/dxlab/terraform-provider-lab/internal/helm"
	"github.com/dxlab/terraform-provider-lab/internal/object"
)

// recordDrift compares a release's record with what is wanted. revision is the one that the last run left, or 0.
func recordDrift(chart component.Chart, r helm.Release, revision int) []string {
	name := "release " + releaseKey(chart)
	var lines []string
	if chart.Version != "" && r.Version != chart.Version {
		lines = append(lines, fmt.Sprintf("%s chart version: want %s, live %s", name, chart.Version, r.Version))
	}
	if r.Status != statusDeployed {
		line := fmt.Sprintf("%s status: want %s, live %s", name, statusDeployed, r.Status)
		if r.Description != "" {
			line += " (" + r.Description + ")"
		}
		lines = append(lines, line)
	}
	if revision != 0 && r.Revision != revision {
		lines = append(lines, fmt.Sprintf("%s revision: want %d, live %d: somebody else changed the release", name, revision, r.Revision))
	}
	return lines
}

// digest names the content of a wanted object in 12 hex digits. Secrets are covered by their keys alone, because a
// short hash of a short secret can be guessed, and because some charts make up new ones each time. A digested object
// has the same digest whether its data is at hand or sealed.
func digest(o object.Object) string {
	o = object.Seal(o)
	if o["kind"] == "Secret" && object.RefOf(o).Group() == "" {
		o = object.Copy(o)
		for _, part := range []string{"data", "stringData"} {
			if m := object.Map(o, part); m != nil {
				o[part] = sortedKeys(m)
			}
		}
	}
	raw, err := json.Marshal(o)
	if err != nil {
		return ""
	}
	sum := sha256.Sum256(raw)
	return hex.EncodeToString(sum[:6])
}

// textAt reads a dotted path whose numbers select elements of lists.
func textAt(o object.Object, dotted string) string {
	var at any = o
	for _, part := range strings.Split(dotted, ".") {
		switch v := at.(type) {
		case map[string]any:
			at = v[part]
		case []any:
			i, err := strconv.Atoi(part)
			if err != nil || i < 0 || i >= len(v) {
				return ""
			}
			at = v[i]
		default:
			return ""
		}
	}
	switch v := at.(type) {
	case nil, map[string]any, []any:
		return ""
	default:
		return fmt.Sprint(v)
	}
}
