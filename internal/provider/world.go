package provider

import (
	"context"
	"net/http"
	"time"

	"github.com/dxlab/terraform-provider-lab/internal/cluster"
	"github.com/dxlab/terraform-provider-lab/internal/component"
	"github.com/dxlab/terraform-provider-lab/internal/helm"
	"github.com/dxlab/terraform-provider-lab/internal/host"
	"github.com/dxlab/terraform-provider-lab/internal/kube"
	"github.com/dxlab/terraform-provider-lab/internal/object"
	"github.com/dxlab/terraform-provider-lab/internal/reach"
	"github.com/dxlab/terraform-provider-lab/internal/rke2"
)

// Engine is what resources need of a cluster; *cluster.Cluster is one.
type Engine interface {
	UID(ctx context.Context) (string, error)
	Version(ctx context.Context) (string, error)
	Install(ctx context.Context, c component.Component, o cluster.InstallOptions) (cluster.Observed, error)
	Read(ctx context.Context, c component.Component, o cluster.ReadOptions) (cluster.Observed, error)
	Remove(ctx context.Context, c component.Component, o cluster.RemoveOptions) error
	// DrainNode moves a node's pods away, where there is another node for them.
	DrainNode(ctx context.Context, name string, timeout time.Duration) error
	RemoveNode(ctx context.Context, name string) error
	// Users lists what would suffer from a removal and is not the component's own.
	Users(ctx context.Context, c component.Component, o cluster.RemoveOptions) ([]cluster.User, error)
	// Objects reads objects; those that are not there are left out.
	Objects(ctx context.Context, refs ...object.Ref) ([]object.Object, error)
	// List reads all objects of a kind.
	List(ctx context.Context, o cluster.ListOptions) ([]object.Object, error)
	Nodes(ctx context.Context) ([]cluster.Node, error)
	AwaitNode(ctx context.Context, name string, timeout time.Duration) error
}

// World is the machinery below the provider: hosts and clusters, found by reference.
type World interface {
	// Cluster returns an engine after comparing the live cluster with the reference.
	Cluster(ctx context.Context, ref reach.Reference) (Engine, error)
	// Node returns a machine without dialling it.
	Node(t host.Target) Machine
	// Host returns the same machine for what is kept there beside a node.
	Host(t host.Target) Host
	// Kubeconfig reads the admin kubeconfig of a cluster, fit for use from here.
	Kubeconfig(ctx context.Context, ref reach.Reference) ([]byte, error)
	// Charts finds charts, nil where there is nothing to find them with.
	Charts() *helm.Charts
	// HTTP returns a client whose requests go out that way; redirects are not followed.
	HTTP(ctx context.Context, ref reach.Reference, o reach.HTTPOptions) (*http.Client, error)
	// Forward opens a local port that leads into a cluster.
	Forward(ctx context.Context, ref reach.Reference, o kube.ForwardOptions) (*kube.LastingForward, error)
	// Logs reads the end of a container's log.
	Logs(ctx context.Context, ref reach.Reference, o kube.LogOptions) (string, error)
	// Forget drops what is cached of a cluster whose node was changed.
	Forget(ref reach.Reference)
	// Library returns the source of charts and files, without dialling it.
	Library() Library
}

// Library is where files come from; *helm.Charts is one.
type Library interface {
	// Download fetches a file and compares it with its digest, see [helm.Charts.Download].
	Download(ctx context.Context, address, digest string) ([]byte, error)
	// Files and Objects open a chart, see [helm.Charts.Files] and [helm.Charts.Objects].
	Files(ctx context.Context, ref helm.ChartRef) (map[string][]byte, helm.Chart, error)
	Objects(ctx context.Context, ref helm.ChartRef) ([]object.Object, helm.Chart, error)
}

// Machine is a host as far as RKE2 goes.
type Machine interface {
	// Install and Update make the machine the node, see [rke2.Install] and [rke2.Update].
	Install(ctx context.Context, n rke2.Node, o rke2.Options) (rke2.Outcome, error)
	Update(ctx context.Context, n rke2.Node, o rke2.Options) (rke2.Outcome, error)
	// Read compares the machine with the node.
	Read(ctx context.Context, n rke2.Node) (rke2.Observed, error)
	// Uninstall takes RKE2 off.
	Uninstall(ctx context.Context, o rke2.UninstallOptions) error
	// Token says where a node that joins this server gets its token.
	Token(role rke2.Role) rke2.TokenSource
}

// Host is a machine as far as everything but RKE2 goes; *host.Host is one.
type Host interface {
	String() string
	Run(ctx context.Context, command host.Command) (host.Result, error)
	ReadFile(ctx context.Context, path string) ([]byte, error)
	WriteFile(ctx context.Context, file host.File) (bool, error)
	Lock(ctx context.Context, options host.LockOptions) (*host.Lock, error)
}

// OpenWorld makes a World of settings, without dialling.
type OpenWorld func(reach.Settings) World

// live adapts package reach, whose methods return concrete types.
type live struct{ *reach.Reach }

func liveWorld(s reach.Settings) World { return live{reach.New(s)} }

func (l live) Cluster(ctx context.Context, ref reach.Reference) (Engine, error) {
	return l.Reach.Cluster(ctx, ref)
}

func (l live) Library() Library { return l.Charts() }

func (l live) Node(t host.Target) Machine { return machine{l.Reach.Node(t)} }

func (l live) Host(t host.Target) Host { return l.Reach.Node(t) }

// machine is a host over SSH.
type machine struct{ host rke2.Host }

func (m machine) Install(ctx context.Context, n rke2.Node, o rke2.Options) (rke2.Outcome, error) {
	return rke2.Install(ctx, m.host, n, o)
}

func (m machine) Update(ctx context.Context, n rke2.Node, o rke2.Options) (rke2.Outcome, error) {
	return rke2.Update(ctx, m.host, n, o)
}

func (m machine) Read(ctx context.Context, n rke2.Node) (rke2.Observed, error) {
	return rke2.Read(ctx, m.host, n)
}

func (m machine) Uninstall(ctx context.Context, o rke2.UninstallOptions) error {
	return rke2.Uninstall(ctx, m.host, o)
}

func (m machine) Token(role rke2.Role) rke2.TokenSource { return rke2.TokenFrom(m.host, role, "") }
