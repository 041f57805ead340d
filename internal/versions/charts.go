package versions

// Homes of the charts. An OCI path ends above the chart's name.
const (
	metallbRepository = "https://metallb.github.io/metallb"
	metallbOCI        = "oci://quay.io/metallb/chart" // metallb:.github/workflows/publish.yaml@v0.16.1
	istioRepository   = "https://istio-release.storage.googleapis.com/charts"
	istioOCI          = "oci://registry.istio.io/release/charts" // istio:manifests/charts/README.md@1.30.3
	ingressNginxHome  = "https://kubernetes.github.io/ingress-nginx"
	traefikHome       = "https://traefik.github.io/charts"
	traefikOCI        = "oci://ghcr.io/traefik/helm" // traefik-helm-chart:EXAMPLES.md@v41.3.0
	jetstack          = "https://charts.jetstack.io"
	jetstackOCI       = "oci://quay.io/jetstack/charts" // cert-manager:deploy/charts/cert-manager/README.template.md@v1.21.1
	openTelemetry     = "https://open-telemetry.github.io/opentelemetry-helm-charts"
	// The chart of Tempo moved on 2026-01-30; what was released before stays at the old place.
	grafana             = "https://grafana.github.io/helm-charts"
	grafanaCommunity    = "https://grafana-community.github.io/helm-charts"
	grafanaCommunityOCI = "oci://ghcr.io/grafana-community/helm-charts"
	prometheusCommunity = "https://prometheus-community.github.io/helm-charts"
	prometheusOCI       = "oci://ghcr.io/prometheus-community/charts"
	rancher             = "https://charts.rancher.io"
	kialiHome           = "https://kiali.org/helm-charts"
)

// Sources of the ranges. Istio publishes no upper end; its MinK8SVersion is a minor of Kubernetes 1.
const (
	istioSource       = "MinK8SVersion in istio:istioctl/pkg/install/k8sversion/version.go"
	certManagerSource = "supported releases in cert-manager:website/content/docs/releases/README.md"
	otelSource        = "compatibility matrix in opentelemetry-operator:docs/compatibility.md"
	nginxSource       = "supported versions in ingress-nginx:README.md"
	rancherSource     = "catalog.cattle.io/kube-version and the PodSecurityPolicies in rancher/charts:charts/rancher-monitoring/100.1.3+up19.0.3"
)

func kubeVersionOf(chart string) string { return "kubeVersion in the Chart.yaml of " + chart }

func metallb(version string) Chart {
	return Chart{
		Name: "metallb", Version: version, AppVersion: "v" + version,
		Repository: metallbRepository, OCI: metallbOCI,
		Kubernetes: ">= 1.19.0", Source: kubeVersionOf("metallb"),
	}
}

func istio(name, version, kubernetes string) Chart {
	return Chart{
		Name: name, Version: version, AppVersion: version,
		Repository: istioRepository, OCI: istioOCI,
		Kubernetes: kubernetes, Source: istioSource,
	}
}

func ingressNginx(version, app, tested string) Chart {
	return Chart{
		Name: "ingress-nginx", Version: version, AppVersion: app, Repository: ingressNginxHome,
		Kubernetes: ">= 1.21.0", Source: kubeVersionOf("ingress-nginx"), Tested: tested, TestedSource: nginxSource,
	}
}

func traefik(version, app string) Chart {
	return Chart{
		Name: "traefik", Version: version, AppVersion: app, Repository: traefikHome, OCI: traefikOCI,
		Kubernetes: ">= 1.25.0", Source: kubeVersionOf("traefik"),
	}
}

func certManager(version, kubernetes, tested string) Chart {
	return Chart{
		Name: "cert-manager", Version: version, AppVersion: version, Repository: jetstack, OCI: jetstackOCI,
		Kubernetes: kubernetes, Source: kubeVersionOf("cert-manager"), Tested: tested, TestedSource: certManagerSource,
	}
}

func otelOperator(version, app, tested string) Chart {
	return Chart{
		Name: "opentelemetry-operator", Version: version, AppVersion: app, Repository: openTelemetry,
		Kubernetes: ">= 1.19.0", Source: otelSource, Tested: tested, TestedSource: otelSource,
	}
}

func tempo(version, app, repository, kubernetes string) Chart {
	c := Chart{Name: "tempo", Version: version, AppVersion: app, Repository: repository, Kubernetes: kubernetes}
	if repository == grafanaCommunity {
		c.OCI = grafanaCommunityOCI
	}
	if kubernetes != "" {
		c.Source = kubeVersionOf("tempo")
	}
	return c
}

func kubePrometheusStack(version, app, kubernetes string) Chart {
	return Chart{
		Name: "kube-prometheus-stack", Version: version, AppVersion: app, Repository: prometheusCommunity, OCI: prometheusOCI,
		Kubernetes: kubernetes, Source: kubeVersionOf("kube-prometheus-stack"),
	}
}

func rancherMonitoring(name, version string) Chart {
	return Chart{
		Name: name, Version: version, AppVersion: "0.50.0", Repository: rancher,
		Kubernetes: ">= 1.16.0, < 1.25.0", Source: rancherSource,
	}
}

func kiali(version string) Chart {
	return Chart{Name: "kiali-operator", Version: version, AppVersion: "v" + version, Repository: kialiHome}
}
