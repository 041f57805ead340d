package helm

import (
	"fmt"
	"time"

	"helm.sh/helm/v3/pkg/release"

	"github.com/dxlab/terraform-provider-lab/internal/fault"
)

// method is how a release gets to be what it should be.
type method string

const (
	// install begins at revision 1.
	install method = "install"
	// replace installs over what a release left behind that never came to be, or that was taken off: install hooks
	// run, objects that are there already are put right.
	replace method = "replace"
	// upgrade goes on from what is deployed.
	upgrade method = "upgrade"
)

// step is what to do with a release as it was found.
type step struct {
	method method
	// settle is a revision that an interrupted run left unsettled, to be marked failed first; zero for none.
	settle int
	// healed says in words what is repaired.
	healed string
	// deployed tells that some revision has been in place, so that there may be data to lose.
	deployed bool
}

// decide says how to go on from the revisions of a release, newest first. Pending revisions younger than grace
// belong to somebody who is still at work: fault.Conflict.
func decide(revisions []record, now time.Time, grace time.Duration) (step, error) {
	if len(revisions) == 0 {
		return step{method: install}, nil
	}
	newest := revisions[0]
	status := newest.Info.Status
	age := now.Sub(newest.Info.LastDeployed.Time).Round(time.Second)
	out := step{method: upgrade, deployed: everDeployed(revisions)}
	switch {
	case status.IsPending() && age < grace:
		return step{}, fault.Newf(fault.Conflict,
			"somebody else is working on release %s/%s: revision %d is %s since %s; it counts as abandoned after %s",
			newest.Namespace, newest.Name, newest.Version, status, age, grace)
	case status.IsPending(), status == release.StatusUnknown:
		out.settle = newest.Version
		out.healed = fmt.Sprintf("revision %d was left %s by a run that was interrupted %s ago", newest.Version, status, age)
	case status == release.StatusUninstalling:
		out.settle, out.method = newest.Version, replace
		out.healed = fmt.Sprintf("the removal of revision %d was interrupted; installed again", newest.Version)
		return out, nil
	case status == release.StatusUninstalled:
		return step{method: replace}, nil
	case status == release.StatusFailed:
		out.healed = fmt.Sprintf("revision %d had failed", newest.Version)
	default:
		return out, nil
	}
	if out.deployed {
		out.healed += "; upgraded over it"
		return out, nil
	}
	out.method = replace
	out.healed += "; the first installation was repaired in place"
	return out, nil
}

// everDeployed reports whether some revision has been in place since the release was last taken off.
func everDeployed(revisions []record) bool {
	for _, r := range revisions {
		switch r.Info.Status {
		case release.StatusDeployed, release.StatusSuperseded, release.StatusUninstalling:
			return true
		case release.StatusUninstalled:
			return false
		}
	}
	return false
}
