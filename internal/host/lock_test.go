package host_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/dxlab/terraform-provider-lab/internal/fault"
	"github.com/dxlab/terraform-provider-lab/internal/host"
	"github.com/dxlab/terraform-provider-lab/internal/host/hosttest"
)

func lockOptions(s *hosttest.Server, holder string) host.LockOptions {
	return host.LockOptions{Name: "rke2", Holder: holder, Dir: filepath.Join(s.Dir, "locks")}
}

func TestLock_SecondIsToldWhoHoldsIt(t *testing.T) {
	t.Parallel()
	for name, bin := range map[string]map[string]string{"as root": nil, "through sudo": hosttest.Sudo(hosttest.SudoFree, "")} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := hosttest.NewServer(t, hosttest.ServerOptions{Bin: bin})
			first, second := reach(t, s), reach(t, s)
			lock, err := first.Lock(t.Context(), lockOptions(s, "lab_rke2_node.a\nof alice's run"))
			if err != nil {
				t.Fatal(err)
			}
			_, err = second.Lock(t.Context(), lockOptions(s, "bob"))
			wantKind(t, err, fault.Conflict, "lock rke2 on 127.0.0.1", "held by lab_rke2_node.a of alice's run since 20", "connected from 127.0.0.1")
			if _, err := first.Run(t.Context(), hello); err != nil {
				t.Errorf("a command beside the lock: %v", err)
			}
			if err := lock.Release(t.Context()); err != nil {
				t.Fatal(err)
			}
			if err := lock.Release(t.Context()); err != nil {
				t.Errorf("second release: %v", err)
			}
			again, err := second.Lock(t.Context(), lockOptions(s, "bob"))
			if err != nil {
				t.Fatalf("after the release: %v", err)
			}
			if err := again.Release(t.Context()); err != nil {
				t.Error(err)
			}
			select {
			case <-again.Lost():
				t.Error("a released lock counts as lost")
			default:
			}
			if left, err := filepath.Glob(filepath.Join(s.Dir, "locks", "*.holder*")); err != nil || len(left) > 0 {
				t.Errorf("left behind: %v, %v", left, err)
			}
		})
	}
}

func TestLock_SecondWaits(t *testing.T) {
	t.Parallel()
	s := hosttest.NewServer(t, hosttest.ServerOptions{})
	lock, err := reach(t, s).Lock(t.Context(), lockOptions(s, "alice"))
	if err != nil {
		t.Fatal(err)
	}
	timer := time.AfterFunc(500*time.Millisecond, func() { _ = lock.Release(context.Background()) })
	defer timer.Stop()
	o := lockOptions(s, "bob")
	o.Wait = 20 * time.Second
	started := time.Now()
	second, err := reach(t, s).Lock(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	if took := time.Since(started); took < 400*time.Millisecond || took > 10*time.Second {
		t.Errorf("waited %s", took)
	}
	if err := second.Release(t.Context()); err != nil {
		t.Error(err)
	}
}

func TestLock_WithinOneProcess(t *testing.T) {
	t.Parallel()
	s := hosttest.NewServer(t, hosttest.ServerOptions{MaxSessions: 2})
	pool := newPool(t, s.Options())
	var all sync.WaitGroup
	var inside, most atomic.Int64
	for range 8 {
		all.Go(func() {
			o := lockOptions(s, "one of many")
			o.Wait = time.Minute
			lock, err := pool.Host(s.Target()).Lock(t.Context(), o)
			if err != nil {
				t.Error(err)
				return
			}
			if n := inside.Add(1); n > most.Load() {
				most.Store(n)
			}
			if _, err := pool.Host(s.Target()).Run(t.Context(), hello); err != nil {
				t.Error(err)
			}
			inside.Add(-1)
			if err := lock.Release(t.Context()); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if most.Load() != 1 || s.Accepted() != 1 {
		t.Errorf("%d at once, %d connections", most.Load(), s.Accepted())
	}
	held, err := pool.Host(s.Target()).Lock(t.Context(), lockOptions(s, "first of this process"))
	if err != nil {
		t.Fatal(err)
	}
	_, err = pool.Host(s.Target()).Lock(t.Context(), lockOptions(s, "second"))
	wantKind(t, err, fault.Conflict, "held by first of this process since 20", "this process")
	if err := held.Release(t.Context()); err != nil {
		t.Error(err)
	}
}

// Whoever holds a lock and dies leaves it to the next one, but not before the commands of the dead one are ended.
func TestLock_DiesWithItsConnection(t *testing.T) {
	t.Parallel()
	s := hosttest.NewServer(t, hosttest.ServerOptions{})
	first := reach(t, s)
	lock, err := first.Lock(t.Context(), lockOptions(s, "alice"))
	if err != nil {
		t.Fatal(err)
	}
	command := make(chan error, 1)
	go func() {
		_, err := first.Run(t.Context(), host.Command{Name: "install", Script: children})
		command <- err
	}()
	eventually(t, "the command runs", func() bool { return exists(filepath.Join(s.Dir, "ready")) })
	s.Cut()
	wantKind(t, <-command, fault.Unreachable)
	select {
	case <-lock.Lost():
	case <-time.After(10 * time.Second):
		t.Fatal("the holder does not learn that the lock is lost")
	}
	o := lockOptions(s, "bob")
	o.Wait = 20 * time.Second
	second, err := reach(t, s).Lock(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	if left := living(t, s.Dir); len(left) > 0 {
		t.Errorf("still running: %v", left)
	}
	if err := second.Release(t.Context()); err != nil {
		t.Error(err)
	}
	wantKind(t, lock.Release(t.Context()), fault.Unreachable)
}

func TestLock_SilentHolderLosesIt(t *testing.T) {
	t.Parallel()
	s := hosttest.NewServer(t, hosttest.ServerOptions{})
	first := reach(t, s)
	o := lockOptions(s, "alice")
	o.Beat = 100 * time.Millisecond
	if _, err := first.Lock(t.Context(), o); err != nil {
		t.Fatal(err)
	}
	go func() { _, _ = first.Run(t.Context(), host.Command{Script: children}) }()
	eventually(t, "the command runs", func() bool { return exists(filepath.Join(s.Dir, "ready")) })

	o.Holder = "bob"
	if _, err := reach(t, s).Lock(t.Context(), o); !fault.Is(err, fault.Conflict) {
		t.Fatalf("a holder that gives signs of life lost it: %v", err)
	}
	s.Freeze()
	o.Wait = 30 * time.Second
	second, err := reach(t, s).Lock(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	if left := living(t, s.Dir); len(left) > 0 {
		t.Errorf("still running: %v", left)
	}
	if err := second.Release(t.Context()); err != nil {
		t.Error(err)
	}
	s.Thaw()
}

func TestLock_CancelWhileWaiting(t *testing.T) {
	t.Parallel()
	s := hosttest.NewServer(t, hosttest.ServerOptions{})
	lock, err := reach(t, s).Lock(t.Context(), lockOptions(s, "alice"))
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 400*time.Millisecond)
	defer cancel()
	o := lockOptions(s, "bob")
	o.Wait = time.Hour
	started := time.Now()
	if _, err := reach(t, s).Lock(ctx, o); !errors.Is(err, context.DeadlineExceeded) || time.Since(started) > 8*time.Second {
		t.Errorf("%v after %s", err, time.Since(started))
	}
	// The context of an interrupted run has ended, and the lock has to go all the same.
	if err := lock.Release(ctx); err != nil {
		t.Errorf("release: %v", err)
	}
	if left, err := os.ReadDir(filepath.Join(s.Dir, "locks")); err != nil || len(left) != 1 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}

func TestLock_Failures(t *testing.T) {
	t.Parallel()
	s := hosttest.NewServer(t, hosttest.ServerOptions{})
	h := reach(t, s)
	_, err := h.Lock(t.Context(), host.LockOptions{Name: "no/name", Dir: s.Dir})
	wantKind(t, err, fault.Invalid)
	_, err = h.Lock(t.Context(), host.LockOptions{Name: "x", Dir: "/proc/none"})
	if err == nil || fault.Is(err, fault.Conflict) {
		t.Errorf("no directory: %v", err)
	}
}
