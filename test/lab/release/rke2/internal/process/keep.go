package process

import (
	"context"
	"os/exec"
	"runtime"
	"syscall"
	"time"
)

// restartPause is what passes between the end of a program and its next start.
const restartPause = 2 * time.Second

// Keep starts a program that outlives the service again whenever it ends, as the kubelet does with static pods, until ctx ends; the program
// goes on then. running is the process that Run returned. An error is that of a program that cannot be started.
func Keep(ctx context.Context, o Options, running *Process) error {
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-running.Done():
		}
		o.Logger.Error(o.Name+" ended, starting it again", "error", running.Err())
		if !pause(ctx) {
			return nil
		}
		next, err := Run(ctx, o)
		if err != nil {
			return err
		}
		running = next
	}
}

// RunBound runs a program that ends with the service, and again whenever it ends before, until ctx ends. Of the options Name, Binary, Args,
// LogFile and Logger count.
func RunBound(ctx context.Context, o Options) {
	// the kernel sends the parent's death signal when the thread that started the program ends
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	for ctx.Err() == nil {
		err := runOnce(ctx, o)
		if ctx.Err() != nil {
			return
		}
		o.Logger.Error(o.Name+" exited, starting it again", "error", err, "log", o.LogFile)
		pause(ctx)
	}
}

// patience is how long a program may take to end when it is asked to.
const patience = 5 * time.Second

func runOnce(ctx context.Context, o Options) error {
	log, err := openLog(o.LogFile)
	if err != nil {
		return err
	}
	defer func() { _ = log.Close() }()
	cmd := exec.CommandContext(ctx, o.Binary, o.Args...)
	cmd.Env, cmd.Stdout, cmd.Stderr = environment(), log, log
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGTERM}
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	cmd.WaitDelay = patience
	return cmd.Run()
}

// pause waits before a restart and tells whether it is still wanted.
func pause(ctx context.Context) bool {
	timer := time.NewTimer(restartPause)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
		return true
	}
}
