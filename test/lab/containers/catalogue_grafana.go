package containers

// dashboards is what shows the rest, and what brings configuration to Grafana and Prometheus. Users are those of the images
// (grafana:Dockerfile@v13.2.0, k8s-sidecar:Dockerfile@2.10.1, prometheus-operator:cmd/prometheus-config-reloader/Dockerfile@v0.93.0). Rancher's
// pods of them stay simulated: they have an nginx with a configuration of its own in front, which nothing here stands in for.
func dashboards() []recipe {
	image := func(name, subcommand, user string) recipe {
		return recipe{name: name, program: standIns, entrypoint: run(subcommand), user: user}
	}
	reloader := image("prometheus-config-reloader", "prometheus-config-reloader", "65534")
	// The operator names the program, and not the image's entrypoint.
	reloader.links = map[string]string{"/bin/prometheus-config-reloader": standInsPath}
	return []recipe{
		image("grafana", "grafana", "472"), image("k8s-sidecar", "k8s-sidecar", "65534:65534"), reloader,
		image("tempo-query", "tempo-query", ""), // beside a Tempo of 2023
	}
}
