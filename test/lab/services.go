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
)

// startServices serves releases and charts on the hosts' network.
func (l *Lab) startServices(ctx context.Context, o Options) error {
	var config net.ListenConfig
	listener, err := config.Listen(ctx, "tcp", net.JoinHostPort(hosts.Gateway, strconv.Itoa(o.ServicePort)))
	if err != nil {
		return fmt.Errorf("listening for the lab's services: %w", err)
	}
	if l.services, err = netip.ParseAddrPort(listener.Addr().String()); err != nil {
		return fmt.Errorf("finding the address of the lab's services: %w", err)
	}
	server := &http.Server{
		Handler: http.NewServeMux(), ReadHeaderTimeout: 10 * time.Second,
		ErrorLog: slog.NewLogLogger(o.Logger.Handler(), slog.LevelWarn),
	}
	l.running.Go(func() { _ = server.Serve(listener) })
	l.close = append(l.close, func(context.Context) error { return server.Close() })
	return nil
}
