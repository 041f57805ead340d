package containers

// samples are the applications that show a lab to be alive.
func samples() []recipe {
	images := []recipe{
		{name: "nginx", program: standIns, entrypoint: run("nginx"), env: map[string]string{"NGINX_VERSION": "1.27.5"}},
		{
			// jaeger:examples/hotrod/Dockerfile@v1.76.0
			name: "example-hotrod", entrypoint: []string{"/go/bin/hotrod-linux"}, args: []string{"all"},
			program: goProgram{
				name: "hotrod", folder: "programs/hotrod", target: "/go/bin/hotrod-linux", what: "Jaeger's HotROD", of: "github.com/jaegertracing/jaeger",
			},
		},
	}
	return append(images, bookinfo()...)
}

// bookinfo is what its versions differ in (istio:samples/bookinfo/src/docker-bake.hcl, src/*/Dockerfile@1.30.3).
func bookinfo() []recipe {
	image := func(service, version string, env map[string]string) recipe {
		all := map[string]string{"SERVICE_VERSION": version}
		for name, value := range env {
			all[name] = value
		}
		return recipe{
			name: "examples-bookinfo-" + service + "-" + version, program: standIns, entrypoint: run("bookinfo", service), env: all, user: "1000",
		}
	}
	return []recipe{
		image("productpage", "v1", map[string]string{"FLOOD_FACTOR": "0"}),
		image("details", "v1", nil),
		image("ratings", "v1", nil),
		image("reviews", "v1", map[string]string{"ENABLE_RATINGS": "false", "STAR_COLOR": "black"}),
		image("reviews", "v2", map[string]string{"ENABLE_RATINGS": "true", "STAR_COLOR": "black"}),
		image("reviews", "v3", map[string]string{"ENABLE_RATINGS": "true", "STAR_COLOR": "red"}),
	}
}
