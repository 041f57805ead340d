package metallb

import (
	"github.com/dxlab/terraform-provider-lab/internal/object"
	"github.com/dxlab/terraform-provider-lab/internal/versions"
)

// values013 are the chart's keys that we set up to 0.13.x (metallb:charts/metallb/values.yaml@v0.13.9).
type values013 struct {
	LoadBalancerClass string        `json:"loadBalancerClass,omitempty"`
	Controller        process       `json:"controller,omitzero"`
	Speaker           speakerValues `json:"speaker"`
}

// values014 adds the choice of the BGP backend, frrk8s, which came with 0.14.0 and became the default in 0.16.0.
type values014 struct {
	values013
	FRRK8s toggle `json:"frrk8s"`
}

type process struct {
	LogLevel string `json:"logLevel,omitempty"`
}

type speakerValues struct {
	process
	FRR toggle `json:"frr"`
}

type toggle struct {
	Enabled bool `json:"enabled"`
}

// values writes both backends out: their defaults changed in 0.13.11 and 0.16.0, and only one may be on.
func (i Install) values(version versions.Version) (map[string]any, error) {
	v := values014{values013: values013{
		LoadBalancerClass: i.LoadBalancerClass,
		Controller:        process{LogLevel: i.LogLevel},
		Speaker:           speakerValues{process: process{LogLevel: i.LogLevel}},
	}}
	v.FRRK8s.Enabled = i.BGP && version.AtLeast(0, 16, 0)
	v.Speaker.FRR.Enabled = i.BGP && !v.FRRK8s.Enabled
	if !version.AtLeast(0, 14, 0) {
		return object.Encode(v.values013)
	}
	return object.Encode(v)
}
