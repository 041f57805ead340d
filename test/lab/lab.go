// Package lab knows how to run all that the provider's tests need on one machine: hosts, a release server, a chart
// server and a cluster, in namespaces of their own.
package lab

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"sync"
	"time"

	"github.com/dxlab/terraform-provider-lab/test/lab/charts"
	"github.com/dxlab/terraform-provider-lab/test/lab/hosts"
	"github.com/dxlab/terraform-provider-lab/test/lab/release"
)

// Options describe a lab.
type Options struct {
	Dir          string        // folder for the SSH key, known_hosts and the like
	Hosts        int           // how many
	Host         hosts.Options // what they are like; the name is not used
	ServicePort  int           // where releases and charts are served on hosts.Gateway, 0 for any free port
	Release      release.Options
	Charts       charts.Options
	ControlPlane string       // path of the control plane binary on this machine, "" for hosts without one
	Cluster      bool         // a cluster of the lab's own, besides those that are installed on hosts; needs ControlPlane
	ClusterPort  int          // where its API is served on hosts.Gateway, 0 for any free port
	Outside      *Outside     // addresses outside the lab's namespaces, nil for none
	Logger       *slog.Logger // nil for none
	Progress     func(string) // gets a line for each step, nil for none

	// Containers makes hosts on whose RKE2 nodes containers really run, of those images that the lab has; all other pods are simulated. What
	// BuildContainers builds must be in the cache.
	Containers bool

	// Kubernetes is an older Kubernetes ("1.24") for the lab's cluster and for the releases of that minor on hosts, "" for the control
	// plane's own. It has a binary of its own; KubernetesBinary is its path on this machine, "" for FindKubernetes.
	Kubernetes, KubernetesBinary string
}

// Lab is a running lab.
type Lab struct {
	dir        string
	hosts      []*hosts.Host
	key        hosts.Key
	releases   *release.Releases
	charts     *charts.Repository
	cluster    *Cluster // nil for none
	containers bool
	services   netip.AddrPort // of the release and chart server, inside
	block      netip.Prefix   // of the addresses outside, invalid when there are none
	ports      map[int]int    // outside, by those inside
	close      []func(context.Context) error
	running    sync.WaitGroup
}

// Start starts a lab on a rack. What it started is stopped again when it fails.
func Start(ctx context.Context, rack *hosts.Rack, o Options) (lab *Lab, err error) {
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.Progress == nil {
		o.Progress = func(string) {}
	}
	if err := o.findKubernetes(); err != nil {
		return nil, err
	}
	l := &Lab{dir: o.Dir, key: rack.Key()}
	defer func() {
		if err != nil {
			err = errors.Join(err, l.Close(ctx))
		}
	}()
	if err := l.startServices(ctx, o); err != nil {
		return nil, err
	}
	if o.Containers {
		if err := l.startContainers(ctx, &o); err != nil {
			return nil, err
		}
	}
	if err := l.startMachines(ctx, rack, o); err != nil {
		return nil, err
	}
	if o.Outside != nil {
		o.Progress("opening loopback addresses")
		if err := l.openOutside(ctx, o); err != nil {
			return nil, err
		}
	}
	if err := l.writeFiles(); err != nil {
		return nil, err
	}
	return l, nil
}

// Hosts are the lab's hosts in the order in which they were made.
func (l *Lab) Hosts() []*hosts.Host { return l.hosts }

// Close stops the lab, even when ctx has ended: hosts lose their power, the cluster, servers and addresses are closed. The files in its folder
// stay.
func (l *Lab) Close(ctx context.Context) error {
	var errs []error
	for i := len(l.close) - 1; i >= 0; i-- {
		errs = append(errs, l.close[i](ctx))
	}
	l.close = nil
	l.running.Wait()
	return errors.Join(errs...)
}

// startMachines starts the hosts, and the cluster at the same time.
func (l *Lab) startMachines(ctx context.Context, rack *hosts.Rack, o Options) error {
	begin := time.Now()
	if o.Cluster {
		if err := l.beginCluster(o); err != nil {
			return err
		}
	}
	if err := l.startHosts(ctx, rack, o); err != nil {
		return err
	}
	if o.Cluster {
		if err := l.cluster.waitReady(ctx); err != nil {
			return err
		}
		o.Progress(fmt.Sprintf("the lab's cluster is up (%s)", time.Since(begin).Round(10*time.Millisecond)))
	}
	return nil
}

func (l *Lab) startHosts(ctx context.Context, rack *hosts.Rack, o Options) error {
	options := o.Host
	options.Binds = o.binds()
	// built one after the other, so that their names and addresses are in order, and booted together
	options.Name, options.Off = "", true
	for range o.Hosts {
		host, err := rack.Add(ctx, options)
		if err != nil {
			return err
		}
		l.hosts = append(l.hosts, host)
		l.close = append(l.close, host.Close)
	}
	if o.Host.Off {
		return nil
	}
	errs := make([]error, len(l.hosts))
	var booting sync.WaitGroup
	for i, host := range l.hosts {
		booting.Go(func() {
			start := time.Now()
			if errs[i] = host.PowerOn(ctx); errs[i] == nil {
				o.Progress(fmt.Sprintf("host %s is up (%s)", host.Name(), time.Since(start).Round(10*time.Millisecond)))
			}
		})
	}
	booting.Wait()
	return errors.Join(errs...)
}
