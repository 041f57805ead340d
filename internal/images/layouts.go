package images

import "slices"

// layouts are the image keys of the charts, oldest layout first. Sources are the charts' own values.yaml at the pinned
// versions; where a key came or went in between, the line says from when.
var layouts = map[string][]layout{
	"metallb": {
		{keys: slices.Concat(metallb, []key{whole("prometheus.rbacProxy.repository", "gcr.io/kubebuilder/kube-rbac-proxy")})},
		// The sub-chart frr-k8s came with 0.14.0.
		{0, 14, 0, slices.Concat(metallb, frrK8s, []key{whole("prometheus.rbacProxy.repository", "gcr.io/kubebuilder/kube-rbac-proxy")})},
		{0, 16, 0, slices.Concat(metallb, frrK8s)},
	},
	"istiod": {
		{keys: []key{whole("global.hub", "docker.io/istio")}},
		{1, 30, 0, []key{whole("global.hub", "registry.istio.io/release")}}, // releasenotes/notes/use-registry-istio-io.yaml
	},
	"cni": {
		{keys: []key{whole("global.hub", "docker.io/istio")}},
		{1, 30, 0, []key{whole("global.hub", "registry.istio.io/release")}},
	},
	"ztunnel": {
		{keys: []key{whole("hub", "docker.io/istio")}},
		{1, 30, 0, []key{whole("hub", "registry.istio.io/release")}},
	},
	"cert-manager": {
		{keys: slices.Concat(certManager, []key{whole("startupapicheck.image.repository", "quay.io/jetstack/cert-manager-ctl")})},
		{1, 14, 0, slices.Concat(certManager, []key{whole("startupapicheck.image.repository", "quay.io/jetstack/cert-manager-startupapicheck")})},
	},
	"opentelemetry-operator": {
		{keys: slices.Concat(otelOperator, []key{
			whole("manager.collectorImage.repository", "docker.io/otel/opentelemetry-collector-contrib"),
			whole("kubeRBACProxy.image.repository", "gcr.io/kubebuilder/kube-rbac-proxy"),
		})},
		// From 0.56.0 on the chart names no collector, from 0.89.0 on the one of the k8s distribution.
		{0, 56, 0, slices.Concat(otelOperator, []key{whole("kubeRBACProxy.image.repository", "quay.io/brancz/kube-rbac-proxy")})},
		{0, 89, 0, slices.Concat(otelOperator, otelCollector, []key{whole("kubeRBACProxy.image.repository", "quay.io/brancz/kube-rbac-proxy")})},
		{0, 110, 0, slices.Concat(otelOperator, otelCollector)}, // the proxy is gone
	},
	"tempo": {
		{keys: []key{whole("tempo.repository", "docker.io/grafana/tempo"), whole("tempoQuery.repository", "docker.io/grafana/tempo-query")}},
		{2, 0, 0, []key{repository("tempo", "docker.io/grafana/tempo"), whole("tempoQuery.repository", "docker.io/grafana/tempo-query")}},
	},
	"kube-prometheus-stack": {
		{keys: slices.Concat(prometheus, prometheusBelow54)},
		{54, 0, 0, slices.Concat(prometheus, prometheusFrom54)}, // Grafana's chart 7
	},
	"rancher-monitoring":     {{keys: rancher}},
	"rancher-monitoring-crd": {{keys: rancher}},
	"kiali-operator":         {{keys: kiali}},
	"ingress-nginx": {{keys: []key{
		split("controller.image", "image", "registry.k8s.io/ingress-nginx/controller", "ingress-nginx/controller"),
		split("controller.admissionWebhooks.patch.image", "image", "registry.k8s.io/ingress-nginx/kube-webhook-certgen", "ingress-nginx/kube-webhook-certgen"),
		split("defaultBackend.image", "image", "registry.k8s.io/defaultbackend-amd64", "defaultbackend-amd64"),
	}}},
	// The chart writes docker.io/traefik, which is docker.io/library/traefik to a registry.
	"traefik": {{keys: []key{split("image", "repository", "docker.io/library/traefik", "traefik")}}},
}

var metallb = []key{
	whole("controller.image.repository", "quay.io/metallb/controller"),
	whole("speaker.image.repository", "quay.io/metallb/speaker"),
	whole("speaker.frr.image.repository", "quay.io/frrouting/frr"),
}

var frrK8s = []key{
	whole("frr-k8s.frrk8s.image.repository", "quay.io/metallb/frr-k8s"),
	whole("frr-k8s.frrk8s.frr.image.repository", "quay.io/frrouting/frr"),
}

var certManager = []key{
	whole("image.repository", "quay.io/jetstack/cert-manager-controller"),
	whole("webhook.image.repository", "quay.io/jetstack/cert-manager-webhook"),
	whole("cainjector.image.repository", "quay.io/jetstack/cert-manager-cainjector"),
	whole("acmesolver.image.repository", "quay.io/jetstack/cert-manager-acmesolver"),
}

var otelOperator = []key{
	whole("manager.image.repository", "ghcr.io/open-telemetry/opentelemetry-operator/opentelemetry-operator"),
}

var otelCollector = []key{
	whole("manager.collectorImage.repository", "ghcr.io/open-telemetry/opentelemetry-collector-releases/opentelemetry-collector-k8s"),
}

var prometheus = []key{
	repository("alertmanager.alertmanagerSpec.image", "quay.io/prometheus/alertmanager"),
	repository("prometheusOperator.image", "quay.io/prometheus-operator/prometheus-operator"),
	repository("prometheusOperator.prometheusConfigReloader.image", "quay.io/prometheus-operator/prometheus-config-reloader"),
	repository("prometheusOperator.thanosImage", "quay.io/thanos/thanos"),
	repository("prometheus.prometheusSpec.image", "quay.io/prometheus/prometheus"),
	repository("thanosRuler.thanosRulerSpec.image", "quay.io/thanos/thanos"),
}

var prometheusBelow54 = []key{
	repository("prometheusOperator.admissionWebhooks.patch.image", "registry.k8s.io/ingress-nginx/kube-webhook-certgen"),
	whole("grafana.image.repository", "docker.io/grafana/grafana"),
	whole("grafana.sidecar.image.repository", "quay.io/kiwigrid/k8s-sidecar"),
	whole("grafana.downloadDashboardsImage.repository", "docker.io/curlimages/curl"),
	whole("grafana.initChownData.image.repository", "docker.io/library/busybox"),
	whole("kube-state-metrics.image.repository", "registry.k8s.io/kube-state-metrics/kube-state-metrics"),
	whole("prometheus-node-exporter.image.repository", "quay.io/prometheus/node-exporter"),
}

var prometheusFrom54 = []key{
	repository("grafana.image", "docker.io/grafana/grafana"),
	repository("grafana.sidecar.image", "quay.io/kiwigrid/k8s-sidecar"),
	repository("grafana.downloadDashboardsImage", "docker.io/curlimages/curl"),
	repository("grafana.initChownData.image", "docker.io/library/busybox"),
	repository("kube-state-metrics.image", "registry.k8s.io/kube-state-metrics/kube-state-metrics"),
	repository("prometheus-node-exporter.image", "quay.io/prometheus/node-exporter"),
	repository("prometheusOperator.admissionWebhooks.patch.image", "ghcr.io/jkroepke/kube-webhook-certgen"),
	repository("prometheusOperator.admissionWebhooks.deployment.image", "quay.io/prometheus-operator/admission-webhook"),
}

// rancher's charts put the registry before every image, whose names are those of rancher's own mirrors.
var rancher = []key{{registry: "global.cattle.systemDefaultRegistry", image: "docker.io/rancher", rest: "rancher"}}

// kiali's operator takes another server image than its own default from the Kiali object only when it is told that it
// may (kiali-operator: ALLOW_AD_HOC_KIALI_IMAGE).
var kiali = []key{
	whole("image.repo", "quay.io/kiali/kiali-operator"),
	{path: "allowAdHocKialiImage", image: kialiServer, flag: true},
}

const kialiServer = "quay.io/kiali/kiali"
