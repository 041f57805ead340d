package ingress

import "github.com/dxlab/terraform-provider-lab/internal/versions"

// Keys of the Traefik chart that we set (traefik-helm-chart:traefik/values.yaml@v41.3.0).
type traefikValues struct {
	Deployment     kindValue            `json:"deployment"`
	UpdateStrategy *updateStrategy      `json:"updateStrategy,omitempty"`
	IngressClass   traefikClass         `json:"ingressClass"`
	Ports          map[string]portValue `json:"ports,omitempty"`
	Service        traefikService       `json:"service"`
}

type kindValue struct {
	Kind string `json:"kind"`
}

type updateStrategy struct {
	RollingUpdate rollingUpdate `json:"rollingUpdate"`
}

type rollingUpdate struct {
	MaxUnavailable int `json:"maxUnavailable"`
	MaxSurge       int `json:"maxSurge"`
}

type traefikClass struct {
	Enabled bool   `json:"enabled"`
	Default bool   `json:"isDefaultClass"`
	Name    string `json:"name"`
}

type portValue struct {
	HostPort int `json:"hostPort"`
}

type traefikService struct {
	// Type is where it was below chart 40, Spec where it is from there on.
	Type        string            `json:"type,omitempty"`
	Spec        *serviceType      `json:"spec,omitempty"`
	Annotations map[string]string `json:"annotations,omitempty"`
}

type serviceType struct {
	Type string `json:"type"`
}

func (i Install) traefik(version versions.Version) any {
	v := traefikValues{
		Deployment:   kindValue{"Deployment"},
		IngressClass: traefikClass{Enabled: true, Default: !i.NotDefault, Name: i.ClassName},
		Service:      traefikService{Annotations: i.askForAddress()},
	}
	kind := "LoadBalancer"
	if i.Exposure == HostPort {
		// One pod a node; the new pod of an update cannot have the port before the old one is gone.
		kind = "ClusterIP"
		v.Deployment.Kind = "DaemonSet"
		v.UpdateStrategy = &updateStrategy{rollingUpdate{MaxUnavailable: 1}}
		v.Ports = map[string]portValue{"web": {80}, "websecure": {443}}
	}
	if version.AtLeast(40, 0, 0) {
		v.Service.Spec = &serviceType{kind}
	} else {
		v.Service.Type = kind
	}
	return v
}

// Keys of the ingress-nginx chart that we set (ingress-nginx:charts/ingress-nginx/values.yaml@4.15.1).
type nginxValues struct {
	Controller nginxController `json:"controller"`
}

type nginxController struct {
	Kind           string       `json:"kind"`
	IngressClass   string       `json:"ingressClass"`
	Class          nginxClass   `json:"ingressClassResource"`
	WithoutClass   bool         `json:"watchIngressWithoutClass"`
	HostPort       toggle       `json:"hostPort"`
	PublishService toggle       `json:"publishService"`
	Service        nginxService `json:"service"`
}

type nginxClass struct {
	Name    string `json:"name"`
	Default bool   `json:"default"`
	// Controller is unique where several ingress-nginx run.
	Controller string `json:"controllerValue"`
}

type nginxService struct {
	Enabled     bool              `json:"enabled"`
	Type        string            `json:"type,omitempty"`
	Annotations map[string]string `json:"annotations,omitempty"`
}

type toggle struct {
	Enabled bool `json:"enabled"`
}

func (i Install) nginx(versions.Version) any {
	c := nginxController{
		Kind: "Deployment", IngressClass: i.ClassName, WithoutClass: !i.NotDefault,
		Class:   nginxClass{Name: i.ClassName, Default: !i.NotDefault, Controller: programNginx},
		Service: nginxService{Enabled: true, Type: "LoadBalancer", Annotations: i.askForAddress()}, PublishService: toggle{true},
	}
	if i.ClassName != string(Nginx) {
		c.Class.Controller = programNginx + "-" + i.ClassName
	}
	if i.Exposure == HostPort {
		// Without a published Service an Ingress' address is that of its controller's nodes, as with RKE2's.
		c.Kind, c.HostPort.Enabled = "DaemonSet", true
		c.Service, c.PublishService.Enabled = nginxService{}, false
	}
	return nginxValues{c}
}

func (i Install) askForAddress() map[string]string {
	if i.Address == "" {
		return nil
	}
	return map[string]string{addressAnnotation: i.Address}
}
