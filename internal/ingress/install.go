package ingress

import (
	"fmt"
	"strings"

	"github.com/dxlab/terraform-provider-lab/internal/component"
	"github.com/dxlab/terraform-provider-lab/internal/fault"
	"github.com/dxlab/terraform-provider-lab/internal/object"
	"github.com/dxlab/terraform-provider-lab/internal/versions"
)

// Install is an ingress controller of our own, for a cluster that brings none. The zero value is Traefik on the nodes'
// ports 80 and 443, as RKE2 has it.
type Install struct {
	// Program is [Traefik] or [Nginx]; empty is Traefik.
	Program Kind
	// Chart are the user's choices; its Values win over everything below.
	Chart component.ChartOptions
	// ClassName is the name of its IngressClass; empty is traefik or nginx.
	ClassName string
	// NotDefault leaves Ingresses without class to others.
	NotDefault bool
	// Exposure is [HostPort] or [LoadBalancer]; empty is HostPort.
	Exposure Exposure
	// Address is asked for from MetalLB; empty takes what there is. It needs LoadBalancer.
	Address string
}

// Releases and namespaces.
const (
	traefikRelease = "traefik"
	nginxRelease   = "ingress-nginx"
)

// addressAnnotation asks MetalLB for an address (metallb:internal/k8s/... AnnotationPrefix, from 0.14.9 on).
const addressAnnotation = "metallb.io/loadBalancerIPs"

// DefaultChart is the chart that is installed when the user names no version.
func DefaultChart(program Kind) versions.Chart {
	if program == Nginx {
		return versions.Default().Chart(versions.IngressNginx)
	}
	return versions.Default().Chart(versions.Traefik)
}

// DefaultNamespace is where a program is installed when the user says nothing; its release has the same name.
func DefaultNamespace(program Kind) string {
	if program == Nginx {
		return nginxRelease
	}
	return traefikRelease
}

// Component builds the installation.
func (i Install) Component() (component.Component, error) {
	i = i.filled()
	if i.Address != "" && i.Exposure != LoadBalancer {
		return component.Component{}, fault.Newf(fault.Invalid, "ingress controller %s: address %s can only be asked for with exposure %s", i.Program, i.Address, LoadBalancer)
	}
	pinned := DefaultChart(i.Program)
	chart := i.Chart.Over(component.Chart{
		Release: DefaultNamespace(i.Program), Namespace: DefaultNamespace(i.Program),
		Repository: pinned.Repository, Name: pinned.Name, Version: pinned.Version,
	})
	version, err := versions.Parse(chart.Version)
	if err != nil {
		return component.Component{}, fmt.Errorf("%s chart: %w", chart.Name, err)
	}
	build := i.traefik
	if i.Program == Nginx {
		build = i.nginx
	}
	values, err := object.Encode(build(version))
	if err != nil {
		return component.Component{}, fmt.Errorf("%s values: %w", chart.Name, err)
	}
	chart.Values = component.MergeValues(values, i.Chart.Values)
	chart.Ready = i.ready(chart)
	return component.Component{
		Name:       "ingress controller " + string(i.Program),
		Namespaces: []component.Namespace{{Name: chart.Namespace, Labels: i.labels()}},
		Charts:     []component.Chart{chart},
		Ignore:     ignore(i.Program, chart),
	}, nil
}

// labels let pods take ports of their nodes, which only the privileged level of Pod Security admission allows.
func (i Install) labels() map[string]string {
	if i.Exposure != HostPort {
		return nil
	}
	return map[string]string{"pod-security.kubernetes.io/enforce": "privileged"}
}

// Release names the Helm release as namespace/name.
func (i Install) Release() string {
	i = i.filled()
	namespace, name := i.Chart.Namespace, i.Chart.Release
	if namespace == "" {
		namespace = DefaultNamespace(i.Program)
	}
	if name == "" {
		name = DefaultNamespace(i.Program)
	}
	return namespace + "/" + name
}

// Refuse is fault.Conflict when another controller than this one holds what it wants: its class, or the nodes' ports.
func (i Install) Refuse(found Controllers) error {
	i = i.filled()
	for _, c := range found {
		switch {
		case c.Release == i.Release():
		case c.ClassName == i.ClassName:
			return fault.Newf(fault.Conflict, "IngressClass %s belongs to another controller: %s; use that one (data source lab_ingress_controller), or choose another class_name", i.ClassName, c)
		case i.Exposure == HostPort && c.Exposure == HostPort:
			return fault.Newf(fault.Conflict, "ports 80 and 443 of the nodes are taken by another controller: %s; use that one (data source lab_ingress_controller), or expose this one by a load balancer", c)
		case !i.NotDefault && c.Default:
			return fault.Newf(fault.Conflict, "class %s is the default already: %s; the API server refuses Ingresses without class where two classes are default: set default_class = false", c.ClassName, c)
		}
	}
	return nil
}

func (i Install) filled() Install {
	if i.Program == "" {
		i.Program = Traefik
	}
	if i.ClassName == "" {
		i.ClassName = string(i.Program)
	}
	if i.Exposure == "" {
		i.Exposure = HostPort
	}
	return i
}

// ready says when Ingresses are served: the program runs, ingress-nginx' webhook (failurePolicy Fail, for every
// Ingress of the cluster) can be called, the Service has an address.
func (i Install) ready(chart component.Chart) []component.Condition {
	workload := fullName(chart, chart.Name)
	webhook := ""
	if i.Program == Nginx {
		webhook = nginxPart(workload, chart, "admission", "controller", "admissionWebhooks", "name")
		workload = nginxPart(workload, chart, "controller", "controller", "name")
	}
	conditions := []component.Condition{i.running(chart, workload)}
	if webhook != "" && component.Enabled(chart.Values, true, "controller", "admissionWebhooks", "enabled") {
		conditions = append(conditions, component.ValidatingWebhookUsable(webhook))
	}
	if i.Exposure == LoadBalancer {
		conditions = append(conditions, component.LoadBalancerAddress(chart.Namespace, workload))
	}
	return conditions
}

func (i Install) running(chart component.Chart, workload string) component.Condition {
	kind := object.String(chart.Values, "deployment", "kind")
	if i.Program == Nginx {
		kind = object.String(chart.Values, "controller", "kind")
	}
	if kind == "DaemonSet" {
		return component.DaemonSetCurrent(chart.Namespace, workload)
	}
	return component.DeploymentAvailable(chart.Namespace, workload)
}

// fullName repeats the templates traefik.fullname and ingress-nginx.fullname (templates/_helpers.tpl).
func fullName(chart component.Chart, name string) string {
	if full := object.String(chart.Values, "fullnameOverride"); full != "" {
		return full
	}
	if override := object.String(chart.Values, "nameOverride"); override != "" {
		name = override
	}
	if strings.Contains(chart.Release, name) {
		return chart.Release
	}
	return chart.Release + "-" + name
}

// nginxPart repeats ingress-nginx.controller.fullname and its kin: the full name and the part's own.
func nginxPart(full string, chart component.Chart, part string, path ...string) string {
	if own := object.String(chart.Values, path...); own != "" {
		part = own
	}
	return full + "-" + part
}

// ignore lists what the controllers write into the objects of their own release.
func ignore(program Kind, chart component.Chart) []component.IgnoreRule {
	if program != Nginx {
		return nil
	}
	return []component.IgnoreRule{{
		Group: "admissionregistration.k8s.io", Kind: "ValidatingWebhookConfiguration",
		Name: nginxPart(fullName(chart, chart.Name), chart, "admission", "controller", "admissionWebhooks", "name"),
		Path: "webhooks[*].clientConfig.caBundle", Reason: "the chart's Job ingress-nginx-admission-patch writes it (templates/admission-webhooks/job-patch/job-patchWebhook.yaml@4.15.1)",
	}}
}
