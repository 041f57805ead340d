// Package versions knows which versions belong together: the profiles, where their charts come from, and which
// Kubernetes versions they run on.
package versions

import (
	"fmt"
	"sort"
	"strings"

	"github.com/Masterminds/semver/v3"

	"github.com/dxlab/terraform-provider-lab/internal/fault"
)

// Chart is one pinned chart.
type Chart struct {
	// Name is the chart's name in its repository.
	Name string
	// Version is the chart's version and AppVersion the version of what it installs.
	Version, AppVersion string
	// Repository is the classic repository's address and OCI the registry path that ends above the chart's name.
	// OCI is empty where upstream publishes none.
	Repository, OCI string
	// Kubernetes is the range outside of which the chart cannot run, as a semver constraint, and Source says where
	// upstream states it.
	Kubernetes, Source string
	// Tested is the range that upstream tests, empty when it says none, and TestedSource where it says so. Outside of it
	// the chart may run.
	Tested, TestedSource string
}

// Profile is a set of versions that were made to work together.
type Profile struct {
	Name, Description string
	// RKE2 is the RKE2 release of the profile.
	RKE2 string
	// Kubernetes is the range in which all of the profile's charts can run, as a semver constraint.
	Kubernetes string
	// Charts are keyed by the constants of this package.
	Charts map[string]Chart
	// Images and Tools are keyed by the constants of this package: images of what has no chart, and versions of
	// command-line tools as their releases are tagged.
	Images, Tools map[string]string
}

// Names lists the profiles, newest first.
func Names() []string {
	names := make([]string, 0, len(profiles))
	for _, p := range profiles {
		names = append(names, p.Name)
	}
	return names
}

// Get returns a profile by name. An unknown name is [fault.Invalid] and lists the known ones.
func Get(name string) (Profile, error) {
	for _, p := range profiles {
		if p.Name == name {
			return p, nil
		}
	}
	return Profile{}, fault.Newf(fault.Invalid, "there is no version profile %q; the profiles are %s", name, strings.Join(Names(), ", "))
}

// Default returns the profile that is used when nobody names one.
func Default() Profile { return profiles[0] }

// Chart returns a chart of the profile, or the zero Chart when the profile has none. key is one of the constants of this package.
func (p Profile) Chart(key string) Chart { return p.Charts[key] }

// ChartKeys lists what the profile pins, sorted.
func (p Profile) ChartKeys() []string {
	keys := make([]string, 0, len(p.Charts))
	for key := range p.Charts {
		keys = append(keys, key)
	}
	sort.Strings(keys)
	return keys
}

// CheckKubernetes reports, as [fault.Invalid], when a chart does not run on a Kubernetes version such as
// "v1.35.7+rke2r1". A chart without a stated range runs everywhere.
func (c Chart) CheckKubernetes(version string) error {
	if c.Kubernetes == "" {
		return nil
	}
	v, err := Parse(version)
	if err != nil {
		return fmt.Errorf("kubernetes version: %w", err)
	}
	constraint, err := semver.NewConstraint(c.Kubernetes)
	if err != nil {
		return fmt.Errorf("range of chart %s: %w", c.Name, err)
	}
	if !constraint.Check(v.release()) {
		return fault.Newf(fault.Invalid, "chart %s %s needs Kubernetes %s, this is %s (%s)", c.Name, c.Version, c.Kubernetes, version, c.Source)
	}
	return nil
}
