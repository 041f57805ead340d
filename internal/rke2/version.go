package rke2

import (
	"fmt"
	"regexp"
	"strconv"

	"github.com/Masterminds/semver/v3"

	"github.com/dxlab/terraform-provider-lab/internal/fault"
)

// Version is one RKE2 release: a Kubernetes version and a revision of RKE2's own, "v1.35.7+rke2r1".
type Version struct {
	kube     *semver.Version
	revision uint64
}

var revisionPattern = regexp.MustCompile(`^rke2r(\d+)$`)

// ParseVersion reads a version with or without its leading v. An error is of kind fault.Invalid.
func ParseVersion(text string) (Version, error) {
	parsed, err := semver.NewVersion(text)
	if err != nil {
		return Version{}, fault.Newf(fault.Invalid, "%q is not an RKE2 version: they read like v1.35.7+rke2r1", text)
	}
	match := revisionPattern.FindStringSubmatch(parsed.Metadata())
	if match == nil {
		return Version{}, fault.Newf(fault.Invalid, "%q is not an RKE2 version: it lacks the revision, as in v%d.%d.%d+rke2r1; for the newest release of a minor use the channel v%d.%d",
			text, parsed.Major(), parsed.Minor(), parsed.Patch(), parsed.Major(), parsed.Minor())
	}
	revision, err := strconv.ParseUint(match[1], 10, 32)
	if err != nil {
		return Version{}, fault.Newf(fault.Invalid, "%q is not an RKE2 version: %w", text, err)
	}
	kube, err := parsed.SetMetadata("")
	if err != nil {
		return Version{}, fault.Newf(fault.Invalid, "%q is not an RKE2 version: %w", text, err)
	}
	return Version{kube: &kube, revision: revision}, nil
}

// normalVersion writes a version as RKE2 does; what is none stays as it is.
func normalVersion(text string) string {
	version, err := ParseVersion(text)
	if err != nil {
		return text
	}
	return version.String()
}

// String writes the version as RKE2 names its releases.
func (v Version) String() string { return fmt.Sprintf("v%s+rke2r%d", v.kube, v.revision) }

// Minor is the Kubernetes minor, "v1.35", which is also the name of its channel.
func (v Version) Minor() string { return fmt.Sprintf("v%d.%d", v.kube.Major(), v.kube.Minor()) }

// Compare returns -1, 0 or +1. Semantic versioning ignores what follows a plus; RKE2's revisions do count.
func (v Version) Compare(other Version) int {
	if c := v.kube.Compare(other.kube); c != 0 {
		return c
	}
	switch {
	case v.revision < other.revision:
		return -1
	case v.revision > other.revision:
		return 1
	}
	return 0
}

// CheckUpgrade says whether a node of the role may go from one version to another in place. Kubernetes supports
// neither downgrades nor, for control planes, skipped minors (rke2-docs: docs/upgrades/roll-back.md and
// kubernetes.io/releases/version-skew-policy); kubelets may skip. A refusal is of kind fault.Invalid and says what
// to do instead.
func CheckUpgrade(role Role, from, to string) error {
	old, err := ParseVersion(from)
	if err != nil {
		return err
	}
	next, err := ParseVersion(to)
	if err != nil {
		return err
	}
	switch {
	case next.Compare(old) < 0:
		return fault.Newf(fault.Invalid, "RKE2 %s cannot be replaced by the older %s: a downgrade needs an etcd snapshot taken on the older version", old, next)
	case next.kube.Major() != old.kube.Major():
		return fault.Newf(fault.Invalid, "RKE2 %s cannot be upgraded to %s: the major version differs", old, next)
	case role == Server && next.kube.Minor() > old.kube.Minor()+1:
		return fault.Newf(fault.Invalid, "RKE2 %s cannot be upgraded to %s at once: servers must not skip a minor version; go through v%d.%d first",
			old, next, old.kube.Major(), old.kube.Minor()+1)
	}
	return nil
}

// CheckSkew says whether an agent of one version may join servers of another: never newer, and at most three minors
// older. A refusal is of kind fault.Invalid.
func CheckSkew(server, agent string) error {
	s, err := ParseVersion(server)
	if err != nil {
		return err
	}
	a, err := ParseVersion(agent)
	if err != nil {
		return err
	}
	switch {
	case a.kube.Major() != s.kube.Major() || a.kube.Minor() > s.kube.Minor():
		return fault.Newf(fault.Invalid, "agent %s is newer than its server %s: upgrade the servers first", a, s)
	case s.kube.Minor()-a.kube.Minor() > 3:
		return fault.Newf(fault.Invalid, "agent %s is more than three minor versions older than its server %s", a, s)
	}
	return nil
}
