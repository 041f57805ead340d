package versions_test

import (
	"strings"
	"testing"

	"github.com/dxlab/terraform-provider-lab/internal/versions"
)

func say(findings []versions.Finding) string {
	var out []string
	for _, f := range findings {
		kind := "soft: "
		if f.Hard {
			kind = "hard: "
		}
		out = append(out, kind+f.String())
	}
	return strings.Join(out, "\n")
}

func TestCheckCluster(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		piece      versions.Piece
		kubernetes string
		want       string
	}{
		"fits":                    {versions.Piece{Name: "istiod", Version: "1.30.3"}, "v1.35.7+rke2r1", ""},
		"too old a cluster":       {versions.Piece{Name: "istiod", Version: "1.30.3"}, "v1.24.10+rke2r1", "hard: chart istiod 1.30.3 needs Kubernetes >= 1.32.0, and the cluster has v1.24.10+rke2r1 (MinK8SVersion"},
		"another patch":           {versions.Piece{Name: "istiod", Version: "1.30.4"}, "v1.31.0", "hard: chart istiod 1.30.4 needs"},
		"too new a cluster":       {versions.Piece{Name: "rancher-monitoring", Version: "100.1.3+up19.0.3"}, "v1.25.0", "hard: chart rancher-monitoring 100.1.3+up19.0.3 needs Kubernetes >= 1.16.0, < 1.25.0"},
		"runs but is not tested":  {versions.Piece{Name: "cert-manager", Version: "v1.21.1"}, "v1.32.1", "soft: chart cert-manager v1.21.1 is tested on Kubernetes >= 1.33.0"},
		"prerelease of a cluster": {versions.Piece{Name: "istiod", Version: "1.30.3"}, "v1.32.0-rc.1", ""},
		"unknown minor":           {versions.Piece{Name: "istiod", Version: "1.25.0"}, "v1.24.10", ""},
		"unknown chart":           {versions.Piece{Name: "web", Version: "1.0.0"}, "v1.24.10", ""},
		"no version":              {versions.Piece{Name: "istiod", Version: "newest"}, "v1.24.10", ""},
		"unreadable cluster":      {versions.Piece{Name: "istiod", Version: "1.30.3"}, "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := say(versions.CheckCluster(c.piece, c.kubernetes))
			if !strings.HasPrefix(got, c.want) || (c.want == "") != (got == "") {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}

func TestCheckKubeVersion(t *testing.T) {
	t.Parallel()
	web := versions.Piece{Name: "web", Version: "2.0.0"}
	for constraint, want := range map[string]string{
		"": "", ">= 1.25.0-0": "", ">=1.36.0-0": "hard: chart web 2.0.0 needs Kubernetes >=1.36.0-0, and the cluster has v1.35.7+rke2r1 (kubeVersion", "nonsense": "",
	} {
		got := say(versions.CheckKubeVersion(web, constraint, "v1.35.7+rke2r1"))
		if !strings.HasPrefix(got, want) || (want == "") != (got == "") {
			t.Errorf("%q: got %q, want %q", constraint, got, want)
		}
	}
}

func TestCheckTogether(t *testing.T) {
	t.Parallel()
	piece := func(text string) versions.Piece {
		name, version, _ := strings.Cut(text, " ")
		return versions.Piece{Name: name, Version: version}
	}
	for pair, want := range map[string]string{
		"istiod 1.30.3 + base 1.30.1":                                      "",
		"istiod 1.30.3 + base 1.29.0":                                      "hard: chart base 1.29.0",
		"istiod 1.29.0 + base 1.30.3":                                      "",
		"istiod 1.30.3 + gateway 1.29.1":                                   "",
		"istiod 1.30.3 + gateway 1.28.1":                                   "soft: chart gateway 1.28.1 is more than one",
		"istiod 1.17.1 + gateway 1.30.3":                                   "soft: chart gateway 1.30.3 is newer",
		"istiod 1.30.3 + ztunnel 1.31.0":                                   "hard: ztunnel 1.31.0 is newer",
		"istiod 1.30.3 + ztunnel 1.28.0":                                   "soft: ztunnel 1.28.0",
		"istiod 1.30.3 + cni 1.29.0":                                       "",
		"istiod 1.30.3 + cni 1.17.1":                                       "soft: chart cni 1.17.1",
		"kiali-operator 2.29.0 + istiod 1.30.3":                            "",
		"kiali-operator 1.64.0 + istiod 1.17.1":                            "",
		"kiali-operator 2.29.0 + istiod 1.17.1":                            "hard: Kiali 2.29.0 with Istio 1.17.1: Kiali needs Istio 1.22",
		"kiali-operator 1.64.0 + istiod 1.30.3":                            "soft: Kiali 1.64.0 with Istio 1.30.3",
		"kiali-operator 1.63.1 + istiod 1.17.1":                            "soft: Kiali 1.63.1 with Istio 1.17.1: avoid",
		"opentelemetry-operator 0.122.0 + opentelemetry-collector 0.158.0": "",
		"opentelemetry-operator 0.24.0 + opentelemetry-collector 0.71.0":   "",
		"opentelemetry-operator 0.24.0 + opentelemetry-collector 0.158.0":  "soft: collector 0.158.0 is newer than the operator, 0.70.0",
		"opentelemetry-operator 0.50.0 + opentelemetry-collector 0.158.0":  "",
		"metallb 0.13.9 + istiod 1.30.3":                                   "",
		"istiod latest + gateway 1.30.3":                                   "",
	} {
		a, b, _ := strings.Cut(pair, " + ")
		for _, got := range []string{say(versions.CheckTogether(piece(a), piece(b))), say(versions.CheckTogether(piece(b), piece(a)))} {
			if !strings.HasPrefix(got, want) || (want == "") != (got == "") {
				t.Errorf("%s: got %q, want %q", pair, got, want)
			}
		}
	}
}

// What a profile pins has to satisfy every rule.
func TestProfiles_BreakNoRule(t *testing.T) {
	t.Parallel()
	for _, name := range versions.Names() {
		p, err := versions.Get(name)
		if err != nil {
			t.Fatal(err)
		}
		for _, a := range p.ChartKeys() {
			first := versions.Piece{Name: p.Chart(a).Name, Version: p.Chart(a).Version}
			if got := say(versions.CheckCluster(first, p.RKE2)); got != "" {
				t.Errorf("%s: %s", name, got)
			}
			for _, b := range p.ChartKeys() {
				if got := say(versions.CheckTogether(first, versions.Piece{Name: p.Chart(b).Name, Version: p.Chart(b).Version})); got != "" {
					t.Errorf("%s: %s", name, got)
				}
			}
		}
	}
}
