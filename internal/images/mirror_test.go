package images_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/dxlab/terraform-provider-lab/internal/images"
	"github.com/dxlab/terraform-provider-lab/internal/object"
)

const registry = "mirror.example:5000"

func TestMirror_MovesImages(t *testing.T) {
	t.Parallel()
	excepted := map[string]string{"quay.io": "other.example/quay", "quay.io/metallb/speaker": "", "docker.io/library/nginx": "team.example/web"}
	cases := map[string]struct {
		mirror     images.Mirror
		image, out string
	}{
		"host goes, path stays":       {images.Mirror{Registry: registry}, "quay.io/metallb/speaker:v0.16.1", "mirror.example:5000/metallb/speaker:v0.16.1"},
		"below a path":                {images.Mirror{Registry: registry + "/lab"}, "ghcr.io/a/b@sha256:00", "mirror.example:5000/lab/a/b@sha256:00"},
		"tag and digest":              {images.Mirror{Registry: registry}, "registry.k8s.io/x/y:v1@sha256:00", "mirror.example:5000/x/y:v1@sha256:00"},
		"of Docker's library":         {images.Mirror{Registry: registry}, "nginx:1.27.5", "mirror.example:5000/library/nginx:1.27.5"},
		"of Docker's hub":             {images.Mirror{Registry: registry}, "grafana/tempo:2.0.0", "mirror.example:5000/grafana/tempo:2.0.0"},
		"of the library, with host":   {images.Mirror{Registry: registry}, "docker.io/traefik:v3", "mirror.example:5000/library/traefik:v3"},
		"without tag":                 {images.Mirror{Registry: registry}, "docker.io/istio/pilot", "mirror.example:5000/istio/pilot"},
		"private registry":            {images.Mirror{Registry: registry}, "registry.corp:5000/app:1", "registry.corp:5000/app:1"},
		"there already":               {images.Mirror{Registry: registry}, registry + "/metallb/speaker:v1", registry + "/metallb/speaker:v1"},
		"no mirror":                   {images.Mirror{}, "nginx", "nginx"},
		"exception of a registry":     {images.Mirror{Registry: registry, Exceptions: excepted}, "quay.io/kiali/kiali:v1", "other.example/quay/kiali/kiali:v1"},
		"exception that leaves alone": {images.Mirror{Registry: registry, Exceptions: excepted}, "quay.io/metallb/speaker:v1", "quay.io/metallb/speaker:v1"},
		"exception of one image":      {images.Mirror{Registry: registry, Exceptions: excepted}, "nginx:1", "team.example/web:1"},
		"no exception by half a name": {images.Mirror{Registry: registry, Exceptions: excepted}, "quay.io/metallb/speaker2:v1", "other.example/quay/metallb/speaker2:v1"},
		"exceptions alone":            {images.Mirror{Exceptions: excepted}, "ghcr.io/a/b:1", "ghcr.io/a/b:1"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := c.mirror.Image(c.image); got != c.out {
				t.Errorf("got %s, want %s", got, c.out)
			}
		})
	}
}

func TestMirror_Values(t *testing.T) {
	t.Parallel()
	cases := map[string]struct {
		mirror         images.Mirror
		chart, version string
		given          map[string]any
		want           map[string]string
	}{
		"istio 1.17":  {images.Mirror{Registry: registry}, "istiod", "1.17.1", nil, map[string]string{"global.hub": registry + "/istio"}},
		"istio 1.30":  {images.Mirror{Registry: registry}, "istiod", "1.30.3", nil, map[string]string{"global.hub": registry + "/release"}},
		"ztunnel":     {images.Mirror{Registry: registry}, "ztunnel", "1.30.3", nil, map[string]string{"hub": registry + "/release"}},
		"tempo 1.0.0": {images.Mirror{Registry: registry}, "tempo", "1.0.0", nil, map[string]string{"tempo.repository": registry + "/grafana/tempo", "tempoQuery.repository": registry + "/grafana/tempo-query"}},
		"tempo 2.2.4": {images.Mirror{Registry: registry}, "tempo", "2.2.4", nil, map[string]string{"tempo.registry": registry, "tempoQuery.repository": registry + "/grafana/tempo-query"}},
		"traefik":     {images.Mirror{Registry: registry}, "traefik", "41.3.0", nil, map[string]string{"image.registry": registry + "/library"}},
		"kiali":       {images.Mirror{Registry: registry}, "kiali-operator", "2.29.0", nil, map[string]string{"image.repo": registry + "/kiali/kiali-operator", "allowAdHocKialiImage": "true"}},
		"rancher":     {images.Mirror{Registry: registry}, "rancher-monitoring", "100.1.3+up19.0.3", nil, map[string]string{"global.cattle.systemDefaultRegistry": registry}},
		"another path": {
			images.Mirror{Exceptions: map[string]string{"docker.io/grafana/tempo": "team.example/x/t"}},
			"tempo", "2.2.4", nil,
			map[string]string{"tempo.registry": "team.example", "tempo.repository": "x/t"},
		},
		"another image": {
			images.Mirror{Registry: registry},
			"opentelemetry-operator", "0.122.0",
			map[string]any{"manager": map[string]any{"collectorImage": map[string]any{"repository": "otel/opentelemetry-collector-contrib"}}},
			map[string]string{
				"manager.image.repository":          registry + "/open-telemetry/opentelemetry-operator/opentelemetry-operator",
				"manager.collectorImage.repository": registry + "/otel/opentelemetry-collector-contrib",
			},
		},
		"another image in two parts": {
			images.Mirror{Registry: registry},
			"tempo", "2.2.4",
			map[string]any{"tempo": map[string]any{"registry": "ghcr.io", "repository": "team/tempo"}},
			map[string]string{"tempo.registry": registry, "tempoQuery.repository": registry + "/grafana/tempo-query"},
		},
		"left alone": {
			images.Mirror{Registry: registry, Exceptions: map[string]string{"quay.io/kiali": ""}}, "kiali-operator", "2.29.0", nil, map[string]string{},
		},
		"unknown chart": {images.Mirror{Registry: registry}, "web", "1.0.0", nil, map[string]string{}},
		"no mirror":     {images.Mirror{}, "istiod", "1.30.3", nil, map[string]string{}},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if diff := cmp.Diff(c.want, c.mirror.Values(c.chart, c.version, c.given)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestNested_MakesValues(t *testing.T) {
	t.Parallel()
	got := images.Nested(map[string]string{"a.b.c": "x", "a.d": "true", "e": "y"})
	want := map[string]any{"a": map[string]any{"b": map[string]any{"c": "x"}, "d": true}, "e": "y"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func deployment(image string) object.Object {
	return object.Object{"apiVersion": "apps/v1", "kind": "Deployment", "spec": map[string]any{"template": map[string]any{"spec": map[string]any{
		"containers":     []any{map[string]any{"name": "a", "image": image}},
		"initContainers": []any{map[string]any{"name": "b", "image": "busybox:1"}},
	}}}}
}

func TestMirror_MovesObjects(t *testing.T) {
	t.Parallel()
	collector := object.Object{"kind": "OpenTelemetryCollector", "spec": map[string]any{"image": "ghcr.io/otel/c:1"}}
	kiali := object.Object{"kind": "Kiali"}
	plain := object.Object{"kind": "OpenTelemetryCollector", "spec": map[string]any{"mode": "deployment"}}
	objects := []object.Object{deployment("quay.io/x/y:1"), collector, kiali, plain}
	images.Mirror{Registry: registry}.Objects(objects)
	want := []string{registry + "/library/busybox:1", registry + "/otel/c:1", registry + "/x/y:1"}
	collector["apiVersion"] = "opentelemetry.io/v1beta1"
	if diff := cmp.Diff(want, images.Of(objects)); diff != "" {
		t.Error(diff)
	}
	if got := object.String(kiali, "spec", "deployment", "image_name"); got != registry+"/kiali/kiali" {
		t.Errorf("Kiali's image is %q", got)
	}
	if _, set := object.Lookup(plain, "spec", "image"); set {
		t.Error("a collector without an image got one")
	}
}

func TestOf_FindsWhatControllersAreToldOf(t *testing.T) {
	t.Parallel()
	operator := deployment("quay.io/operator:1")
	c := object.List(operator, "spec", "template", "spec", "containers")[0].(map[string]any)
	c["args"] = []any{
		"--collector-image=otel/c:2", "--prometheus-config-reloader=quay.io/r:3", "--acme-http01-solver-image=quay.io/s:4",
		"--alertmanager-default-base-image=quay.io/prometheus/alertmanager", "--image-pull-policy=Always", "--verbose",
	}
	c["env"] = []any{map[string]any{"name": "RELATED_IMAGE_server", "value": "quay.io/server:5"}, map[string]any{"name": "LOG", "value": "a/b:c"}}
	injector := object.Object{
		"apiVersion": "v1", "kind": "ConfigMap", "metadata": map[string]any{"name": "istio-sidecar-injector"},
		"data": map[string]any{"values": `{"global":{"hub":"docker.io/istio","tag":"1.17.1","proxy":{"image":"proxyv2"}}}`},
	}
	variant := object.Copy(injector)
	variant["data"] = map[string]any{"values": `{"global":{"hub":"docker.io/istio","tag":"1.30.3","variant":"distroless","proxy":{"image":"proxyv2"}}}`}
	got := images.Of([]object.Object{
		operator, injector, variant, deployment("auto"),
		{"apiVersion": "monitoring.coreos.com/v1", "kind": "Prometheus", "spec": map[string]any{"image": "quay.io/prometheus/prometheus:v3"}},
		{"apiVersion": "v1", "kind": "Pod", "spec": map[string]any{"containers": []any{map[string]any{"image": "nginx"}}}},
	})
	want := []string{
		"docker.io/istio/proxyv2:1.17.1", "docker.io/istio/proxyv2:1.30.3-distroless", "docker.io/library/busybox:1", "docker.io/library/nginx:latest", "docker.io/otel/c:2",
		"quay.io/operator:1", "quay.io/prometheus/prometheus:v3", "quay.io/r:3", "quay.io/s:4", "quay.io/server:5",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestOperands_NameKialisServer(t *testing.T) {
	t.Parallel()
	if diff := cmp.Diff([]string{"quay.io/kiali/kiali:v2.29.0"}, images.Operands("kiali-operator", "v2.29.0")); diff != "" {
		t.Error(diff)
	}
	if got := images.Operands("metallb", "v0.16.1"); got != nil {
		t.Errorf("got %v", got)
	}
}
