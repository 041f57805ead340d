package components_test

import (
	"maps"
	"path/filepath"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/dxlab/terraform-provider-lab/internal/component"
	"github.com/dxlab/terraform-provider-lab/internal/ingress"
	"github.com/dxlab/terraform-provider-lab/internal/object"
)

const kubernetesToday = "v1.35.7"

func controllers() map[string]ingress.Install {
	return map[string]ingress.Install{
		"traefik":                  {},
		"traefik by load balancer": {Exposure: ingress.LoadBalancer, Address: "10.0.0.9"},
		"traefik of another name":  {Chart: component.ChartOptions{Release: "edge"}, ClassName: "edge", NotDefault: true},
		"nginx":                    {Program: ingress.Nginx},
		"nginx by load balancer":   {Program: ingress.Nginx, Exposure: ingress.LoadBalancer, Address: "10.0.0.9"},
		"nginx of another name":    {Program: ingress.Nginx, Chart: component.ChartOptions{Release: "edge"}, ClassName: "edge", NotDefault: true},
		"nginx without webhook": {Program: ingress.Nginx, Chart: component.ChartOptions{Values: map[string]any{
			"controller": map[string]any{"admissionWebhooks": map[string]any{"enabled": false}},
		}}},
	}
}

func TestIngressController_WaitsForWhatItsChartMakes(t *testing.T) {
	t.Parallel()
	for name, install := range controllers() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c, made := render(t, install, kubernetesToday)
			for _, rule := range c.Ignore {
				if len(object.Map(install.Chart.Values, "controller")) == 0 && !slices.ContainsFunc(slices.Collect(maps.Keys(made)), func(ref object.Ref) bool {
					named, err := filepath.Match(rule.Name, ref.Name)
					return err == nil && named && rule.Kind == ref.Kind
				}) {
					t.Errorf("nothing makes %s %s", rule.Kind, rule.Name)
				}
			}
		})
	}
}

// What is installed is found again, as what it was meant to be.
func TestIngressController_IsFoundAsWhatItIs(t *testing.T) {
	t.Parallel()
	for name, install := range controllers() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c, made := render(t, install, kubernetesToday)
			found := ingress.Find(seenOf(c.Charts[0], made))
			if len(found) != 1 {
				t.Fatalf("found %v", found.Names())
			}
			wanted := ingress.Controller{
				Kind: install.Program, ClassName: install.ClassName, Default: !install.NotDefault, WithoutClass: !install.NotDefault,
				Exposure: install.Exposure, Namespace: c.Charts[0].Namespace, Release: install.Release(), Program: found[0].Program, Workload: found[0].Workload,
			}
			if wanted.Kind == "" {
				wanted.Kind, wanted.WithoutClass = ingress.Traefik, true
			}
			if wanted.ClassName == "" {
				wanted.ClassName = string(wanted.Kind)
			}
			if wanted.Exposure == "" {
				wanted.Exposure = ingress.HostPort
			}
			if diff := cmp.Diff(wanted, found[0], cmp.AllowUnexported(ingress.Controller{})); diff != "" {
				t.Error(diff)
			}
			if err := install.Refuse(found); err != nil {
				t.Errorf("it refuses itself: %v", err)
			}
		})
	}
}

// seenOf is what a cluster would show of a release, with the annotations that Helm adds.
func seenOf(chart component.Chart, made rendered) ingress.Seen {
	var s ingress.Seen
	for _, o := range made {
		switch object.RefOf(o).Kind {
		case "IngressClass":
			s.Classes = append(s.Classes, o)
		case "DaemonSet", "Deployment":
			object.Set(o, chart.Release, "metadata", "annotations", "meta.helm.sh/release-name")
			object.Set(o, chart.Namespace, "metadata", "annotations", "meta.helm.sh/release-namespace")
			s.Workloads = append(s.Workloads, o)
		case "Service":
			s.Services = append(s.Services, o)
		}
	}
	return s
}

func TestIngressController_AsksForItsAddress(t *testing.T) {
	t.Parallel()
	for name, service := range map[string]string{"traefik by load balancer": "traefik", "nginx by load balancer": "ingress-nginx-controller"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, made := render(t, controllers()[name], kubernetesToday)
			o := made.named(t, "Service", service)
			if got := object.String(o, "metadata", "annotations", "metallb.io/loadBalancerIPs"); got != "10.0.0.9" {
				t.Errorf("it asks for %q", got)
			}
			if got := object.String(o, "spec", "type"); got != "LoadBalancer" {
				t.Errorf("its type is %q", got)
			}
		})
	}
}
