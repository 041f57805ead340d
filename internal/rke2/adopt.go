package rke2

import (
	"github.com/dxlab/terraform-provider-lab/internal/fault"
)

// mayInstall tells why the node must not be installed where this was found: an RKE2 of somebody else, one of ours
// that came to its end in another run, or data of a former one. A half-done job of ours is simply continued.
func mayInstall(n Node, o Observed, adopt bool) error {
	switch {
	case !o.Installed && !o.HasData:
		return nil
	case o.Role != "" && o.Role != n.Role && (o.Unit.Active != "" || o.HasData):
		return fault.Newf(fault.Conflict, "found %s: the machine cannot become %s; uninstall it first", o, n.Role.article())
	case o.ByUs && !o.Complete, adopt:
		return mayAdopt(n, o)
	case !o.Installed:
		return fault.Newf(fault.Conflict, "found data of an earlier RKE2 in %s: a new one would start with it; remove it, or adopt what is there", o.DataDir)
	case o.ByUs:
		return fault.Newf(fault.Conflict, "found %s, installed by an earlier run and perhaps managed by another configuration: import it, adopt it or uninstall it first", o)
	}
	return fault.Newf(fault.Conflict, "found %s that somebody else installed: adopt it, import it or uninstall it first", o)
}

// mayAdopt tells why what was found cannot be carried on.
func mayAdopt(n Node, o Observed) error {
	if o.DataDir != n.dataDir() && o.HasData {
		return fault.Newf(fault.Conflict, "found %s with its data in %s, not in %s: data does not move", o, o.DataDir, n.dataDir())
	}
	return nil
}

// mayReplace tells why the release on the disk must not be replaced by the version that was chosen.
func mayReplace(n Node, o Observed, version string) error {
	if o.Version == "" || o.Version == version {
		return nil
	}
	if o.RPM {
		return fault.Newf(fault.Conflict, "RKE2 %s came as a package and cannot be replaced by %s here: upgrade it with the package manager", o.Version, version)
	}
	if !o.HasData {
		return nil
	}
	return CheckUpgrade(n.Role, o.Version, version)
}
