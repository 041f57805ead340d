package containers

// monitoring is what looks at the rest.
func monitoring() []recipe {
	// prometheus:Dockerfile@v2.42.0; Rancher's charts name the same image otherwise.
	image := func(name string) recipe {
		return recipe{
			name: name, entrypoint: []string{"/bin/prometheus"}, user: "nobody", workdir: "/prometheus",
			program: debianPackage{name: "prometheus", target: "/bin/prometheus", what: "Prometheus", folders: "/usr/share/prometheus"},
			args:    []string{"--config.file=/etc/prometheus/prometheus.yml", "--storage.tsdb.path=/prometheus"},
			folders: []string{"/prometheus", "/etc/prometheus"},
		}
	}
	return []recipe{image("prometheus"), image("mirrored-prometheus-prometheus")}
}
