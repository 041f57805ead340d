package certmanager

import (
	"github.com/dxlab/terraform-provider-lab/internal/object"
	"github.com/dxlab/terraform-provider-lab/internal/versions"
)

// checkTimeout is how long the chart's Job tries to make a certificate. The chart's own minute is too short where images
// come over a slow line, and a failed Job fails the release.
const checkTimeout = "5m"

// values114 are the chart's keys up to 1.14 (cert-manager:deploy/charts/cert-manager/values.yaml@v1.14.0).
type values114 struct {
	InstallCRDs bool  `json:"installCRDs"`
	Check       check `json:"startupapicheck"`
}

// values115 has crds in the place of installCRDs, which is deprecated since 1.15.
type values115 struct {
	CRDs  crds  `json:"crds"`
	Check check `json:"startupapicheck"`
}

type crds struct {
	Enabled bool `json:"enabled"`
	Keep    bool `json:"keep"`
}

type check struct {
	Enabled bool   `json:"enabled"`
	Timeout string `json:"timeout,omitempty"`
}

// keepsCRDs reports whether the chart knows crds.keep.
func keepsCRDs(version versions.Version) bool { return version.AtLeast(1, 15, 0) }

func (i Install) values(version versions.Version) (map[string]any, error) {
	c := check{Enabled: !i.SkipCheck}
	if c.Enabled {
		c.Timeout = checkTimeout
	}
	if !keepsCRDs(version) {
		return object.Encode(values114{InstallCRDs: true, Check: c})
	}
	return object.Encode(values115{CRDs: crds{Enabled: true, Keep: true}, Check: c})
}
