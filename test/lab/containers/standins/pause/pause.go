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
		reap()
		select {
		case <-ctx.Done():
			return nil
		case <-children:
		}
	}
}

// reap collects all children that have ended.
func reap() {
	for {
		if pid, _ := syscall.Wait4(-1, nil, syscall.WNOHANG, nil); pid <= 0 { // nobody is left, or nobody has ended
			return
		}
	}
}
