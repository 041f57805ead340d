package sandbox

import (
	"context"
	"fmt"
	"net"
	"os"
	"runtime"

	"golang.org/x/sys/unix"
)

// ListenOutside listens on address in the network namespace that the sandbox was started from. What the listener accepts is
// served by this process, inside.
func (s *Inside) ListenOutside(ctx context.Context, network, address string) (net.Listener, error) {
	var listener net.Listener
	err := InNetwork(s.outer, func() (err error) {
		var config net.ListenConfig
		listener, err = config.Listen(ctx, network, address)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("listening outside the sandbox: %w", err)
	}
	return listener, nil
}

// InNetwork calls f in a network namespace. F must not start goroutines that rely on it: only its own thread is there.
func InNetwork(namespace *os.File, f func() error) error {
	result := make(chan error, 1)
	go func() {
		// never unlocked: the thread has changed its namespace and ends with the goroutine
		runtime.LockOSThread()
		if err := unix.Setns(int(namespace.Fd()), unix.CLONE_NEWNET); err != nil {
			result <- fmt.Errorf("entering a network namespace: %w", err)
			return
		}
		result <- f()
	}()
	return <-result
}
