// Package reach knows how to get to hosts and clusters, and keeps every connection that it makes for the life of
// the process: one SSH connection a host, one client a cluster, one chart cache.
package reach

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"golang.org/x/sync/singleflight"

	"github.com/dxlab/terraform-provider-lab/internal/cluster"
	"github.com/dxlab/terraform-provider-lab/internal/fault"
	"github.com/dxlab/terraform-provider-lab/internal/helm"
	"github.com/dxlab/terraform-provider-lab/internal/host"
	"github.com/dxlab/terraform-provider-lab/internal/k3d"
	"github.com/dxlab/terraform-provider-lab/internal/kube"
	"github.com/dxlab/terraform-provider-lab/internal/object"
	"github.com/dxlab/terraform-provider-lab/internal/rke2"
)

// Settings say how to reach things. They are plain values; where they come from is the provider's business.
type Settings struct {
	SSH    host.Options
	Kube   kube.Config
	Charts helm.ChartsOptions
	// Unknown lists provider attributes whose values are not known yet, such as "ssh.private_key".
	Unknown []string
	Logger  *slog.Logger
}

// Reference names a cluster without secrets. With no Host the Kube settings serve.
type Reference struct {
	// UID is the UID of namespace kube-system, empty when it is not known.
	UID string
	// Host, Port, User and HostKey say over which node the cluster is reached.
	Host, User, HostKey string
	Port                int
	// Address is the node's own address, for those who reach the API without SSH.
	Address string
	// KubeconfigPath is the admin kubeconfig on the host, empty for RKE2's. The server that such a file names is dialled
	// from the host.
	KubeconfigPath string
}

// String names the cluster for messages.
func (r Reference) String() string {
	if r.Host == "" {
		return "the cluster of the provider's kubernetes block"
	}
	return "the cluster of host " + r.Host
}

func (r Reference) target() host.Target {
	return host.Target{Host: r.Host, Port: r.Port, User: r.User, HostKey: r.HostKey}
}

// door is how a cluster is reached: one host may serve several.
type door struct {
	host       host.Target
	kubeconfig string
}

func (r Reference) door() door { return door{host: r.target(), kubeconfig: r.KubeconfigPath} }

// Reach keeps the connections of one process. Its methods may be called concurrently.
type Reach struct {
	settings Settings
	pool     *host.Pool
	charts   *helm.Charts
	dials    singleflight.Group

	mu       sync.Mutex
	clusters map[door]*connection
}

type connection struct {
	engine *cluster.Cluster
	client *kube.Client
	uid    string
	err    error
	at     time.Time
}

// failureLife is how long a cluster that could not be reached is not tried again: long enough that the many
// resources of one refresh do not each wait for the same dead host, short enough for a node that is coming up.
const failureLife = 5 * time.Second

// New makes a Reach. It does not dial.
func New(s Settings) *Reach {
	return &Reach{settings: s, pool: host.NewPool(s.SSH), charts: helm.NewCharts(s.Charts), clusters: map[door]*connection{}}
}

// Node returns the host of a node. It does not dial.
func (r *Reach) Node(t host.Target) *host.Host { return r.pool.Host(t) }

// NodeStats counts what was done over SSH so far.
func (r *Reach) NodeStats() host.Stats { return r.pool.Stats() }

// Charts returns the chart cache.
func (r *Reach) Charts() *helm.Charts { return r.charts }

// Cluster returns the engine of a cluster whose live UID has been compared with the reference's. An error of kind
// fault.NotFound means that the recorded cluster is gone: something else answers at its place.
func (r *Reach) Cluster(ctx context.Context, ref Reference) (*cluster.Cluster, error) {
	c, err := r.connect(ctx, ref)
	if err != nil {
		return nil, fmt.Errorf("reaching %s: %w", ref, err)
	}
	if ref.UID == "" || ref.UID == c.uid {
		return c.engine, nil
	}
	if ref.Host == "" {
		return nil, fault.Newf(fault.Conflict, "the provider's kubernetes block reaches cluster %s, but this resource was made on cluster %s; "+
			"select the right kubeconfig context, or remove the resource from the state if that cluster is gone", c.uid, ref.UID)
	}
	return nil, fault.Newf(fault.NotFound, "host %s now serves cluster %s; cluster %s, which this resource was made on, is gone", ref.Host, c.uid, ref.UID)
}

// Client returns the Kubernetes client of a cluster, checked like [Reach.Cluster].
func (r *Reach) Client(ctx context.Context, ref Reference) (*kube.Client, error) {
	if _, err := r.Cluster(ctx, ref); err != nil {
		return nil, err
	}
	c, err := r.connect(ctx, ref)
	if err != nil {
		return nil, err
	}
	return c.client, nil
}

// Kubeconfig reads a cluster's admin kubeconfig over SSH. Its server address is the node's own where the reference
// says it, because the file names 127.0.0.1. The kubeconfig of another cluster than RKE2's is given as it is.
func (r *Reach) Kubeconfig(ctx context.Context, ref Reference) ([]byte, error) {
	raw, err := r.adminKubeconfig(ctx, ref)
	if err != nil {
		return nil, fmt.Errorf("reaching %s: %w", ref, err)
	}
	if ref.KubeconfigPath != "" {
		return raw, nil
	}
	address := ref.Address
	if address == "" {
		address = ref.Host
	}
	return rke2.KubeconfigAt(raw, address)
}

// Forget drops what is cached of a cluster, after its node was installed, restarted or removed.
func (r *Reach) Forget(ref Reference) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.clusters, ref.door())
}

// Close ends all connections.
func (r *Reach) Close() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	var errs []error
	for _, c := range r.clusters {
		if c.client != nil {
			errs = append(errs, c.client.Close())
		}
	}
	return errors.Join(append(errs, r.pool.Close())...)
}

func (r *Reach) connect(ctx context.Context, ref Reference) (*connection, error) {
	key := ref.door()
	if c := r.cached(key); c != nil {
		return c, c.err
	}
	done := r.dials.DoChan(fmt.Sprint(key), func() (any, error) {
		if c := r.cached(key); c != nil {
			return c, nil
		}
		// The first caller's cancellation must not fail the others that wait for the same connection.
		c := r.dial(context.WithoutCancel(ctx), ref)
		r.mu.Lock()
		defer r.mu.Unlock()
		r.clusters[key] = c
		return c, nil
	})
	select {
	case <-ctx.Done():
		return nil, ctx.Err()
	case result := <-done:
		c, ok := result.Val.(*connection)
		if !ok {
			return nil, result.Err
		}
		return c, c.err
	}
}

func (r *Reach) cached(key door) *connection {
	r.mu.Lock()
	defer r.mu.Unlock()
	c := r.clusters[key]
	if c == nil || (c.err != nil && time.Since(c.at) > failureLife) {
		return nil
	}
	return c
}

// dialTimeout bounds the way to a cluster's first answer.
const dialTimeout = 30 * time.Second

func (r *Reach) dial(ctx context.Context, ref Reference) *connection {
	ctx, cancel := context.WithTimeout(ctx, dialTimeout)
	defer cancel()
	c := &connection{at: time.Now()}
	if c.client, c.err = r.client(ctx, ref); c.err != nil {
		return c
	}
	if c.uid, c.err = c.client.UID(ctx); c.err != nil {
		c.err = r.orGone(ctx, ref, c.err)
		return c
	}
	releases := helm.New(helm.Options{Getter: c.client.RESTClientGetter(), Charts: r.charts, Logger: r.settings.Logger})
	c.engine = cluster.New(identified{c.client, c.uid}, chartedReleases{releases}, r.settings.Logger)
	return c
}

// orGone asks the host of a k3d cluster that does not answer whether there still is one: its kubeconfig outlives it.
func (r *Reach) orGone(ctx context.Context, ref Reference, unreachable error) error {
	name, ours := k3d.NameAt(ref.KubeconfigPath)
	if !ours || !fault.Is(unreachable, fault.Unreachable) {
		return unreachable
	}
	if seen, err := k3d.Read(ctx, r.pool.Host(ref.target()), k3d.Cluster{Name: name}); err != nil || seen.Found {
		return unreachable
	}
	return fault.Newf(fault.NotFound, "there is no k3d cluster %s any more", name)
}

func (r *Reach) client(ctx context.Context, ref Reference) (*kube.Client, error) {
	config := r.settings.Kube
	if ref.Host != "" {
		kubeconfig, err := r.adminKubeconfig(ctx, ref)
		if err != nil {
			return nil, err
		}
		config = kube.Config{
			Kubeconfig: kubeconfig, Dial: r.pool.Host(ref.target()).DialContext,
			UserAgent: config.UserAgent, QPS: config.QPS, Burst: config.Burst, Logger: config.Logger,
		}
	}
	return kube.New(config)
}

func (r *Reach) adminKubeconfig(ctx context.Context, ref Reference) ([]byte, error) {
	if ref.KubeconfigPath != "" {
		return r.pool.Host(ref.target()).ReadFile(ctx, ref.KubeconfigPath)
	}
	return rke2.Kubeconfig(ctx, r.pool.Host(ref.target()))
}

// identified is a client of a cluster whose UID was read when it was dialled. It is asked for once: what is behind a door
// is dialled anew when it may have changed (see [Reach.Forget]).
type identified struct {
	*kube.Client
	uid string
}

func (c identified) UID(context.Context) (string, error) { return c.uid, nil }

// chartedReleases gives a Helm client the chart cache's answer about CRDs, which the engine asks for in one place.
type chartedReleases struct{ *helm.Client }

func (c chartedReleases) CRDs(ctx context.Context, ref helm.ChartRef, values map[string]any) ([]object.Object, error) {
	return c.Charts().CRDsFor(ctx, ref, values)
}
