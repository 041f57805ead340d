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

	"github.com/dxlab/terraform-provider-lab/test/lab/hosts"
	"github.com/dxlab/terraform-provider-lab/test/lab/release"
)

// Paths of the lab's services on its service port.
const (
	releasePath = "/release"
	chartsPath  = "/charts"
)

// services answers for the release server and the chart server.
func services(o Options) (http.Handler, error) {
	o.Release.Logger = o.Logger
	releases, err := release.NewHandler(o.Release)
	if err != nil {
		return nil, fmt.Errorf("preparing the releases: %w", err)
	}
	mux := http.NewServeMux()
	mux.Handle(releasePath+"/", http.StripPrefix(releasePath, releases))
	return mux, nil
}

// startServices serves releases and charts on the hosts' network.
func (l *Lab) startServices(ctx context.Context, o Options) error {
	handler, err := services(o)
	if err != nil {
		return err
	}
	var config net.ListenConfig
	listener, err := config.Listen(ctx, "tcp", net.JoinHostPort(hosts.Gateway, strconv.Itoa(o.ServicePort)))
	if err != nil {
		return fmt.Errorf("listening for the lab's services: %w", err)
	}
	if l.services, err = netip.ParseAddrPort(listener.Addr().String()); err != nil {
		return fmt.Errorf("finding the address of the lab's services: %w", err)
	}
	server := &http.Server{
		Handler: handler, ReadHeaderTimeout: 10 * time.Second,
		ErrorLog: slog.NewLogLogger(o.Logger.Handler(), slog.LevelWarn),
	}
	l.running.Go(func() { _ = server.Serve(listener) })
	l.close = append(l.close, func(context.Context) error { return server.Close() })
	return nil
}
