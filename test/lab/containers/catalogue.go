package containers

import "runtime"

// recipe is what an image is made of.
type recipe struct {
	name       string // the last component of its repository's name
	program    program
	entrypoint []string
	args       []string          // when a container has none of its own
	env        map[string]string // of the image, as upstream's sets it
	user       string            // "" for root
	workdir    string
	links      map[string]string // further names of programs, with what they lead to
	folders    []string          // that the user can write to, besides /tmp
}

// catalogue lists the images. Entrypoints, users and folders are those of upstream's images, because charts and operators give
// only arguments, and set users that have to read what is there.
func catalogue() []recipe {
	collector := goProgram{name: "collector", folder: "programs/collector", target: "/otelcol", tags: "grpcnotrace", what: "OpenTelemetry Collector", of: "go.opentelemetry.io/collector/otelcol"}
	prometheus := debianPackage{name: "prometheus", target: "/bin/prometheus", what: "Prometheus", folders: "/usr/share/prometheus"}
	images := []recipe{
		standIn("pause", "pause"),
		standIn("nginx", "nginx").withEnv("NGINX_VERSION", "1.27.5"),
		{
			// jaeger:examples/hotrod/Dockerfile@v1.76.0
			name: "example-hotrod", entrypoint: []string{"/go/bin/hotrod-linux"}, args: []string{"all"},
			program: goProgram{name: "hotrod", folder: "programs/hotrod", target: "/go/bin/hotrod-linux", what: "Jaeger's HotROD", of: "github.com/jaegertracing/jaeger"},
		},
	}
	// opentelemetry-collector-releases:distributions/otelcol{,-k8s,-contrib}/Dockerfile@v0.158.0
	for name, binary := range map[string]string{
		"opentelemetry-collector": "/otelcol", "opentelemetry-collector-k8s": "/otelcol-k8s", "opentelemetry-collector-contrib": "/otelcol-contrib",
	} {
		image := recipe{name: name, program: collector, entrypoint: []string{binary}, user: "10001:10001"}
		if binary != collector.target {
			image.links = map[string]string{binary: collector.target}
		}
		images = append(images, image)
	}
	// prometheus:Dockerfile@v2.42.0; Rancher's charts name the same image otherwise.
	for _, name := range []string{"prometheus", "mirrored-prometheus-prometheus"} {
		images = append(images, recipe{
			name: name, program: prometheus, entrypoint: []string{"/bin/prometheus"}, user: "nobody", workdir: "/prometheus",
			args:    []string{"--config.file=/etc/prometheus/prometheus.yml", "--storage.tsdb.path=/prometheus"},
			folders: []string{"/prometheus", "/etc/prometheus"},
		})
	}
	return images
}

const standInsPath = "/usr/local/bin/standins"

// standIn is an image in which a subcommand of the stand-ins' program is started.
func standIn(name, subcommand string) recipe {
	return recipe{name: name, program: standIns, entrypoint: []string{standInsPath, subcommand}}
}

func (r recipe) withEnv(name, value string) recipe {
	env := map[string]string{name: value}
	for known, value := range r.env {
		env[known] = value
	}
	r.env = env
	return r
}

var standIns = goProgram{name: "standins", folder: "standins", target: standInsPath, what: "stand-in"}

// platform of the images: that of the machine, whose processor runs them.
const platform = runtime.GOARCH
