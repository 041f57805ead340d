package istio

import (
	"github.com/dxlab/terraform-provider-lab/internal/component"
	"github.com/dxlab/terraform-provider-lab/internal/fault"
	"github.com/dxlab/terraform-provider-lab/internal/object"
	"github.com/dxlab/terraform-provider-lab/internal/versions"
)

// istiodValues are the keys of the istiod chart that have the same place in every version, and pilotValues those that
// moved: below 1.24 they are under pilot, from 1.24 at the top (istio:manifests/charts/istio-control/istio-discovery,
// rendered at 1.17.1 to 1.30.3). The charts still read pilot.* in 1.30.3 (templates/zzy_descope_legacy.yaml, since
// 1.24.0), but only as a bridge.
type istiodValues struct {
	Global  globalValues `json:"global"`
	Profile string       `json:"profile,omitempty"`
}

type baseValues struct {
	Global globalValues `json:"global,omitzero"`
	// DefaultRevision is the istiod that base's validator leads to.
	DefaultRevision string `json:"defaultRevision,omitempty"`
}

type pilotValues struct {
	Resources        requests `json:"resources"`
	AutoscaleEnabled *bool    `json:"autoscaleEnabled,omitempty"`
	ReplicaCount     *int32   `json:"replicaCount,omitempty"`
}

type globalValues struct {
	IstioNamespace string       `json:"istioNamespace,omitempty"`
	Platform       string       `json:"platform,omitempty"`
	Proxy          *proxyValues `json:"proxy,omitempty"`
}

type proxyValues struct {
	Resources requests `json:"resources"`
}

type requests struct {
	Requests Resources `json:"requests"`
}

func (m Mesh) istiodValues(version versions.Version) (map[string]any, error) {
	global, err := m.global(version)
	if err != nil {
		return nil, err
	}
	global.Proxy = &proxyValues{requests{m.ProxyResources.or(LabProxy)}}
	values, err := object.Encode(istiodValues{global, m.profile()})
	if err != nil {
		return nil, err
	}
	pilot, err := object.Encode(m.pilot())
	if err != nil {
		return nil, err
	}
	if version.AtLeast(1, 24, 0) {
		values = component.MergeValues(values, pilot)
	} else {
		values["pilot"] = pilot
	}
	m.usesCNI(values, version)
	config, err := m.meshConfig()
	if err == nil && len(config) > 0 {
		values["meshConfig"] = config
	}
	return values, err
}

func (m Mesh) meshConfig() (map[string]any, error) {
	config, err := object.Encode(m.traced())
	if err != nil {
		return nil, err
	}
	config = component.MergeValues(config, m.MoreConfig)
	return config, m.withProvider(config)
}

func (m Mesh) pilot() pilotValues {
	pilot := pilotValues{Resources: requests{m.Resources.or(LabIstiod)}, ReplicaCount: m.Replicas}
	if m.Replicas != nil {
		off := false
		pilot.AutoscaleEnabled = &off
	}
	return pilot
}

func (m Mesh) baseValues(version versions.Version) (map[string]any, error) {
	global, err := m.global(version)
	if err != nil {
		return nil, err
	}
	// With its default, "default", the validator of a mesh with a revision would wait for an istiod that nobody installs.
	return object.Encode(baseValues{Global: global, DefaultRevision: object.String(m.Istiod.Values, "revision")})
}

// global is common to base and istiod. The charts take the namespace from the release except for what they say of the
// other one, so it is written out where it is not the default.
func (m Mesh) global(version versions.Version) (globalValues, error) {
	global := globalValues{Platform: m.Platform}
	if m.namespace() != DefaultNamespace {
		global.IstioNamespace = m.namespace()
	}
	if m.Platform != "" && !version.AtLeast(1, 24, 0) {
		return globalValues{}, fault.Newf(fault.Invalid, "istio %s does not know platform %q; platforms came with 1.24.0", version, m.Platform)
	}
	return global, nil
}
