// Package serve knows how a stand-in answers requests until its container is told to end.
package serve

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"time"
)

// patience with requests that are under way when the end comes; Kubernetes gives a container 30 seconds.
const patience = 5 * time.Second

// HTTP listens at address ("host:port", port 0 for any), tells listening where, and answers with handler until ctx ends; requests
// that are under way then are finished. It returns nil after such an end.
func HTTP(ctx context.Context, address string, handler http.Handler, listening func(net.Addr)) error {
	var config net.ListenConfig
	listener, err := config.Listen(ctx, "tcp", address)
	if err != nil {
		return fmt.Errorf("listening at %s: %w", address, err)
	}
	listening(listener.Addr())
	server := &http.Server{Handler: handler, ReadHeaderTimeout: 10 * time.Second}
	ended := make(chan error, 1)
	go func() {
		<-ctx.Done()
		last, cancel := context.WithTimeout(context.WithoutCancel(ctx), patience)
		defer cancel()
		ended <- server.Shutdown(last)
	}()
	if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("serving at %s: %w", address, err)
	}
	if err := <-ended; err != nil && !errors.Is(err, context.DeadlineExceeded) {
		return fmt.Errorf("ending the server at %s: %w", address, err)
	}
	return nil
}
