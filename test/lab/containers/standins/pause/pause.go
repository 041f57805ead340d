// Package pause knows what a pod's sandbox does: nothing, until the pod ends.
package pause

import (
	"context"
	"os"
	"os/signal"
	"syscall"
)

// Run waits until ctx ends and collects the pod's orphans meanwhile, which become children of the sandbox in pods that share
// one process namespace (kubernetes:build/pause/linux/pause.c).
func Run(ctx context.Context, _ []string) error {
	children := make(chan os.Signal, 1)
	signal.Notify(children, syscall.SIGCHLD)
	defer signal.Stop(children)
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-children:
			reap()
		}
	}
}

func reap() {
	for {
		pid, err := syscall.Wait4(-1, nil, syscall.WNOHANG, nil)
		if pid <= 0 || (err != nil && err != syscall.EINTR) { //nolint:errorlint // a bare number of the kernel
			return
		}
	}
}
