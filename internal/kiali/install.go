package kiali

import (
	"fmt"

	"github.com/dxlab/terraform-provider-lab/internal/component"
	"github.com/dxlab/terraform-provider-lab/internal/fault"
	"github.com/dxlab/terraform-provider-lab/internal/object"
	"github.com/dxlab/terraform-provider-lab/internal/versions"
)

// Install is Kiali's operator and one Kiali server that it runs. The zero value is the default version beside a mesh in
// istio-system.
type Install struct {
	// Chart are the user's choices for the operator's chart; its Values win over everything below.
	Chart component.ChartOptions
	// InstanceNamespace is where the server runs; empty is [DefaultInstanceNamespace]. MeshNamespace is where istiod
	// runs; empty is that of the server.
	InstanceNamespace, MeshNamespace string
	// AuthStrategy is how users log in; empty is anonymous.
	AuthStrategy string
	// ViewOnly keeps users from changing anything in the mesh.
	ViewOnly bool
	// CustomDashboards shows metrics of applications that Kiali finds by itself.
	CustomDashboards bool
	// Ingress publishes the server. Nil makes none.
	Ingress *Ingress
	// PrometheusURL is where metrics are; empty is Kiali's guess, a Prometheus beside istiod.
	PrometheusURL string
	// Grafana and Tempo are where dashboards and traces are. Nil switches them off.
	Grafana *Grafana
	Tempo   *Tempo
	// Spec is merged over the spec of the Kiali object and wins. A key that is null is left out.
	Spec map[string]any
}

// Ingress is how a Kiali server is published.
type Ingress struct {
	// Host is the name in the request; ClassName the IngressClass, empty for the cluster's choice.
	Host, ClassName string
	// Annotations of the Ingress. With any, the operator leaves out its own, which are for ingress-nginx.
	Annotations map[string]string
}

// Grafana is where Kiali finds dashboards.
type Grafana struct {
	// URL is how Kiali reaches it, ExternalURL how its users do.
	URL, ExternalURL string
}

// Tempo is where Kiali finds traces.
type Tempo struct {
	// URL is that of its query port. GrafanaURL is how users reach the Grafana that shows its traces, by the data source
	// with the uid DatasourceUID.
	URL, GrafanaURL, DatasourceUID string
}

// Component builds the installation. It fails when the version cannot be read, when it does not know a setting, and
// when the spec has a key that the operator would not know.
func (i Install) Component() (component.Component, error) {
	chart, spec, err := i.build()
	if err != nil {
		return component.Component{}, err
	}
	cr := object.New(object.Ref{APIVersion: apiVersion, Kind: kind, Namespace: i.instanceNamespace(), Name: name})
	cr["spec"] = spec
	c := component.Component{
		Name: "kiali",
		// Without a mesh the server runs and shows nothing but errors.
		Requires:   []component.Requirement{{APIVersion: "networking.istio.io/v1beta1", Kind: "VirtualService", BroughtBy: "lab_istio_mesh"}},
		Namespaces: []component.Namespace{{Name: chart.Namespace}},
		Charts:     []component.Chart{chart},
		Objects:    []object.Object{cr},
		Ready:      i.ready(cr),
		UsedBy: []component.Use{{
			APIVersion: apiVersion, Kind: kind, Loss: "could not be deleted any more, because only the operator takes its finalizer off",
		}},
	}
	if ns := i.instanceNamespace(); ns != chart.Namespace {
		c.Namespaces = append(c.Namespaces, component.Namespace{Name: ns})
	}
	return c, nil
}

// build makes the chart and the spec of the Kiali object.
func (i Install) build() (component.Chart, map[string]any, error) {
	pinned := DefaultChart()
	chart := i.Chart.Over(component.Chart{
		Release: DefaultRelease, Namespace: DefaultNamespace, Repository: pinned.Repository, Name: pinned.Name, Version: pinned.Version,
	})
	version, err := versions.Parse(chart.Version)
	if err != nil {
		return chart, nil, fmt.Errorf("chart %s: %w", chart.Name, err)
	}
	if create, _ := object.Lookup(chart.Values, "cr", "create"); create == true {
		return chart, nil, fault.Newf(fault.Invalid, "values: cr.create makes a Kiali that Helm deletes together with its operator, which then hangs; write its settings into spec")
	}
	chart.Ready = []component.Condition{component.DeploymentAvailable(chart.Namespace, operator(chart))}
	spec, err := i.spec(version)
	return chart, spec, err
}

func (i Install) instanceNamespace() string {
	if i.InstanceNamespace == "" {
		return DefaultInstanceNamespace
	}
	return i.InstanceNamespace
}

// ready waits for the operator's word and for the server. The condition Successful is ansible-operator's; it is false from
// the moment in which the operator sees a change to the end of its playbook
// (operator-framework/ansible-operator-plugins:internal/ansible/controller/reconcile.go, markRunning and markDone). It has no
// generation, so that before the operator has looked it speaks of the last change: the server's configuration tells.
func (i Install) ready(cr object.Object) []component.Condition {
	ref, server := object.RefOf(cr), i.server(cr)
	run := component.DeploymentAvailable(server.Namespace, server.Name)
	done := component.Condition{
		Name: ref.String() + " is carried out", Ref: ref,
		Check: component.Check{Kind: component.ConditionTrue, Type: "Successful"},
	}
	last := done
	last.Gate = true
	conditions := []component.Condition{
		done,
		{
			Name: run.Ref.String() + " has the configuration of " + ref.String(), Ref: run.Ref, Gate: true,
			Check: component.Check{Kind: component.RunsConfig, Rendered: &component.Rendered{
				Source: ref, Path: "spec", Entry: "config.yaml", Fields: renderedFields,
			}},
		},
		last,
		run,
		{
			Name: fmt.Sprintf("Service %s/%s has endpoints", server.Namespace, server.Name), Ref: server,
			Check: component.Check{Kind: component.EndpointsReady},
		},
	}
	if enabled, _ := object.Lookup(cr, "spec", "deployment", "ingress", "enabled"); enabled == true {
		ingress := object.Ref{APIVersion: "networking.k8s.io/v1", Kind: "Ingress", Namespace: server.Namespace, Name: server.Name}
		conditions = append(conditions, component.Condition{
			Name: ingress.String() + " exists", Ref: ingress, Check: component.Check{Kind: component.Exists},
		})
	}
	return conditions
}

// renderedFields are the settings that the operator puts into the server's configuration as they are. It fills in others,
// and rewrites some: versions, selectors, paths (kiali-operator:roles/default/kiali-deploy/tasks/main.yml and
// templates/kubernetes/configmap.yaml@v1.64.0, @v1.89.0 and @v2.29.0).
var renderedFields = []string{
	"auth.strategy", "deployment.view_only_mode", "deployment.ingress.enabled",
	"external_services.custom_dashboards.enabled", "external_services.prometheus.url",
	"external_services.grafana.enabled", "external_services.grafana.internal_url", "external_services.grafana.external_url",
	"external_services.grafana.in_cluster_url", "external_services.grafana.url",
	"external_services.tracing.enabled", "external_services.tracing.provider", "external_services.tracing.use_grpc",
	"external_services.tracing.internal_url", "external_services.tracing.external_url",
	"external_services.tracing.in_cluster_url", "external_services.tracing.url",
	"external_services.tracing.tempo_config.org_id", "external_services.tracing.tempo_config.datasource_uid",
}

// server is the Service of the server; its Deployment, its ConfigMap and its Ingress have the same name.
func (i Install) server(cr object.Object) object.Ref {
	ref := object.Ref{APIVersion: "v1", Kind: "Service", Namespace: i.instanceNamespace(), Name: name}
	if other := object.String(cr, "spec", "deployment", "namespace"); other != "" {
		ref.Namespace = other
	}
	if other := object.String(cr, "spec", "deployment", "instance_name"); other != "" {
		ref.Name = other
	}
	return ref
}

// URLs are how the cluster's own pods and how users outside reach the server; external is empty without an Ingress.
func (i Install) URLs() (internal, external string, err error) {
	_, spec, err := i.build()
	if err != nil {
		return "", "", err
	}
	server := i.server(object.Object{"spec": spec})
	root := webRoot(spec)
	internal = fmt.Sprintf("http://%s.%s:%d%s", server.Name, server.Namespace, port(spec), root)
	if i.Ingress != nil {
		external = "http://" + i.Ingress.Host + root
	}
	return internal, external, nil
}
