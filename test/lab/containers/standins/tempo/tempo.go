// Package tempo knows how to stand in for Tempo in one process: it reads tempo.yaml, takes spans on the receivers that it names, keeps them in
// memory, and answers Tempo's HTTP API. It is made from Tempo's documentation and source, and does not store, compact or generate
// metrics.
package tempo

import (
	"context"
	"flag"
	"fmt"
	"log/slog"
	"net"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"golang.org/x/sync/errgroup"

	"github.com/dxlab/terraform-provider-lab/test/lab/containers/standins/serve"
	"github.com/dxlab/terraform-provider-lab/test/lab/containers/standins/tempo/api"
	"github.com/dxlab/terraform-provider-lab/test/lab/containers/standins/tempo/receive"
	"github.com/dxlab/terraform-provider-lab/test/lab/containers/standins/tempo/store"
)

// Tempo's own times.
const (
	// minReady is how long an ingester waits before it calls itself ready (grafana/dskit:ring/lifecycler.go, min_ready_duration).
	minReady = 15 * time.Second
	// traceIdle is how long a trace must be quiet to be searched (tempo:modules/ingester/config.go@v2.10.8, trace_idle_period).
	traceIdle = 5 * time.Second
)

// Run serves until ctx ends. It takes Tempo's flags that the charts give it; Tempo ends at a flag that it does not know, and so does this.
func Run(ctx context.Context, args []string) error {
	flags := flag.NewFlagSet("tempo", flag.ContinueOnError)
	file := flags.String("config.file", "", "Configuration file to load")
	flags.Int("mem-ballast-size-mbs", 0, "Size of memory ballast to allocate in MBs. There is none here.")
	flags.Bool("config.expand-env", false, "Whether to expand environment variables in config file. They are not expanded here.")
	target := flags.String("target", "all", "target module")
	if err := flags.Parse(args); err != nil {
		return fmt.Errorf("failed parsing config: %w", err)
	}
	if *target != "all" {
		return fmt.Errorf("this stand-in is a single binary and has no target %q", *target)
	}
	s, text, err := readSettings(*file)
	if err != nil {
		return err
	}
	return run(ctx, s, text, pace{ready: minReady, idle: traceIdle}, func(name string, at net.Addr) {
		slog.InfoContext(ctx, "stand-in for tempo listens", "for", name, "address", at.String())
	})
}

// pace is how long it waits before it is ready, and before a trace is searched.
type pace struct{ ready, idle time.Duration }

// run serves until ctx ends or a part of it fails, and tells listening of each open port: "http" is the API's.
func run(ctx context.Context, s settings, text string, wait pace, listening func(string, net.Addr)) error {
	at, closed, err := s.endpoints()
	if err != nil {
		return err
	}
	for _, name := range closed {
		slog.WarnContext(ctx, "this stand-in for tempo does not have a receiver that is configured; its ports stay closed", "receiver", name)
	}
	registry := prometheus.NewRegistry()
	spans := store.New(store.DefaultLimits())
	receivers, err := receive.Listen(ctx, at, newCounts(registry).sink(spans, s.Multitenancy))
	if err != nil {
		return err
	}
	for name, address := range receivers.Addresses {
		listening(name, address)
	}
	handler := api.Handler(api.Options{
		Store: spans, Prefix: s.Prefix, Tenants: s.Multitenancy, ReadyAt: time.Now().Add(wait.ready), Wait: wait.ready, SearchAfter: wait.idle,
		Config: text, Metrics: registry,
	})
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error { return receivers.Serve(ctx) })
	group.Go(func() error {
		return serve.HTTP(ctx, s.api(), handler, func(address net.Addr) { listening("http", address) })
	})
	return group.Wait()
}
