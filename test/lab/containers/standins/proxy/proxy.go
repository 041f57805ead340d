// Package proxy knows how to stand in for Istio's proxy image: pilot-agent's commands, with a proxy of HTTP/1.1 in Envoy's place. It
// captures, routes, balances, counts and traces as Envoy does with istiod's configuration. It encrypts and authorizes nothing, opens no
// ports of HTTPS, and passes HTTP/2 on byte by byte.
package proxy

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"strings"
	"time"

	"github.com/dxlab/terraform-provider-lab/test/lab/containers/standins/proxy/capture"
	"github.com/dxlab/terraform-provider-lab/test/lab/containers/standins/proxy/config"
	"github.com/dxlab/terraform-provider-lab/test/lab/containers/standins/proxy/relay"
	"github.com/dxlab/terraform-provider-lab/test/lab/containers/standins/proxy/stats"
	"github.com/dxlab/terraform-provider-lab/test/lab/containers/standins/proxy/trace"
)

const (
	outboundAddress = ":15001"
	inboundAddress  = ":15006"
	// linger is how long a proxy that is to end still takes connections, until the cluster has heard that it is not ready.
	linger = time.Second
)

// Run is pilot-agent: `proxy sidecar`, `proxy router`, `istio-iptables`. Other arguments of theirs have no effect.
func Run(ctx context.Context, args []string) error {
	if len(args) == 0 {
		return errors.New("usage: pilot-agent proxy sidecar|router, or pilot-agent istio-iptables")
	}
	switch {
	case args[0] == "istio-iptables":
		plan, err := capture.Parse(args[1:])
		if err != nil {
			return err
		}
		return capture.Apply(plan)
	case args[0] == "proxy" && len(args) > 1 && args[1] == "sidecar":
		return serve(ctx, true)
	case args[0] == "proxy" && len(args) > 1 && args[1] == "router":
		return serve(ctx, false)
	}
	return fmt.Errorf("pilot-agent %s is not played", strings.Join(args, " "))
}

// serve is the proxy until ctx ends.
func serve(ctx context.Context, sidecar bool) error {
	logger := slog.New(slog.NewTextHandler(os.Stdout, nil))
	servers, err := serversOf(os.Getenv("LAB_DISCOVERY"))
	if err != nil {
		return err
	}
	working, stop := context.WithCancel(context.WithoutCancel(ctx))
	defer stop()
	counts := stats.New()
	reporter := trace.NewReporter(logger, counts.Spans)
	source := &config.Source{Servers: servers, Namespace: os.Getenv("POD_NAMESPACE"), Pod: os.Getenv("POD_NAME"), Logger: logger}
	passing := relay.New(source.Current, &trace.Tracer{Report: reporter.Report}, counts, logger)
	gateway := &relay.Gateway{Relay: passing, Listen: listen}
	source.Changed = func(c *config.Config) {
		logger.InfoContext(working, "configuration", "version", c.Version, "listeners", len(c.Listeners), "clusters", len(c.Clusters), "inbound", len(c.Inbound))
		reporter.From(trace.Origin{Service: c.Proxy.ServiceName, Address: os.Getenv("INSTANCE_IP")})
		if !sidecar {
			gateway.Follow(working, c)
		}
	}
	own := &status{ready: func() bool { return source.Current() != nil && ctx.Err() == nil }, metrics: counts.Handler()}
	if err := own.listen(working); err != nil {
		return err
	}
	reported := make(chan struct{})
	reporting, last := context.WithCancel(context.WithoutCancel(ctx))
	defer last()
	go func() { defer close(reported); reporter.Run(reporting) }()
	go source.Run(working)
	ends, err := sides(working, passing, sidecar, source)
	if err != nil {
		return err
	}
	<-ctx.Done()
	logger.InfoContext(ctx, "ending")
	pause(linger)
	for _, end := range ends {
		_ = end.Close()
	}
	gateway.Close(working)
	last()
	<-reported
	return nil
}

// sides opens the ports to which a sidecar's connections are redirected. A connection waits there until there is a configuration.
func sides(ctx context.Context, passing *relay.Relay, sidecar bool, source *config.Source) ([]net.Listener, error) {
	if !sidecar {
		return nil, nil
	}
	var open []net.Listener
	for address, pass := range map[string]func(context.Context, net.Listener) error{outboundAddress: passing.Outbound, inboundAddress: passing.Inbound} {
		listener, err := listen(ctx, address)
		if err != nil {
			return nil, err
		}
		open = append(open, listener)
		go func() {
			for source.Current() == nil && ctx.Err() == nil {
				pause(linger / 20)
			}
			_ = pass(ctx, listener) // it ends with the listener
		}()
	}
	return open, nil
}

func listen(ctx context.Context, address string) (net.Listener, error) {
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", address)
	if err != nil {
		return nil, fmt.Errorf("listening at %s: %w", address, err)
	}
	return listener, nil
}

func pause(d time.Duration) { <-time.After(d) }

// serversOf reads the list of hosts that injection writes; a host that is there twice counts once.
func serversOf(list string) ([]string, error) {
	var servers []string
	seen := map[string]bool{}
	for host := range strings.SplitSeq(list, ",") {
		if host = strings.TrimSpace(host); host != "" && !seen[host] {
			seen[host] = true
			servers = append(servers, config.Address(host))
		}
	}
	if len(servers) == 0 {
		return nil, errors.New("LAB_DISCOVERY names no server")
	}
	return servers, nil
}
