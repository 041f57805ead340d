package istio

import (
	"fmt"
	"net/netip"

	"github.com/dxlab/terraform-provider-lab/internal/component"
	"github.com/dxlab/terraform-provider-lab/internal/fault"
	"github.com/dxlab/terraform-provider-lab/internal/object"
	"github.com/dxlab/terraform-provider-lab/internal/versions"
)

// Gateway is an ingress gateway: a Deployment of proxies behind a Service. The zero value is istio-ingressgateway in
// istio-system with an address of the load balancer's choice.
type Gateway struct {
	// Chart are the user's choices; its Values win over everything below. The release's name names the Deployment and
	// the Service, and without its prefix istio- it is the pods' label istio, which Gateway objects select.
	Chart component.ChartOptions
	// MeshNamespace is where istiod runs; empty is [DefaultNamespace]. The gateway waits for that istiod, because its
	// pods' image is filled in by injection.
	MeshNamespace string
	// Service is how the gateway is reached.
	Service GatewayService
	// Address is the wanted address of a Service of type LoadBalancer; the gateway is ready when it has this one.
	// AddressAnnotation is the annotation that asks for it. When that is empty, spec.loadBalancerIP asks, which every
	// MetalLB honours; a Service that asks in both ways is refused by MetalLB.
	Address, AddressAnnotation string
	// Resources are the requests of each proxy; empty is [LabProxy].
	Resources Resources
	// Replicas is a fixed number of proxies. Nil leaves it to the chart's autoscaler, 1 to 5.
	Replicas *int32
	// Labels are added to everything in the release. A label istio or app replaces the one the chart derives.
	Labels map[string]string
}

// GatewayService is the Service of a [Gateway].
type GatewayService struct {
	// Type is LoadBalancer, NodePort or ClusterIP; empty is LoadBalancer.
	Type string
	// Ports replace the chart's: 15021 (health), 80 and 443, each with the same target port.
	Ports []Port
	// Annotations of the Service.
	Annotations map[string]string
	// ExternalTrafficPolicy is Cluster or Local; Local keeps the client's address.
	ExternalTrafficPolicy string
}

// Port is a port of a [GatewayService].
type Port struct {
	Name     string `json:"name"`
	Port     int32  `json:"port"`
	Protocol string `json:"protocol"`
	// TargetPort is the port of the proxy; it has to be the port of the Gateway object's server.
	TargetPort int32 `json:"targetPort"`
	// NodePort is only for the types NodePort and LoadBalancer; zero lets Kubernetes choose.
	NodePort int32 `json:"nodePort,omitempty"`
}

const loadBalancer = "LoadBalancer"

// Component builds the gateway. It fails when the version or the address cannot be read, or when two settings ask for
// an address.
func (g Gateway) Component() (component.Component, error) {
	chart := pinned(versions.IstioGateway, g.meshNamespace())
	chart.Release = DefaultGatewayRelease
	chart = g.Chart.Over(chart)
	if _, err := parsed(chart); err != nil {
		return component.Component{}, err
	}
	values, err := g.values()
	if err != nil {
		return component.Component{}, fmt.Errorf("values of chart %s: %w", chart.Name, err)
	}
	chart.Values = component.MergeValues(values, g.Chart.Values)
	if err := g.checkAddress(chart.Values); err != nil {
		return component.Component{}, fmt.Errorf("gateway %s: %w", chart.Release, err)
	}
	name := component.Text(chart.Values, "", "name")
	if name == "" {
		name = chart.Release
	}
	chart.Ready = g.ready(chart, name)
	c := component.Component{
		Name:   "istio gateway " + name,
		Needs:  injects(object.String(chart.Values, "revision"), g.meshNamespace()),
		Charts: []component.Chart{chart},
		Ignore: ignoreGateway(chart, name),
	}
	if chart.Namespace != g.meshNamespace() {
		c.Namespaces = []component.Namespace{{Name: chart.Namespace}}
	}
	if balanced(chart.Values) {
		c.Outputs = []component.Output{{Name: OutputAddress, Ref: service(chart.Namespace, name), Path: addressPath}}
	}
	return c, nil
}

// OutputAddress names the output that is the gateway's address.
const OutputAddress = "address"

const addressPath = "status.loadBalancer.ingress.0.ip"

func (g Gateway) meshNamespace() string {
	if g.MeshNamespace == "" {
		return DefaultNamespace
	}
	return g.MeshNamespace
}

func (g Gateway) ready(chart component.Chart, name string) []component.Condition {
	proxies := component.DeploymentAvailable(chart.Namespace, name)
	if component.Text(chart.Values, "Deployment", "kind") == "DaemonSet" {
		proxies = component.DaemonSetCurrent(chart.Namespace, name)
	}
	conditions := []component.Condition{proxies}
	if !balanced(chart.Values) {
		return conditions
	}
	conditions = append(conditions, component.LoadBalancerAddress(chart.Namespace, name))
	if g.Address != "" {
		conditions = append(conditions, component.Condition{
			Name:  fmt.Sprintf("Service %s/%s has address %s", chart.Namespace, name, g.Address),
			Ref:   service(chart.Namespace, name),
			Check: component.Check{Kind: component.FieldEquals, Path: addressPath, Value: g.Address},
		})
	}
	return conditions
}

func service(namespace, name string) object.Ref {
	return object.Ref{APIVersion: "v1", Kind: "Service", Namespace: namespace, Name: name}
}

func balanced(values map[string]any) bool {
	return component.Text(values, loadBalancer, "service", "type") == loadBalancer
}

// checkAddress looks at the final values, so that an address that came with the user's own counts too.
func (g Gateway) checkAddress(values map[string]any) error {
	if g.Address == "" {
		return nil
	}
	address, err := netip.ParseAddr(g.Address)
	if err != nil {
		return fault.New(fault.Invalid, fmt.Errorf("wanted address: %w", err))
	}
	// The address is compared with what the cluster reports, which is always the canonical form.
	if address.String() != g.Address {
		return fault.Newf(fault.Invalid, "wanted address: write %s as %s", g.Address, address)
	}
	if !balanced(values) {
		return fault.Newf(fault.Invalid, "address %s needs a service of type %s", g.Address, loadBalancer)
	}
	return askedOnce(values)
}

// askedOnce refuses values that ask for an address both by field and by annotation, as MetalLB does later and more
// quietly: in an event of the Service (metallb:controller/service.go@v0.16.1, getDesiredLbIPs).
func askedOnce(values map[string]any) error {
	if object.String(values, "service", "loadBalancerIP") == "" {
		return nil
	}
	for _, annotation := range []string{"metallb.io/loadBalancerIPs", "metallb.universe.tf/loadBalancerIPs"} {
		if object.String(values, "service", "annotations", annotation) != "" {
			return fault.Newf(fault.Invalid, "the address is asked for twice, by service.loadBalancerIP and by annotation %s", annotation)
		}
	}
	return nil
}
