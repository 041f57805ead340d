package containers

// monitoring is what looks at the rest.
func monitoring() []recipe {
	// Prometheus finds pods by Kubernetes alone here: the clouds' ways of discovery are most of its code. The distribution's package would
	// be no help, it is built without Kubernetes'. Release 3.14.0 is module version 0.314.0.
	prometheus := goProgram{
		name: "prometheus", folder: "programs/prometheus", command: "github.com/prometheus/prometheus/cmd/prometheus", target: "/bin/prometheus",
		tags: "remove_all_sd,enable_kubernetes_sd,netgo", stamps: "-X github.com/prometheus/common/version.Version=3.14.0",
		what: "Prometheus 3.14.0, module", of: "github.com/prometheus/prometheus",
	}
	// prometheus:Dockerfile@v3.14.0; Rancher's charts name the same image otherwise.
	image := func(name string) recipe {
		return recipe{
			name: name, program: prometheus, entrypoint: []string{"/bin/prometheus"}, user: "nobody", workdir: "/prometheus",
			args:    []string{"--config.file=/etc/prometheus/prometheus.yml", "--storage.tsdb.path=/prometheus"},
			folders: []string{"/prometheus", "/etc/prometheus"},
		}
	}
	return []recipe{image("prometheus"), image("mirrored-prometheus-prometheus")}
}
