package kiali

import (
	"fmt"
	"maps"
	"strings"

	"github.com/dxlab/terraform-provider-lab/internal/component"
	"github.com/dxlab/terraform-provider-lab/internal/fault"
	"github.com/dxlab/terraform-provider-lab/internal/object"
	"github.com/dxlab/terraform-provider-lab/internal/versions"
)

// What the operator sets when the Kiali object does not say (kiali-operator:roles/default/kiali-deploy/defaults/main.yml
// and tasks/main.yml, 1.64.0 to 2.29.0).
const (
	defaultPort    = 20001
	defaultWebRoot = "/kiali"
)

// settings build the spec of one version of the operator.
type settings struct {
	Install
	known keySet
	spec  map[string]any
}

// spec builds the spec of the Kiali object in the words of the version.
func (i Install) spec(version versions.Version) (map[string]any, error) {
	known := keysOf(version)
	if err := (settings{Install: i, known: known}).checkTempo(version); err != nil {
		return nil, err
	}
	spec := i.merged(known)
	return spec, known.check(spec, version)
}

// merged is the spec in the words of a version, with the user's own over it.
func (i Install) merged(known keySet) map[string]any {
	s := settings{Install: i, known: known, spec: map[string]any{}}
	s.access()
	s.services()
	spec := withoutNulls(component.MergeValues(s.spec, i.Spec))
	// The rule leads to the port and the path that the rest of the spec may have changed.
	if i.Ingress != nil {
		own := map[string]any{}
		object.Set(own, i.ingress(spec), "deployment", "ingress")
		spec = withoutNulls(component.MergeValues(component.MergeValues(spec, own), i.Spec))
	}
	return spec
}

func (s settings) set(value any, path ...string) { object.Set(s.spec, value, path...) }

// access is who sees what.
func (s settings) access() {
	strategy := s.AuthStrategy
	if strategy == "" {
		strategy = "anonymous"
	}
	s.set(strategy, "auth", "strategy")
	s.set(s.ViewOnly, "deployment", "view_only_mode")
	s.set(map[string]any{"enabled": false}, "deployment", "ingress")
	mesh := s.MeshNamespace
	if mesh == "" {
		mesh = s.instanceNamespace()
	}
	if s.current() {
		s.set(true, "deployment", "cluster_wide_access")
		return
	}
	// From 2.0 on the server finds the control plane by itself.
	s.set(mesh, "istio_namespace")
	// The operator's own list wants an egress gateway as well.
	s.set(map[string]any{
		"enabled": true,
		"components": []any{map[string]any{
			"app_label": "istiod", "is_core": true, "is_proxy": false, "namespace": mesh,
		}},
	}, "external_services", "istio", "component_status")
}

// current tells the generation of Kiali 2 from the one before: addresses are internal_url and external_url since 2.0,
// in_cluster_url and url before.
func (s settings) current() bool { return s.known.has("external_services", "tracing", "internal_url") }

// services is where Kiali gets its data. What there is none of is switched off: the operator would guess an address
// beside istiod and the server would complain.
func (s settings) services() {
	s.set(s.CustomDashboards, "external_services", "custom_dashboards", "enabled")
	if s.PrometheusURL != "" {
		s.set(s.PrometheusURL, "external_services", "prometheus", "url")
	}
	s.set(s.Grafana != nil, "external_services", "grafana", "enabled")
	if s.Grafana != nil {
		s.addresses("grafana", s.Grafana.URL, s.Grafana.ExternalURL)
	}
	s.set(s.Tempo != nil, "external_services", "tracing", "enabled")
	if s.Tempo == nil {
		return
	}
	s.set("tempo", "external_services", "tracing", "provider")
	// Tempo's own API is HTTP; the gRPC that Kiali would prefer is a second port that charts do not publish.
	s.set(false, "external_services", "tracing", "use_grpc")
	s.addresses("tracing", s.Tempo.URL, s.Tempo.GrafanaURL)
	if s.Tempo.GrafanaURL == "" {
		return
	}
	// A link to a trace leads to Grafana, which Tempo has no pages beside. Its first organisation has the number 1.
	s.set(map[string]any{"org_id": "1", "datasource_uid": s.Tempo.DatasourceUID}, "external_services", "tracing", "tempo_config")
	if s.known.has("external_services", "tracing", "tempo_config", "url_format") {
		s.set("grafana", "external_services", "tracing", "tempo_config", "url_format")
	}
}

func (s settings) addresses(service, internal, external string) {
	inside, outside := s.addressKeys()
	s.set(internal, "external_services", service, inside)
	if external != "" {
		s.set(external, "external_services", service, outside)
	}
}

// addressKeys are how the version calls the addresses of a service for Kiali and for its users.
func (s settings) addressKeys() (inside, outside string) {
	if s.current() {
		return "internal_url", "external_url"
	}
	return "in_cluster_url", "url"
}

// checkTempo knows that Kiali reads Tempo since 1.75, and can link to Grafana since 1.82.
func (s settings) checkTempo(version versions.Version) error {
	switch {
	case s.Tempo == nil:
	case !s.known.has("external_services", "tracing", "provider"):
		return fault.Newf(fault.Invalid, "kiali %s reads no traces from Tempo, which it does since 1.75; leave tempo_url out", version)
	case s.Tempo.GrafanaURL != "" && !s.known.has("external_services", "tracing", "tempo_config"):
		return fault.Newf(fault.Invalid, "kiali %s cannot link to traces in Grafana, which it does since 1.82; leave tempo_url out", version)
	}
	return nil
}

// ingress publishes the server by a rule of our own: the operator's has no class but nginx by default, and it reads
// class_name only where the spec is its own (roles/default/kiali-deploy/templates/kubernetes/ingress.yaml).
func (i Install) ingress(spec map[string]any) map[string]any {
	server := i.server(object.Object{"spec": spec})
	path := map[string]any{
		"path": webRoot(spec), "pathType": "Prefix",
		"backend": map[string]any{"service": map[string]any{"name": server.Name, "port": map[string]any{"number": port(spec)}}},
	}
	if path["path"] == "" {
		path["path"] = "/"
	}
	rules := map[string]any{"rules": []any{map[string]any{"host": i.Ingress.Host, "http": map[string]any{"paths": []any{path}}}}}
	out := map[string]any{"enabled": true, "override_yaml": map[string]any{"spec": rules}}
	if i.Ingress.ClassName != "" {
		rules["ingressClassName"] = i.Ingress.ClassName
		out["class_name"] = i.Ingress.ClassName
	}
	if len(i.Ingress.Annotations) > 0 {
		annotations := map[string]any{}
		for k, v := range i.Ingress.Annotations {
			annotations[k] = v
		}
		object.Set(out, annotations, "override_yaml", "metadata", "annotations")
	}
	return out
}

// webRoot is the path of the server without a slash at its end.
func webRoot(spec map[string]any) string {
	root := object.String(spec, "server", "web_root")
	if root == "" {
		root = defaultWebRoot
	}
	return strings.TrimSuffix(root, "/")
}

func port(spec map[string]any) int64 {
	v, _ := object.Lookup(spec, "server", "port")
	switch number := v.(type) {
	case int64:
		return number
	case float64:
		return int64(number)
	}
	return defaultPort
}

// withoutNulls leaves out what is null: the way to take a setting out of ours.
func withoutNulls(values map[string]any) map[string]any {
	out := maps.Clone(values)
	for key, value := range values {
		switch below := value.(type) {
		case nil:
			delete(out, key)
		case map[string]any:
			out[key] = withoutNulls(below)
		}
	}
	return out
}

// check refuses keys that the operator would drop or ignore without a word. Versions newer than the list are left to
// the API server, which knows their schema.
func (k keySet) check(spec map[string]any, version versions.Version) error {
	if k.newer {
		return nil
	}
	unknown := k.unknown(spec, nil)
	if len(unknown) == 0 {
		return nil
	}
	return fault.Newf(fault.Invalid, "spec: kiali %s does not know %s", version, strings.Join(unknown, ", nor "))
}

// hint says where a key is and which one it may be meant to be.
func hint(path []string, key, nearest string) string {
	text := fmt.Sprintf("%q", strings.Join(append(path[:len(path):len(path)], key), "."))
	if nearest != "" {
		text += fmt.Sprintf(" (did you mean %q?)", nearest)
	}
	return text
}
