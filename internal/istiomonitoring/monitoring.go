// Package istiomonitoring knows how Prometheus and Grafana learn of a mesh: the monitors that make the sidecars and
// istiod be scraped, and dashboards as ConfigMaps that Grafana's sidecar picks up.
package istiomonitoring

import (
	"fmt"
	"maps"

	"github.com/dxlab/terraform-provider-lab/internal/component"
	"github.com/dxlab/terraform-provider-lab/internal/fault"
	"github.com/dxlab/terraform-provider-lab/internal/object"
)

// DefaultNamespace is where the mesh is.
const DefaultNamespace = "istio-system"

// Form is how the sidecars' addresses are made of what Prometheus discovers.
type Form string

// The forms (istio:samples/addons/extras/prometheus-operator.yaml).
const (
	// FormCurrent joins the pod's address and its port annotation, IPv6 included, and names the pod "pod", as in Istio 1.30.
	FormCurrent Form = "current"
	// FormSeed2023 is that of Istio 1.16 and 1.17. It rewrites the discovered address and names the pod "pod_name".
	FormSeed2023 Form = "seed-2023"
)

// Names of the monitors.
const (
	podMonitor     = "envoy-stats-monitor"
	serviceMonitor = "istio-component-monitor"
	monitoringAPI  = "monitoring.coreos.com/v1"
	broughtBy      = "lab_monitoring"
)

// defaultInterval is upstream's.
const defaultInterval = "15s"

// Monitoring is the monitors and dashboards of a mesh. The zero value is both monitors in istio-system and no
// dashboard.
type Monitoring struct {
	// Namespace of all objects; empty is istio-system. It must be there.
	Namespace string
	// NoMonitors leaves the monitors out.
	NoMonitors bool
	// Form of the PodMonitor; empty is FormCurrent.
	Form Form
	// Interval of scrapes; empty is 15s.
	Interval string
	// Labels are added to the monitors, for a Prometheus that selects them by label.
	Labels map[string]string
	// ConfigMaps are the dashboards, as Pack makes them, with or without their data.
	ConfigMaps []object.Object
}

// Component builds the objects. With neither monitors nor dashboards it is [fault.Invalid].
func (m Monitoring) Component() (component.Component, error) {
	m = m.filled()
	c := component.Component{Name: "istio monitoring"}
	if !m.NoMonitors {
		for _, kind := range []string{"PodMonitor", "ServiceMonitor"} {
			c.Requires = append(c.Requires, component.Requirement{APIVersion: monitoringAPI, Kind: kind, BroughtBy: broughtBy})
		}
		c.Objects = append(c.Objects, m.pods(), m.services())
	}
	c.Objects = append(c.Objects, m.ConfigMaps...)
	if len(c.Objects) == 0 {
		return component.Component{}, fault.Newf(fault.Invalid, "istio monitoring: there are neither monitors nor dashboards to make")
	}
	for _, o := range c.Objects {
		ref := object.RefOf(o)
		c.Ready = append(c.Ready, component.Condition{Name: ref.String() + " exists", Ref: ref, Check: component.Check{Kind: component.Exists}})
	}
	return c, nil
}

func (m Monitoring) filled() Monitoring {
	if m.Namespace == "" {
		m.Namespace = DefaultNamespace
	}
	if m.Form == "" {
		m.Form = FormCurrent
	}
	if m.Interval == "" {
		m.Interval = defaultInterval
	}
	return m
}

// monitor makes one monitor with upstream's labels and the user's.
func (m Monitoring) monitor(kind, name, what string, spec map[string]any) object.Object {
	o := object.New(object.Ref{APIVersion: monitoringAPI, Kind: kind, Namespace: m.Namespace, Name: name})
	labels := map[string]any{"monitoring": what, "release": "istio"}
	for k, v := range m.Labels {
		labels[k] = v
	}
	object.Set(o, labels, "metadata", "labels")
	o["spec"] = spec
	return o
}

// services finds istiod by its label istio=pilot.
func (m Monitoring) services() object.Object {
	return m.monitor("ServiceMonitor", serviceMonitor, "istio-components", map[string]any{
		"jobLabel": "istio", "targetLabels": []any{"app"}, "namespaceSelector": map[string]any{"any": true},
		"selector":  map[string]any{"matchExpressions": []any{map[string]any{"key": "istio", "operator": "In", "values": []any{"pilot"}}}},
		"endpoints": []any{map[string]any{"port": "http-monitoring", "interval": m.Interval}},
	})
}

// pods finds the sidecars, which may be containers or init containers: Prometheus discovers both.
func (m Monitoring) pods() object.Object {
	return m.monitor("PodMonitor", podMonitor, "istio-proxies", map[string]any{
		"jobLabel": "envoy-stats", "namespaceSelector": map[string]any{"any": true},
		"selector": map[string]any{"matchExpressions": []any{map[string]any{"key": "istio-prometheus-ignore", "operator": "DoesNotExist"}}},
		"podMetricsEndpoints": []any{map[string]any{
			"path": "/stats/prometheus", "interval": m.Interval, "relabelings": m.relabelings(),
		}},
	})
}

const (
	portAnnotation = "__meta_kubernetes_pod_annotation_prometheus_io_port"
	podIP          = "__meta_kubernetes_pod_ip"
	address        = "__address__"
)

func (m Monitoring) relabelings() []any {
	rules := []any{
		rule("keep", "istio-proxy", "", "", "__meta_kubernetes_pod_container_name"),
		rule("keep", "", "", "", "__meta_kubernetes_pod_annotationpresent_prometheus_io_scrape"),
	}
	pod := "pod"
	if m.Form == FormSeed2023 {
		pod = "pod_name"
		rules = append(rules, rule("replace", `([^:]+)(?::\d+)?;(\d+)`, "$1:$2", address, address, portAnnotation))
	} else {
		rules = append(rules,
			rule("replace", `(\d+);(([A-Fa-f0-9]{1,4}::?){1,7}[A-Fa-f0-9]{1,4})`, "[$2]:$1", address, portAnnotation, podIP),
			rule("replace", `(\d+);((([0-9]+?)(\.|$)){4})`, "$2:$1", address, portAnnotation, podIP))
	}
	return append(rules,
		rule("labeldrop", "__meta_kubernetes_pod_label_(.+)", "", ""),
		rule("replace", "", "", "namespace", "__meta_kubernetes_namespace"),
		rule("replace", "", "", pod, "__meta_kubernetes_pod_name"))
}

// rule writes one relabeling; what is empty is left to Prometheus' default.
func rule(action, regex, replacement, target string, sources ...string) map[string]any {
	out := map[string]any{"action": action}
	texts := map[string]string{"regex": regex, "replacement": replacement, "targetLabel": target}
	maps.DeleteFunc(texts, func(_, v string) bool { return v == "" })
	for k, v := range texts {
		out[k] = v
	}
	if len(sources) > 0 {
		list := make([]any, 0, len(sources))
		for _, s := range sources {
			list = append(list, s)
		}
		out["sourceLabels"] = list
	}
	return out
}

// ReadMonitors is the inverse of the monitors' part of [Monitoring.Component], with live objects in any order.
func ReadMonitors(objects ...object.Object) (Monitoring, error) {
	m := Monitoring{NoMonitors: true}
	for _, o := range objects {
		if object.RefOf(o).Kind != "PodMonitor" {
			continue
		}
		var live struct {
			Metadata struct {
				Namespace string            `json:"namespace"`
				Labels    map[string]string `json:"labels"`
			} `json:"metadata"`
			Spec struct {
				Endpoints []struct {
					Interval    string `json:"interval"`
					Relabelings []struct {
						Target string `json:"targetLabel"`
					} `json:"relabelings"`
				} `json:"podMetricsEndpoints"`
			} `json:"spec"`
		}
		if err := object.Decode(o, &live); err != nil {
			return Monitoring{}, fmt.Errorf("%s: %w", object.RefOf(o), err)
		}
		m.NoMonitors, m.Namespace, m.Form = false, live.Metadata.Namespace, FormCurrent
		m.Labels = live.Metadata.Labels
		delete(m.Labels, "monitoring")
		if m.Labels["release"] == "istio" {
			delete(m.Labels, "release")
		}
		for _, e := range live.Spec.Endpoints {
			m.Interval = e.Interval
			for _, r := range e.Relabelings {
				if r.Target == "pod_name" {
					m.Form = FormSeed2023
				}
			}
		}
	}
	return m, nil
}
