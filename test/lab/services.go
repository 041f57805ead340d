package lab

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"strconv"
	"time"

	"github.com/dxlab/terraform-provider-lab/test/lab/charts"
	"github.com/dxlab/terraform-provider-lab/test/lab/hosts"
	"github.com/dxlab/terraform-provider-lab/test/lab/release"
)

// Paths of the lab's services on its service port. Charts are below /charts and, as an OCI registry, below /v2/.
const (
	releasePath = "/release"
	chartsPath  = "/" + charts.Prefix
)

// startServices serves releases and charts on the hosts' network.
func (l *Lab) startServices(ctx context.Context, o Options) (err error) {
	o.Release.Logger, o.Charts.Logger = o.Logger, o.Logger
	if l.releases, err = release.New(o.Release); err != nil {
		return fmt.Errorf("preparing the releases: %w", err)
	}
	if l.charts, err = charts.New(o.Charts); err != nil {
		return fmt.Errorf("preparing the charts: %w", err)
	}
	mux := http.NewServeMux()
	mux.Handle(releasePath+"/", http.StripPrefix(releasePath, l.releases.Handler()))
	mux.Handle("/", l.charts.Handler())
	var config net.ListenConfig
	listener, err := config.Listen(ctx, "tcp", net.JoinHostPort(hosts.Gateway, strconv.Itoa(o.ServicePort)))
	if err != nil {
		return fmt.Errorf("listening for the lab's services: %w", err)
	}
	if l.services, err = netip.ParseAddrPort(listener.Addr().String()); err != nil {
		return fmt.Errorf("finding the address of the lab's services: %w", err)
	}
	server := &http.Server{
		Handler: mux, ReadHeaderTimeout: 10 * time.Second,
		ErrorLog: slog.NewLogLogger(o.Logger.Handler(), slog.LevelWarn),
	}
	l.running.Go(func() { _ = server.Serve(listener) })
	l.close = append(l.close, func(context.Context) error { return server.Close() })
	return nil
}

// BuildReleases builds the releases that the usual channels lead to, and the one of an older Kubernetes ("1.24", "" for none), when they
// are not in the cache. A lab would build them when they are asked for, but inside, where the compiler cannot fetch what it misses.
func BuildReleases(ctx context.Context, kubernetes string, progress func(string)) error {
	releases, err := release.New(release.Options{})
	if err != nil {
		return fmt.Errorf("preparing the releases: %w", err)
	}
	versions := []string{releases.Channels()["stable"], releases.Channels()["latest"]}
	if kubernetes != "" {
		versions = append(versions, Release(kubernetes))
	}
	for _, version := range versions {
		begin := time.Now()
		if _, err := releases.Dir(ctx, version); err != nil {
			return err
		}
		if took := time.Since(begin); took > time.Second {
			progress(fmt.Sprintf("built release %s (%s)", version, took.Round(time.Second)))
		}
	}
	return nil
}

// Releases are the releases that the lab serves; faults are set there.
func (l *Lab) Releases() *release.Releases { return l.releases }

// Charts are the charts that the lab serves; faults are set and requests counted there.
func (l *Lab) Charts() *charts.Repository { return l.charts }
