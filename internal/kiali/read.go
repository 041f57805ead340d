package kiali

import (
	"fmt"
	"maps"
	"reflect"

	"github.com/dxlab/terraform-provider-lab/internal/component"
	"github.com/dxlab/terraform-provider-lab/internal/object"
	"github.com/dxlab/terraform-provider-lab/internal/versions"
)

// Asked names what asks for a Kiali server, in whatever namespace.
func Asked() object.Ref { return object.Ref{APIVersion: apiVersion, Kind: kind, Name: name} }

// ReadInstall reads an installation back from a live Kiali object, in the words of the operator's chart of a version. What
// [Install] has no field for ends up in Spec, with null for what it would write and the object does not have. Links to
// Grafana have one address: another one for traces is in Spec.
func ReadInstall(o object.Object, version string) (Install, error) {
	ref := object.RefOf(o)
	if ref.Kind != kind || ref.Name != name {
		return Install{}, fmt.Errorf("reading an installation: %s is no %s %s", ref, kind, name)
	}
	parsed, err := versions.Parse(version)
	if err != nil {
		return Install{}, fmt.Errorf("reading %s: %w", ref, err)
	}
	r := reader{spec: object.Map(o, "spec"), known: keysOf(parsed)}
	i := Install{
		Chart: component.ChartOptions{Version: version}, InstanceNamespace: ref.Namespace,
		AuthStrategy: r.text("auth", "strategy"), ViewOnly: r.on("deployment", "view_only_mode"),
		CustomDashboards: r.on("external_services", "custom_dashboards", "enabled"),
		PrometheusURL:    r.text("external_services", "prometheus", "url"),
	}
	if mesh := r.text("istio_namespace"); mesh != ref.Namespace && !(settings{known: r.known}).current() {
		i.MeshNamespace = mesh
	}
	r.services(&i)
	// The rule of the Ingress leads to the port and the path in the rest of the spec, which so has to be known before.
	live, built := object.Copy(r.spec), i.merged(r.known)
	delete(object.Map(live, "deployment"), "ingress")
	delete(object.Map(built, "deployment"), "ingress")
	i.Spec = rest(built, live)
	i.Ingress = r.ingress()
	if more := rest(i.merged(r.known), r.spec); more != nil {
		i.Spec = component.MergeValues(i.Spec, more)
	}
	return i, nil
}

// reader takes settings from a live spec.
type reader struct {
	spec  map[string]any
	known keySet
}

func (r reader) text(path ...string) string { return object.String(r.spec, path...) }

func (r reader) on(path ...string) bool {
	v, _ := object.Lookup(r.spec, path...)
	return v == true
}

// services reads where Grafana and Tempo are.
func (r reader) services(i *Install) {
	inside, outside := settings{known: r.known}.addressKeys()
	if url := r.text("external_services", "grafana", inside); url != "" && r.on("external_services", "grafana", "enabled") {
		i.Grafana = &Grafana{URL: url, ExternalURL: r.text("external_services", "grafana", outside)}
	}
	url := r.text("external_services", "tracing", inside)
	if url == "" || !r.on("external_services", "tracing", "enabled") || r.text("external_services", "tracing", "provider") != "tempo" {
		return
	}
	i.Tempo = &Tempo{URL: url, GrafanaURL: r.text("external_services", "tracing", outside)}
	if i.Grafana != nil {
		i.Tempo.GrafanaURL = i.Grafana.ExternalURL
	}
	if i.Tempo.GrafanaURL != "" {
		i.Tempo.DatasourceUID = r.text("external_services", "tracing", "tempo_config", "datasource_uid")
	}
}

// ingress reads how the server is published; nil where that is not by a rule of ours.
func (r reader) ingress() *Ingress {
	live := object.Map(r.spec, "deployment", "ingress")
	rules := object.List(live, "override_yaml", "spec", "rules")
	if enabled, _ := object.Lookup(live, "enabled"); enabled != true || len(rules) != 1 {
		return nil
	}
	rule, _ := rules[0].(map[string]any)
	host := object.String(rule, "host")
	if host == "" {
		return nil
	}
	out := &Ingress{Host: host, ClassName: object.String(live, "override_yaml", "spec", "ingressClassName")}
	for key, value := range object.Map(live, "override_yaml", "metadata", "annotations") {
		if out.Annotations == nil {
			out.Annotations = map[string]string{}
		}
		out.Annotations[key] = fmt.Sprint(value)
	}
	return out
}

// rest is what has to be merged over built to get live; nil when they are the same.
func rest(built, live map[string]any) map[string]any {
	var out map[string]any
	put := func(key string, value any) {
		if out == nil {
			out = map[string]any{}
		}
		out[key] = value
	}
	all := maps.Clone(built)
	maps.Copy(all, live)
	for key := range all {
		have, is := live[key]
		below, isMap := have.(map[string]any)
		own, wasMap := built[key].(map[string]any)
		switch {
		case !is:
			put(key, nil)
		case isMap && wasMap:
			if more := rest(own, below); more != nil {
				put(key, more)
			}
		case !same(built[key], have):
			put(key, have)
		}
	}
	return out
}

// same compares as JSON does, in which a number is a number.
func same(a, b any) bool {
	var left, right map[string]any
	if object.Decode(map[string]any{"v": a}, &left) != nil || object.Decode(map[string]any{"v": b}, &right) != nil {
		return false
	}
	return reflect.DeepEqual(left, right)
}
