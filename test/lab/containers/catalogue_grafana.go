package containers

// dashboards is what shows the rest, and what brings configuration to Grafana and Prometheus. Users are those of the images
// (grafana:Dockerfile@v13.2.0, k8s-sidecar:Dockerfile@2.10.1, prometheus-operator:cmd/prometheus-config-reloader/Dockerfile@v0.93.0); Rancher's
// charts name the same images otherwise.
func dashboards() []recipe {
	image := func(name, subcommand, user string) recipe {
		return recipe{name: name, program: standIns, entrypoint: run(subcommand), user: user}
	}
	reloader := func(name string) recipe {
		r := image(name, "prometheus-config-reloader", "65534")
		// The operator names the program, and not the image's entrypoint.
		r.links = map[string]string{"/bin/prometheus-config-reloader": standInsPath}
		return r
	}
	return []recipe{
		image("grafana", "grafana", "472"),
		image("k8s-sidecar", "k8s-sidecar", "65534:65534"), image("mirrored-kiwigrid-k8s-sidecar", "k8s-sidecar", "65534:65534"),
		reloader("prometheus-config-reloader"), reloader("mirrored-prometheus-operator-prometheus-config-reloader"),
	}
}
