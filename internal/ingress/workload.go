package ingress

import (
	"fmt"
	"slices"
	"strings"

	"github.com/dxlab/terraform-provider-lab/internal/object"
)

// workload is a Deployment or DaemonSet that runs an ingress controller.
type workload struct {
	ref          object.Ref
	kind         Kind
	program      string
	release      string
	withoutClass bool
	classes      []string
	hostPorts    bool
	labels       map[string]any
	pods         map[string]any
}

func (w workload) name() string { return w.ref.String() }

// controllersAmong picks the workloads that run a known program.
func controllersAmong(all []object.Object) []workload {
	var found []workload
	for _, o := range all {
		for _, c := range object.List(o, "spec", "template", "spec", "containers") {
			container, _ := c.(map[string]any)
			if w, ok := controllerIn(o, container); ok {
				found = append(found, w)
				break
			}
		}
	}
	return found
}

// controllerIn recognises a controller by its image, whose name even hardened and mirrored builds keep, and by what
// ingress-nginx is told on its command line.
func controllerIn(o object.Object, container map[string]any) (workload, bool) {
	w := workload{
		ref: object.RefOf(o), labels: object.Map(o, "metadata", "labels"), pods: object.Map(o, "spec", "template", "metadata", "labels"),
		hostPorts: takesHostPorts(o, container), release: helmReleaseOf(o),
	}
	image := object.String(container, "image")
	name := image[strings.LastIndex(image, "/")+1:]
	name, _, _ = strings.Cut(name, "@")
	name, _, _ = strings.Cut(name, ":")
	arguments := slices.Concat(object.List(container, "args"), object.List(container, "command"))
	switch {
	case slices.Contains(arguments, any("/nginx-ingress-controller")) || name == "nginx-ingress-controller":
		w.kind, w.program = Nginx, programNginx
	case name == "traefik" || name == "hardened-traefik" || strings.HasSuffix(name, "-traefik"):
		// Unless it is told to look for a class, it takes Ingresses that have none
		// (traefik:pkg/provider/kubernetes/ingress/kubernetes.go, shouldProcessIngress). RKE2's chart tells it so.
		w.kind, w.program, w.withoutClass = Traefik, programTraefik, true
	default:
		return workload{}, false
	}
	w.read(arguments)
	return w, true
}

// read takes over what the command line says of classes.
func (w *workload) read(arguments []any) {
	for _, a := range arguments {
		text, _ := a.(string)
		switch flag, value, _ := strings.Cut(text, "="); strings.ToLower(flag) {
		case "--controller-class":
			w.program = value
		case "--ingress-class":
			w.classes = append(w.classes, value)
		case "--providers.kubernetesingress.ingressclass":
			w.classes, w.withoutClass = append(w.classes, value), false
		case "--watch-ingress-without-class":
			w.withoutClass = value == "" || value == "true"
		}
	}
}

// takesHostPorts reports whether the container answers at port 80 or 443 of its node.
func takesHostPorts(o object.Object, container map[string]any) bool {
	onHost, _ := object.Lookup(o, "spec", "template", "spec", "hostNetwork")
	for _, p := range object.List(container, "ports") {
		port, _ := p.(map[string]any)
		for _, number := range []string{"80", "443"} {
			if textOf(port["hostPort"]) == number || (onHost == true && textOf(port["containerPort"]) == number) {
				return true
			}
		}
	}
	return false
}

// helmReleaseOf reads the annotations that Helm puts on everything it makes.
func helmReleaseOf(o object.Object) string {
	annotations := object.Map(o, "metadata", "annotations")
	name, namespace := object.String(annotations, "meta.helm.sh/release-name"), object.String(annotations, "meta.helm.sh/release-namespace")
	if name == "" {
		return ""
	}
	return namespace + "/" + name
}

// serving finds the workload of a class: of its program, and the best of several by what the command line and Helm's
// labels say.
func serving(class object.Object, c Controller, all []workload) (workload, bool) {
	best, score := -1, -1
	for i, w := range all {
		if w.program != c.Program {
			continue
		}
		points := 0
		if slices.Contains(w.classes, c.ClassName) {
			points += 2
		}
		if instance := object.String(class, "metadata", "labels", instanceLabel); instance != "" && instance == object.String(w.labels, instanceLabel) {
			points++
		}
		if len(w.classes) > 0 && !slices.Contains(w.classes, c.ClassName) && w.kind == Traefik {
			continue // it serves its own class alone
		}
		if points > score {
			best, score = i, points
		}
	}
	if best < 0 {
		return workload{}, false
	}
	return all[best], true
}

const instanceLabel = "app.kubernetes.io/instance"

// exposure finds how the workload is reached, and where.
func (w workload) exposure(seen Seen) (Exposure, []string) {
	if w.hostPorts {
		return HostPort, w.nodes(seen.Pods)
	}
	for _, s := range seen.Services {
		if object.RefOf(s).Namespace != w.ref.Namespace || object.String(s, "spec", "type") != "LoadBalancer" {
			continue
		}
		if selector := object.Map(s, "spec", "selector"); len(selector) > 0 && within(selector, w.pods) {
			return LoadBalancer, statusAddresses(s)
		}
	}
	return None, nil
}

// nodes lists the addresses of the nodes on which the workload's pods run.
func (w workload) nodes(pods []object.Object) []string {
	var addresses []string
	for _, p := range pods {
		ours := object.RefOf(p).Namespace == w.ref.Namespace && len(w.pods) > 0 && within(w.pods, object.Map(p, "metadata", "labels"))
		if !ours || object.String(p, "status", "phase") != "Running" || object.String(p, "metadata", "deletionTimestamp") != "" {
			continue
		}
		if address := object.String(p, "status", "hostIP"); address != "" {
			addresses = append(addresses, address)
		}
	}
	slices.Sort(addresses)
	return slices.Compact(addresses)
}

// statusAddresses reads status.loadBalancer.ingress of a Service or an Ingress.
func statusAddresses(o object.Object) []string {
	var addresses []string
	for _, i := range object.List(o, "status", "loadBalancer", "ingress") {
		entry, _ := i.(map[string]any)
		for _, field := range []string{"ip", "hostname"} {
			if text := object.String(entry, field); text != "" {
				addresses = append(addresses, text)
				break
			}
		}
	}
	slices.Sort(addresses)
	return slices.Compact(addresses)
}

// within reports whether all labels of some are among all.
func within(some, all map[string]any) bool {
	for k, v := range some {
		if all[k] != v {
			return false
		}
	}
	return true
}

// textOf writes a number of a decoded object; JSON has them as int64 or float64.
func textOf(v any) string {
	if v == nil {
		return ""
	}
	return fmt.Sprint(v)
}
