package versions_test

import (
	"strings"
	"testing"

	"github.com/Masterminds/semver/v3"

	"github.com/dxlab/terraform-provider-lab/internal/fault"
	"github.com/dxlab/terraform-provider-lab/internal/versions"
)

func TestGet_KnowsEveryNamedProfile(t *testing.T) {
	t.Parallel()
	for _, name := range versions.Names() {
		p, err := versions.Get(name)
		if err != nil {
			t.Fatal(err)
		}
		if p.Name != name {
			t.Errorf("asked for %s, got %s", name, p.Name)
		}
	}
	if got := versions.Default().Name; got != versions.Current {
		t.Errorf("the default profile is %s", got)
	}
}

func TestGet_NamesTheProfilesThereAre(t *testing.T) {
	t.Parallel()
	_, err := versions.Get("next")
	if !fault.Is(err, fault.Invalid) {
		t.Fatalf("got %v", err)
	}
	for _, name := range versions.Names() {
		if !strings.Contains(err.Error(), name) {
			t.Errorf("%q does not name %s", err, name)
		}
	}
}

// Every profile's own RKE2 release has to satisfy the profile and each of its charts.
func TestProfiles_AreCompatibleWithThemselves(t *testing.T) {
	t.Parallel()
	for _, name := range versions.Names() {
		p, err := versions.Get(name)
		if err != nil {
			t.Fatal(err)
		}
		constraint, err := semver.NewConstraint(p.Kubernetes)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		release, _, _ := strings.Cut(p.RKE2, "+")
		if !constraint.Check(semver.MustParse(release)) {
			t.Errorf("%s: RKE2 %s is outside %s", name, p.RKE2, p.Kubernetes)
		}
		for _, key := range p.ChartKeys() {
			chart := p.Chart(key)
			if err := chart.CheckKubernetes(p.RKE2); err != nil {
				t.Errorf("%s: %v", name, err)
			}
			if chart.Name == "" || chart.Version == "" || chart.Repository == "" || (chart.Kubernetes == "") != (chart.Source == "") || (chart.Tested == "") != (chart.TestedSource == "") {
				t.Errorf("%s: chart %s is incomplete: %+v", name, key, chart)
			}
		}
	}
}

func TestChart_CheckKubernetes(t *testing.T) {
	t.Parallel()
	chart := versions.Default().Chart(versions.Istiod)
	for _, version := range []string{"v1.32.0", "1.35.7", "v1.35.7+rke2r1", "v1.32.0-rc1+rke2r1"} {
		if err := chart.CheckKubernetes(version); err != nil {
			t.Errorf("%s: %v", version, err)
		}
	}
	for _, version := range []string{"v1.24.10+rke2r1", "v1.31.9"} {
		err := chart.CheckKubernetes(version)
		if !fault.Is(err, fault.Invalid) || !strings.Contains(err.Error(), ">= 1.32.0") {
			t.Errorf("%s: %v", version, err)
		}
	}
	if err := chart.CheckKubernetes("latest"); !fault.Is(err, fault.Invalid) {
		t.Errorf("got %v", err)
	}
}

func TestVersion_AtLeast(t *testing.T) {
	t.Parallel()
	for version, want := range map[string]bool{
		"0.14.8": false, "0.14.9": true, "v0.14.9": true, "0.14.9-rc.1": true, "0.15.0": true, "1.0.0": true, "0.13.12": false,
	} {
		v, err := versions.Parse(version)
		if err != nil {
			t.Fatal(err)
		}
		if got := v.AtLeast(0, 14, 9); got != want {
			t.Errorf("%s is at least 0.14.9: %v", v, got)
		}
	}
	for _, version := range []string{"", "newest", "1.2.3.4"} {
		if _, err := versions.Parse(version); !fault.Is(err, fault.Invalid) {
			t.Errorf("%q: %v", version, err)
		}
	}
}
