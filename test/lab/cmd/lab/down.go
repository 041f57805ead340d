package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"syscall"
	"time"

	"github.com/dxlab/terraform-provider-lab/test/lab/hosts"
	"github.com/dxlab/terraform-provider-lab/test/lab/internal/image"
)

// patience is how long a lab may take to end in order; then it is killed.
const patience = 20 * time.Second

func down(ctx context.Context, args []string) error {
	flags := flag.NewFlagSet("down", flag.ContinueOnError)
	dir := dirFlag(flags)
	if err := parse(flags, args, func(n int) bool { return n == 0 }); err != nil {
		return err
	}
	f, err := openFolder(*dir)
	if err != nil {
		return err
	}
	if _, err := os.Stat(string(f)); errors.Is(err, fs.ErrNotExist) {
		say("no lab in %s", f)
		return hosts.Sweep(ctx)
	}
	unlock, err := f.lock(ctx)
	if err != nil {
		return err
	}
	defer unlock()
	s, ok, err := f.read()
	if err != nil {
		return err
	}
	if ok {
		if err := end(ctx, s); err != nil {
			return err
		}
	}
	if err := errors.Join(hosts.Sweep(ctx, s.ID), f.remove()); err != nil {
		return err
	}
	say("the lab in %s is gone", f)
	return nil
}

// end ends a lab's first process and waits until it, and with it all that ran in the lab, is gone.
func end(ctx context.Context, s state) error {
	if err := signalTo(s, syscall.SIGTERM); err != nil {
		return err
	}
	waiting, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	if waitGone(waiting, s) == nil {
		return nil
	}
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("waiting for the lab's end: %w", err)
	}
	say("the lab does not end in order and is killed")
	if err := signalTo(s, syscall.SIGKILL); err != nil {
		return err
	}
	killing, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	return waitGone(killing, s)
}

func signalTo(s state, number syscall.Signal) error {
	if err := syscall.Kill(s.PID, number); err != nil && !errors.Is(err, syscall.ESRCH) {
		return fmt.Errorf("ending the lab's process %d: %w", s.PID, err)
	}
	return nil
}

func waitGone(ctx context.Context, s state) error {
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for s.alive() {
		select {
		case <-ctx.Done():
			return fmt.Errorf("waiting for the end of the lab's process %d: %w", s.PID, ctx.Err())
		case <-tick.C:
		}
	}
	return nil
}

func sweep(ctx context.Context, args []string) error {
	if err := parse(flag.NewFlagSet("sweep", flag.ContinueOnError), args, func(n int) bool { return n == 0 }); err != nil {
		return err
	}
	return hosts.Sweep(ctx)
}

func buildImage(ctx context.Context, args []string) error {
	flags := flag.NewFlagSet("image", flag.ContinueOnError)
	containers := flags.Bool("containers", false, "the container runtime too")
	suite := flags.String("suite", "", "release of the distribution by code name; this machine's own by default")
	if err := parse(flags, args, func(n int) bool { return n == 0 }); err != nil {
		return err
	}
	if err := hosts.Missing(); err != nil {
		return err
	}
	root, err := image.Ensure(ctx, image.Spec{Suite: *suite}, func(line string) { say("%s", line) })
	if err != nil {
		return err
	}
	fmt.Println(root)
	if !*containers {
		return nil
	}
	layer, err := image.EnsureContainers(ctx, image.Spec{Suite: *suite}, func(line string) { say("%s", line) })
	if err != nil {
		return err
	}
	fmt.Println(layer)
	return nil
}
