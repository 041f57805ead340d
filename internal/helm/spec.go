package helm

import (
	"time"

	"github.com/dxlab/terraform-provider-lab/internal/object"
)

// Spec is a release as it should be.
type Spec struct {
	// Release and Namespace name the release. The namespace must exist.
	Release, Namespace string
	// Chart is what to install.
	Chart ChartRef
	// Values are laid over the chart's defaults. They are never changed.
	Values map[string]any
	// SecretValues are merged over Values at the last moment; none of them appears in an error or a log.
	SecretValues map[string]any
	// SkipCRDs leaves the chart's crds/ folder alone, for callers that apply it themselves (see [Charts.CRDs]).
	// Helm only ever creates those objects, it never upgrades them.
	SkipCRDs bool
	// Description is kept with the revision; empty means Helm's own words.
	Description string
	// Timeout bounds each hook; zero means five minutes, as in Helm.
	Timeout time.Duration
	// Adopt takes over objects that exist already and, in [Client.Install], a release that exists already.
	Adopt bool
	// Labels are put on the release's record.
	Labels map[string]string
}

// ChartRef says which chart.
type ChartRef struct {
	// Repository is an https:// or http:// chart repository or an oci:// registry path without the chart's name.
	// When it is empty, Name is a local path.
	Repository string
	// Name is the chart's name, or the path of a directory or .tgz archive.
	Name string
	// Version is a version or a constraint such as "~1.2"; empty means the newest stable version.
	Version string
	// Digest locks the chart: the sha256 of its archive, "sha256:<hex>" or only the hex digits. Empty does not lock.
	Digest string
	// Direct takes the chart from Repository itself, whatever mirror or exception there is: somebody named it for this
	// very chart. It does not get the credentials of a mirror.
	Direct bool
}

// UninstallSpec says which release to remove.
type UninstallSpec struct {
	Release, Namespace string
	// KeepHistory keeps the record of the release, marked uninstalled.
	KeepHistory bool
	// Timeout bounds each hook; zero means five minutes.
	Timeout time.Duration
}

// Release is what a cluster's record says about a release.
type Release struct {
	Name, Namespace string
	// Chart, Version and AppVersion are the chart's name, version and the version of what it installs.
	Chart, Version, AppVersion string
	// Status is Helm's word: deployed, failed, pending-install, superseded, uninstalled, ...
	Status string
	// Description is what the last operation left to say, such as the reason of a failure.
	Description string
	// Revision counts up from 1.
	Revision int
	// ChartDigest is "sha256:<hex>" of the archive that was installed; empty when somebody else installed it.
	ChartDigest string
	// Objects is the stored manifest, parsed, with namespaces filled in. Hooks are not part of it.
	Objects []object.Object
	Hooks   []Hook
	// Values are what the installer gave, without the chart's defaults. They may hold secrets.
	Values map[string]any
	// Notes is the rendered NOTES.txt. It may hold secrets.
	Notes string
	// Labels are those of [Spec.Labels].
	Labels map[string]string
	// Updated is when the last operation began.
	Updated time.Time
	// Healed says in words what [Client.Apply] had to repair first; empty when nothing.
	Healed string
}

// Hook is an object that Helm makes at certain moments, outside the manifest.
type Hook struct {
	Ref    object.Ref
	Object object.Object
	// Events are Helm's names: pre-install, post-upgrade, test, ...
	Events []string
	Weight int
	// DeletePolicies are Helm's names: before-hook-creation, hook-succeeded, hook-failed.
	DeletePolicies []string
	// LastRun is Running, Succeeded, Failed, Unknown, or empty for never.
	LastRun string
}

// RenderOptions say for which cluster to render.
type RenderOptions struct {
	// KubeVersion is the cluster's version; empty means the one Helm was built with.
	KubeVersion string
	// APIVersions are added to Helm's built-in list: "monitoring.coreos.com/v1", "apps/v1/Deployment".
	APIVersions []string
	// Upgrade renders as for an upgrade (.Release.IsUpgrade).
	Upgrade bool
	// Lookup lets templates look at the live cluster, which needs [Options.Getter]. Without it every lookup
	// finds nothing.
	Lookup bool
}

// Rendered is what a chart would put on a cluster.
type Rendered struct {
	Chart Chart
	// Manifest holds the objects of the release, namespaces filled in.
	Manifest []object.Object
	// CRDs is the chart's crds/ folder, those of disabled dependencies left out.
	CRDs  []object.Object
	Hooks []Hook
	Notes string
	// Unstable names the objects whose content differs from one rendering to the next, because the chart makes
	// up passwords or certificates. What is planned for them must stay open.
	Unstable []object.Ref
}

// Chart is a chart archive that is here.
type Chart struct {
	Name, Version string
	// Digest is "sha256:<hex>" of the archive; of a local directory, of its files.
	Digest string
	// AppVersion is the version of what the chart installs.
	AppVersion string
	// KubeVersion is the chart's constraint on the cluster's version; empty means any.
	KubeVersion string
	// Path is where the archive lies, in the cache or where the user has it.
	Path string
}
