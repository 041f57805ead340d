// Package cluster knows how to put a component on a cluster, read it back, find what differs and take it off.
//
// It is the engine: components say what they are, resources say when, and everything in between is here once.
package cluster

import (
	"context"
	"log/slog"
	"time"

	"github.com/dxlab/terraform-provider-lab/internal/helm"
	"github.com/dxlab/terraform-provider-lab/internal/kube"
	"github.com/dxlab/terraform-provider-lab/internal/object"
)

// Cluster is one reachable Kubernetes cluster.
type Cluster struct {
	kube  Objects
	helm  Releases
	lists *lists
	log   *slog.Logger
}

// Objects is what the engine needs of a cluster's API; *kube.Client has it.
type Objects interface {
	UID(ctx context.Context) (string, error)
	Version(ctx context.Context) (string, error)
	Exists(ctx context.Context, apiVersion, kind string) (bool, error)
	Apply(ctx context.Context, o object.Object, opts kube.ApplyOptions) (object.Object, error)
	Get(ctx context.Context, ref object.Ref) (object.Object, error)
	List(ctx context.Context, o kube.ListOptions) ([]object.Object, error)
	ListMeta(ctx context.Context, o kube.ListOptions) ([]kube.Meta, error)
	Patch(ctx context.Context, ref object.Ref, kind kube.PatchType, patch []byte) (object.Object, error)
	Delete(ctx context.Context, ref object.Ref, o kube.DeleteOptions) error
	Drain(ctx context.Context, node string, timeout time.Duration) error
	Wait(ctx context.Context, conditions []kube.Condition, o kube.WaitOptions) error
}

// Releases is what the engine needs of Helm; *helm.Client has it.
type Releases interface {
	Get(ctx context.Context, namespace, release string) (helm.Release, error)
	Apply(ctx context.Context, s helm.Spec) (helm.Release, error)
	Uninstall(ctx context.Context, s helm.UninstallSpec) error
	CRDs(ctx context.Context, ref helm.ChartRef, values map[string]any) ([]object.Object, error)
}

// New makes the engine for one cluster. It does not dial.
func New(k Objects, h Releases, log *slog.Logger) *Cluster {
	return &Cluster{kube: k, helm: h, lists: newLists(k), log: log}
}

// UID returns the UID of namespace kube-system, which names a cluster for its whole life.
func (c *Cluster) UID(ctx context.Context) (string, error) { return c.kube.UID(ctx) }

// Version returns the version of the API server, such as "v1.35.7+rke2r1".
func (c *Cluster) Version(ctx context.Context) (string, error) { return c.kube.Version(ctx) }

// InstallOptions steer one installation.
type InstallOptions struct {
	// Known is what the last run left behind; its zero value means a first installation.
	Known Known
	// Adopt takes over objects that exist already and that something else made.
	Adopt bool
	// OnStep is called with the name of each step as it begins; it may be nil.
	OnStep func(name string)
	// OnDoubt is called with what was last seen of a condition with Gate that did not come to hold in time; it may be nil.
	OnDoubt func(seen string)
}

// RemoveOptions steer a removal.
type RemoveOptions struct {
	Known Known
	// Namespaces removes the component's namespaces as well, when nothing else is left in them.
	Namespaces bool
	// CRDs removes the custom resource definitions that the charts brought and would leave behind, and with them every
	// object of their kinds.
	CRDs bool
	// OnKept is called with each object of the component that stays on the cluster; it may be nil.
	OnKept func(object.Ref)
	// Force removes a component that other objects still use.
	Force  bool
	OnStep func(name string)
}

// DriftMode says how a read looks for differences.
type DriftMode string

// The modes.
const (
	// DriftFind looks at everything that changed since it was last verified.
	DriftFind DriftMode = "find"
	// DriftSkip reads releases and outputs alone.
	DriftSkip DriftMode = "skip"
)

// ReadOptions steer a read.
type ReadOptions struct {
	Known Known
	Drift DriftMode
	// Shared takes what another read has listed in the last seconds, unless this process has written to the cluster: for
	// the refresh of many components at once.
	Shared bool
}

// Known is what a run leaves behind for the next one, without secrets. It is stored as JSON in private state.
type Known struct {
	// Objects are the objects that the component owns itself, outside of its releases.
	Objects []object.Ref `json:"objects,omitempty"`
	// Labelled are the labels that the component has put on objects of others.
	Labelled []Labelled `json:"labelled,omitempty"`
	// Verified maps an object's mark, a short hash of its name, to the resourceVersion at which it was last found to
	// be as wanted, and the digest of what was wanted.
	Verified map[string]string `json:"verified,omitempty"`
	// Releases maps namespace/name to the revision that Verified belongs to.
	Releases map[string]int `json:"releases,omitempty"`
}

// Observed is what a component looks like on the cluster.
type Observed struct {
	// Charts has one entry for each chart of the component, in its order.
	Charts []ChartObserved
	// Objects maps each object ("Deployment istio-system/istiod") to a digest of what it is wanted to be.
	Objects map[string]string
	// Drift says in words what differs from what is wanted, one line a difference, sorted.
	Drift []string
	// Outputs has the component's outputs by name; one that is not there yet is missing.
	Outputs map[string]string
	// Known is to be kept for the next run.
	Known Known
}

// ChartObserved is what is known of one release.
type ChartObserved struct {
	Release, Namespace         string
	Chart, Version, AppVersion string
	// Digest is the sha256 of the chart's archive; empty when this read did not need the archive.
	Digest   string
	Status   string
	Revision int
	Updated  time.Time
	// Healed says what was repaired by this run, empty when nothing was.
	Healed string
}
