package istiomonitoring

import (
	"bytes"
	_ "embed"
	"encoding/json"
	"fmt"
	"path"
	"regexp"
	"slices"
	"strings"

	"sigs.k8s.io/yaml"

	"github.com/dxlab/terraform-provider-lab/internal/fault"
	"github.com/dxlab/terraform-provider-lab/internal/object"
)

// Dashboard is one dashboard of Grafana.
type Dashboard struct {
	// Group is the ConfigMap that it came in, empty for one that came alone.
	Group string
	// File is its name in the ConfigMap, "istio-mesh-dashboard.json".
	File string
	// Title and UID are what Grafana calls it; the uid may be empty.
	Title, UID string
	// JSON is its definition, without blanks. Its data source variable is left as it was.
	JSON []byte
}

//go:embed dashboards/mesh-overview.json
var overview []byte

// Overview is a small dashboard of our own: requests, errors and latencies by workload.
func Overview() Dashboard {
	own, err := readDashboard("lab-mesh-overview.json", overview)
	if err != nil {
		return Dashboard{} // it is checked by a test
	}
	return own
}

// Read finds the dashboards in a file: one as JSON, or ConfigMaps as YAML whose data has them, as Istio's
// samples/addons/grafana.yaml does. Other objects in the YAML are passed over. A file without dashboards, or with one
// that is none, is [fault.Invalid].
func Read(name string, content []byte) ([]Dashboard, error) {
	if trimmed := bytes.TrimSpace(content); bytes.HasPrefix(trimmed, []byte("{")) {
		d, err := readDashboard(path.Base(name), trimmed)
		if err != nil {
			return nil, err
		}
		return []Dashboard{d}, nil
	}
	var found []Dashboard
	for _, document := range documents(content) {
		var o object.Object
		if err := yaml.Unmarshal(document, &o); err != nil {
			return nil, fault.Newf(fault.Invalid, "%s: neither JSON nor YAML: %w", name, err)
		}
		more, err := ReadConfigMap(o)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		found = append(found, more...)
	}
	if len(found) == 0 {
		return nil, fault.Newf(fault.Invalid, "%s: there is no dashboard in it, neither as JSON nor in a ConfigMap", name)
	}
	return found, nil
}

// documents splits a YAML file.
func documents(content []byte) [][]byte {
	return bytes.Split(append([]byte("\n"), content...), []byte("\n---"))
}

// ReadConfigMap finds the dashboards in a ConfigMap; other objects have none.
func ReadConfigMap(o object.Object) ([]Dashboard, error) {
	ref := object.RefOf(o)
	if ref.Kind != "ConfigMap" {
		return nil, nil
	}
	data := object.Map(o, "data")
	var found []Dashboard
	for file, content := range data {
		text, ok := content.(string)
		if !ok || path.Ext(file) != ".json" {
			continue
		}
		d, err := readDashboard(file, []byte(text))
		if err != nil {
			return nil, fmt.Errorf("ConfigMap %s: %w", ref.Name, err)
		}
		d.Group = ref.Name
		found = append(found, d)
	}
	slices.SortFunc(found, func(a, b Dashboard) int { return strings.Compare(a.File, b.File) })
	return found, nil
}

// badKey is what the key of a ConfigMap cannot have.
var badKey = regexp.MustCompile(`[^-._a-zA-Z0-9]+`)

// readDashboard checks that a file is a dashboard of Grafana, which has a title and panels (rows before Grafana 5).
func readDashboard(file string, content []byte) (Dashboard, error) {
	var head struct {
		Title  string `json:"title"`
		UID    string `json:"uid"`
		Panels []any  `json:"panels"`
		Rows   []any  `json:"rows"`
	}
	if err := json.Unmarshal(content, &head); err != nil {
		return Dashboard{}, fault.Newf(fault.Invalid, "%s is not a dashboard: %w", file, err)
	}
	if head.Title == "" || (head.Panels == nil && head.Rows == nil) {
		return Dashboard{}, fault.Newf(fault.Invalid, "%s is not a dashboard: it has no title, or no panels", file)
	}
	var compact bytes.Buffer
	if err := json.Compact(&compact, content); err != nil {
		return Dashboard{}, fault.Newf(fault.Invalid, "%s is not a dashboard: %w", file, err)
	}
	file = badKey.ReplaceAllString(file, "-")
	if path.Ext(file) != ".json" {
		file += ".json" // Grafana looks at no other files
	}
	return Dashboard{File: file, Title: head.Title, UID: head.UID, JSON: compact.Bytes()}, nil
}
