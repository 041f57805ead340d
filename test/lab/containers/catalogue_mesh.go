package containers

// mesh is what requests go through: gateways and sidecars, and what leads a pod's connections to them.
func mesh() []recipe {
	const agent = "/usr/local/bin/pilot-agent" // istio:pilot/docker/Dockerfile.proxyv2@1.30.3; it starts as root, pods set another user
	return []recipe{{name: "proxyv2", program: standIns, entrypoint: []string{agent}, links: map[string]string{agent: standInsPath}}}
}
