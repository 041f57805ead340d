package containers

import "os"

// tracing is what spans go through.
func tracing() []recipe {
	collector := goProgram{
		name: "collector", folder: "programs/collector", target: "/otelcol", tags: "grpcnotrace",
		what: "OpenTelemetry Collector", of: "go.opentelemetry.io/collector/otelcol",
	}
	// opentelemetry-collector-releases:distributions/otelcol{,-k8s,-contrib}/Dockerfile@v0.158.0
	image := func(name, binary string) recipe {
		r := recipe{name: name, program: collector, entrypoint: []string{binary}, user: "10001:10001"}
		if binary != collector.target {
			r.links = map[string]string{binary: collector.target}
		}
		return r
	}
	return []recipe{
		image("opentelemetry-collector", "/otelcol"),
		image("opentelemetry-collector-k8s", "/otelcol-k8s"),
		image("opentelemetry-collector-contrib", "/otelcol-contrib"),
		tempo(),
	}
}

// tempoVariable names a real Tempo, which cannot be built here: its module wants replaced dependencies.
const tempoVariable = "LAB_TEMPO_BIN"

// tempo is the real one that tempoVariable names, else the stand-in (tempo:cmd/tempo/Dockerfile@v2.10.8).
func tempo() recipe {
	const binary = "/tempo"
	image := recipe{name: "tempo", entrypoint: []string{binary}, user: "10001:10001", folders: []string{"/var/tempo"}}
	if path := os.Getenv(tempoVariable); path != "" {
		image.program = namedBinary{name: "Tempo", path: path, target: binary}
		return image
	}
	image.program, image.links = standIns, map[string]string{binary: standInsPath}
	return image
}
