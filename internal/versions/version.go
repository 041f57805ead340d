package versions

import (
	"github.com/Masterminds/semver/v3"

	"github.com/dxlab/terraform-provider-lab/internal/fault"
)

// Version is a parsed version of a chart or of Kubernetes.
type Version struct{ v *semver.Version }

// Parse reads "1.30.3", "v0.16.1", "v1.35.7+rke2r1" or "1.31.0-rc.0"; anything else is [fault.Invalid].
func Parse(version string) (Version, error) {
	v, err := semver.NewVersion(version)
	if err != nil {
		return Version{}, fault.Newf(fault.Invalid, "%q is not a version: %w", version, err)
	}
	return Version{v}, nil
}

// AtLeast compares the three numbers only: a release candidate of 1.31.0 already counts as 1.31.0, because upstream
// changes a chart's layout before it cuts the candidate.
func (v Version) AtLeast(major, minor, patch uint64) bool {
	return v.release().Compare(semver.New(major, minor, patch, "", "")) >= 0
}

// minorsBehind counts the minor versions from v up to other; negative when v is the newer one. A major version counts
// as many.
func (v Version) minorsBehind(other Version) int {
	const many = 1000
	return many*(int(other.v.Major())-int(v.v.Major())) + int(other.v.Minor()) - int(v.v.Minor()) //nolint:gosec // versions are small
}

// String returns the version as it was written.
func (v Version) String() string { return v.v.Original() }

func (v Version) release() *semver.Version {
	return semver.New(v.v.Major(), v.v.Minor(), v.v.Patch(), "", "")
}
