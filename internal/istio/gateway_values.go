package istio

import (
	"maps"

	"github.com/dxlab/terraform-provider-lab/internal/object"
)

// gatewayValues are keys of the gateway chart; they have kept their place from 1.17.1 to 1.30.3
// (istio:manifests/charts/gateway/values.yaml).
type gatewayValues struct {
	Service      gatewayServiceValues `json:"service,omitzero"`
	Resources    requests             `json:"resources"`
	Autoscaling  *autoscaling         `json:"autoscaling,omitempty"`
	ReplicaCount *int32               `json:"replicaCount,omitempty"`
	Labels       map[string]string    `json:"labels,omitempty"`
}

type gatewayServiceValues struct {
	Type                  string            `json:"type,omitempty"`
	Ports                 []Port            `json:"ports,omitempty"`
	Annotations           map[string]string `json:"annotations,omitempty"`
	ExternalTrafficPolicy string            `json:"externalTrafficPolicy,omitempty"`
	LoadBalancerIP        string            `json:"loadBalancerIP,omitempty"`
}

type autoscaling struct {
	Enabled bool `json:"enabled"`
}

func (g Gateway) values() (map[string]any, error) {
	service := gatewayServiceValues{
		Type: g.Service.Type, Ports: g.Service.Ports, Annotations: g.Service.Annotations,
		ExternalTrafficPolicy: g.Service.ExternalTrafficPolicy,
	}
	switch {
	case g.Address == "":
	case g.AddressAnnotation == "":
		service.LoadBalancerIP = g.Address
	default:
		service.Annotations = maps.Clone(service.Annotations)
		if service.Annotations == nil {
			service.Annotations = map[string]string{}
		}
		service.Annotations[g.AddressAnnotation] = g.Address
	}
	values := gatewayValues{
		Service: service, Resources: requests{g.Resources.or(LabProxy)}, ReplicaCount: g.Replicas, Labels: g.Labels,
	}
	if g.Replicas != nil {
		values.Autoscaling = &autoscaling{}
	}
	return object.Encode(values)
}
