package ingress

import (
	"cmp"
	"slices"
	"strings"

	"github.com/dxlab/terraform-provider-lab/internal/object"
)

// Seen is what a cluster has that tells of ingress controllers.
type Seen struct {
	// Classes are all IngressClasses.
	Classes []object.Object
	// Workloads are all Deployments and DaemonSets.
	Workloads []object.Object
	// Services and Pods are those of the workloads' namespaces, or more.
	Services, Pods []object.Object
	// Charts are the HelmCharts of RKE2 and K3s, where their kind is served.
	Charts []object.Object
}

// Programs as IngressClasses name them (ingress-nginx:pkg/apis/ingress/types.go, traefik:pkg/provider/kubernetes/ingress).
const (
	programNginx   = "k8s.io/ingress-nginx"
	programTraefik = "traefik.io/ingress-controller"
)

const defaultClassAnnotation = "ingressclass.kubernetes.io/is-default-class"

// Find recognises the controllers: each IngressClass with the workload that serves it, and workloads that are known
// programs and have no class.
func Find(seen Seen) Controllers {
	workloads := controllersAmong(seen.Workloads)
	var found Controllers
	taken := map[string]bool{}
	for _, class := range seen.Classes {
		c := Controller{
			Program: object.String(class, "spec", "controller"), ClassName: object.RefOf(class).Name,
			Default: object.String(class, "metadata", "annotations", defaultClassAnnotation) == "true", Release: helmReleaseOf(class),
		}
		c.Kind = kindOf(c.Program)
		if w, ok := serving(class, c, workloads); ok {
			c.take(w, seen)
			taken[c.Workload] = true
		}
		found = append(found, c)
	}
	for _, w := range workloads {
		if !taken[w.name()] {
			c := Controller{Kind: w.kind, Program: w.program}
			c.take(w, seen)
			found = append(found, c)
		}
	}
	slices.SortStableFunc(found, func(a, b Controller) int {
		return cmp.Or(
			preferred(a.Default && a.Workload != "", b.Default && b.Workload != ""), preferred(a.Default, b.Default),
			preferred(a.WithoutClass, b.WithoutClass), preferred(a.Workload != "", b.Workload != ""),
			preferred(a.ClassName != "", b.ClassName != ""), strings.Compare(a.ClassName+a.Workload, b.ClassName+b.Workload),
		)
	})
	return found
}

// Coming names a bundled controller whose chart is there and whose workload or addresses are not: RKE2 installs its
// charts after the API answers. Empty when there is nothing to wait for.
func Coming(seen Seen, found Controllers) string {
	for _, chart := range seen.Charts {
		name := object.RefOf(chart).Name
		if !bundles(name) {
			continue
		}
		i := slices.IndexFunc(found, func(c Controller) bool { return c.Bundled && c.chart == name })
		switch {
		case i < 0:
			return "HelmChart " + name + " is not installed yet"
		case found[i].Exposure != None && len(found[i].Addresses) == 0:
			return found[i].Workload + " has no address yet"
		}
	}
	return ""
}

func preferred(a, b bool) int {
	switch {
	case a == b:
		return 0
	case a:
		return -1
	}
	return 1
}

func kindOf(program string) Kind {
	switch {
	case strings.HasPrefix(program, programNginx): // several of them have names of their own
		return Nginx
	case program == programTraefik:
		return Traefik
	}
	return Other
}

// bundles reports whether a HelmChart brings an ingress controller: rke2-ingress-nginx, rke2-traefik, K3s' traefik.
func bundles(chart string) bool {
	return slices.Contains([]string{"rke2-ingress-nginx", "rke2-traefik", "traefik"}, chart)
}

// releaseOf is the Helm release that a HelmChart makes (k3s-io/helm-controller:pkg/controllers/chart/chart.go: the
// release has the chart object's name, in spec.targetNamespace or its own namespace).
func releaseOf(chart object.Object) string {
	ref := object.RefOf(chart)
	namespace := object.String(chart, "spec", "targetNamespace")
	if namespace == "" {
		namespace = ref.Namespace
	}
	return namespace + "/" + ref.Name
}

// madeBy reports whether a HelmChart brought the workload: by its release where the workload names it, else by its
// name, which begins with the release's.
func (w workload) madeBy(chart object.Object) bool {
	ref, release := object.RefOf(chart), releaseOf(chart)
	if !bundles(ref.Name) {
		return false
	}
	if w.release != "" {
		return w.release == release
	}
	return w.ref.Namespace+"/" == strings.TrimSuffix(release, ref.Name) && strings.HasPrefix(w.ref.Name, ref.Name)
}

// take fills in what the workload tells.
func (c *Controller) take(w workload, seen Seen) {
	c.Namespace, c.Workload = w.ref.Namespace, w.name()
	if w.release != "" {
		c.Release = w.release
	}
	c.WithoutClass = w.withoutClass
	if i := slices.IndexFunc(seen.Charts, w.madeBy); i >= 0 {
		c.Bundled, c.chart = true, object.RefOf(seen.Charts[i]).Name
	}
	c.Exposure, c.Addresses = w.exposure(seen)
}
