package host_test

import (
	"context"
	"errors"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/dxlab/terraform-provider-lab/internal/fault"
	"github.com/dxlab/terraform-provider-lab/internal/host"
	"github.com/dxlab/terraform-provider-lab/internal/host/hosttest"
)

func TestConnection_IsSharedAndStaysBelowMaxSessions(t *testing.T) {
	t.Parallel()
	for name, limit := range map[string]int{"usual limit": 10, "low limit": 2, "one session": 1} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := hosttest.NewServer(t, hosttest.ServerOptions{MaxSessions: limit})
			pool := newPool(t, s.Options())
			var all sync.WaitGroup
			for range 24 {
				all.Go(func() {
					if _, err := pool.Host(s.Target()).Run(t.Context(), host.Command{Script: "sleep 0.02"}); err != nil {
						t.Error(err)
					}
				})
			}
			all.Wait()
			if s.Accepted() != 1 {
				t.Errorf("%d connections", s.Accepted())
			}
			if most := s.MostSessions(); most > 6 || most > int64(limit) {
				t.Errorf("%d sessions at once", most)
			}
			if got := pool.Stats(); got.Connections != 1 || got.Commands != 24 || got.BytesSent == 0 || got.BytesReceived == 0 {
				t.Errorf("stats: %+v", got)
			}
		})
	}
}

func TestConnection_IsMadeAgainAfterARestart(t *testing.T) {
	t.Parallel()
	s := hosttest.NewServer(t, hosttest.ServerOptions{})
	h := reach(t, s)
	for range 3 {
		if _, err := h.Run(t.Context(), hello); err != nil {
			t.Fatal(err)
		}
		s.Stop()
		s.Start()
	}
	if s.Accepted() != 3 {
		t.Errorf("%d connections", s.Accepted())
	}
}

// A connection that went silent is noticed before a command is sent over it, so the command may go over a new one.
func TestConnection_IsMadeAgainAfterSilence(t *testing.T) {
	t.Parallel()
	s := hosttest.NewServer(t, hosttest.ServerOptions{})
	o := s.Options()
	o.KeepAlive = 200 * time.Millisecond
	h := newPool(t, o).Host(s.Target())
	if _, err := h.Run(t.Context(), hello); err != nil {
		t.Fatal(err)
	}
	s.Freeze()
	if _, err := h.Run(t.Context(), hello); err != nil || s.Accepted() != 2 {
		t.Errorf("%v, %d connections", err, s.Accepted())
	}
}

func TestConnection_SurvivesAShortSilence(t *testing.T) {
	t.Parallel()
	s := hosttest.NewServer(t, hosttest.ServerOptions{})
	o := s.Options()
	o.KeepAlive = time.Second
	h := newPool(t, o).Host(s.Target())
	if _, err := h.Run(t.Context(), hello); err != nil {
		t.Fatal(err)
	}
	s.Freeze()
	timer := time.AfterFunc(400*time.Millisecond, s.Thaw)
	defer timer.Stop()
	if _, err := h.Run(t.Context(), hello); err != nil || s.Accepted() != 1 {
		t.Errorf("%v, %d connections", err, s.Accepted())
	}
}

// lose runs a command and ends its connection while it runs.
func lose(t *testing.T, s *hosttest.Server, h *host.Host, c host.Command, cut func()) error {
	t.Helper()
	c.Script = "echo run >>runs; until [ -e go ]; do sleep 0.05; done"
	done := make(chan error, 1)
	go func() {
		_, err := h.Run(t.Context(), c)
		done <- err
	}()
	runs := filepath.Join(s.Dir, "runs")
	eventually(t, "the command runs", func() bool { return exists(runs) })
	if err := os.WriteFile(filepath.Join(s.Dir, "go"), nil, 0o600); err != nil && c.Idempotent {
		t.Fatal(err)
	}
	cut()
	return <-done
}

func runs(t *testing.T, s *hosttest.Server) int {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(s.Dir, "runs"))
	if err != nil {
		t.Fatal(err)
	}
	return strings.Count(string(data), "run")
}

func TestConnection_LostCommandIsNotRepeated(t *testing.T) {
	t.Parallel()
	s := hosttest.NewServer(t, hosttest.ServerOptions{})
	h := reach(t, s)
	done := make(chan error, 1)
	go func() {
		_, err := h.Run(t.Context(), host.Command{Name: "install", Script: "echo run >>runs; exec sleep 1000"})
		done <- err
	}()
	eventually(t, "the command runs", func() bool { return exists(filepath.Join(s.Dir, "runs")) })
	s.Cut()
	wantKind(t, <-done, fault.Unreachable, "install on 127.0.0.1", "not known whether it finished")
	if _, err := h.Run(t.Context(), hello); err != nil {
		t.Errorf("after the loss: %v", err)
	}
	if n := runs(t, s); n != 1 {
		t.Errorf("the command ran %d times", n)
	}
}

func TestConnection_LostIdempotentCommandIsRepeatedOnce(t *testing.T) {
	t.Parallel()
	s := hosttest.NewServer(t, hosttest.ServerOptions{})
	if err := lose(t, s, reach(t, s), host.Command{Idempotent: true}, s.Cut); err != nil {
		t.Fatal(err)
	}
	if n := runs(t, s); n < 1 || n > 2 || s.Accepted() > 2 {
		t.Errorf("the command ran %d times over %d connections", n, s.Accepted())
	}
}

func TestConnection_SilenceDuringACommand(t *testing.T) {
	t.Parallel()
	s := hosttest.NewServer(t, hosttest.ServerOptions{})
	o := s.Options()
	o.KeepAlive = 200 * time.Millisecond
	h := newPool(t, o).Host(s.Target())
	done := make(chan error, 1)
	go func() {
		_, err := h.Run(t.Context(), host.Command{Name: "ask", Script: "echo run >>runs; exec sleep 1000"})
		done <- err
	}()
	eventually(t, "the command runs", func() bool { return exists(filepath.Join(s.Dir, "runs")) })
	s.Freeze()
	wantKind(t, <-done, fault.Unreachable, "ask on 127.0.0.1", "no answer to a keepalive within 600ms")
}

func TestConnection_SessionWithoutExitStatus(t *testing.T) {
	t.Parallel()
	h := reach(t, hosttest.NewServer(t, hosttest.ServerOptions{NoExitStatus: true}))
	_, err := h.Run(t.Context(), hello)
	wantKind(t, err, fault.Unreachable, "not known whether it finished")
}

func TestConnection_CutAfterAnyNumberOfBytes(t *testing.T) {
	t.Parallel()
	for _, bytes := range []int64{1, 100, 1000, 1500, 2000, 2500, 3000, 3500, 4000} {
		s := hosttest.NewServer(t, hosttest.ServerOptions{})
		s.SetFaults(hosttest.Faults{DropAfter: bytes})
		o := s.Options()
		o.ConnectTimeout = 400 * time.Millisecond
		_, err := newPool(t, o).Host(s.Target()).Run(t.Context(), host.Command{Script: "head -c 100000 /dev/zero"})
		wantKind(t, err, fault.Unreachable)
	}
}

func TestConnection_Refused(t *testing.T) {
	t.Parallel()
	s := hosttest.NewServer(t, hosttest.ServerOptions{})
	h := reach(t, s)
	s.Stop()
	_, err := h.Run(t.Context(), host.Command{Name: "look around", Args: []string{"true"}})
	wantKind(t, err, fault.Unreachable, "look around on 127.0.0.1", "connecting to tester@"+s.Addr(), "tried 3 times", "connection refused")
	// sshd that reloads is away for a moment only.
	timer := time.AfterFunc(200*time.Millisecond, s.Start)
	defer timer.Stop()
	if _, err := reach(t, s).Run(t.Context(), hello); err != nil {
		t.Errorf("during the restart: %v", err)
	}
}

func TestConnection_ServerThatSendsClientsAway(t *testing.T) {
	t.Parallel()
	s := hosttest.NewServer(t, hosttest.ServerOptions{})
	s.SetFaults(hosttest.Faults{Refuse: 2, RefuseText: "Exceeded MaxStartups\r\n"})
	if _, err := reach(t, s).Run(t.Context(), hello); err != nil || s.Accepted() != 3 {
		t.Errorf("%v after %d connections", err, s.Accepted())
	}
	s.SetFaults(hosttest.Faults{Refuse: 1000, RefuseText: "Not allowed at this time\r\n"})
	o := s.Options()
	o.ConnectTimeout = 2 * time.Second
	_, err := newPool(t, o).Host(s.Target()).Run(t.Context(), hello)
	wantKind(t, err, fault.Unreachable, `"Not allowed at this time"`, "tried")
	if s.Accepted() > 8 {
		t.Errorf("%d connections within two seconds", s.Accepted())
	}
}

// Many who want the same dead host wait for one attempt together, and shortly afterwards do not wait again.
func TestConnection_FailureIsShared(t *testing.T) {
	t.Parallel()
	s := hosttest.NewServer(t, hosttest.ServerOptions{})
	s.SetFaults(hosttest.Faults{Mute: true})
	o := s.Options()
	o.ConnectTimeout = time.Second
	pool := newPool(t, o)
	var all sync.WaitGroup
	for range 5 {
		all.Go(func() {
			_, err := pool.Host(s.Target()).Run(t.Context(), hello)
			if !fault.Is(err, fault.Unreachable) {
				t.Errorf("error: %v", err)
			}
		})
	}
	all.Wait()
	_, err := pool.Host(s.Target()).Run(t.Context(), hello)
	wantKind(t, err, fault.Unreachable, "did not answer in time")
	if s.Accepted() != 1 {
		t.Errorf("%d connections", s.Accepted())
	}
}

// One waiter that gives up must not take the attempt away from the others.
func TestConnection_AttemptOutlivesTheOneWhoStartedIt(t *testing.T) {
	t.Parallel()
	s := hosttest.NewServer(t, hosttest.ServerOptions{})
	o := s.Options()
	release := make(chan struct{})
	o.Dial = func(ctx context.Context, network, addr string) (net.Conn, error) {
		<-release
		return (&net.Dialer{}).DialContext(ctx, network, addr)
	}
	pool := newPool(t, o)
	ctx, cancel := context.WithCancel(t.Context())
	first, second := make(chan error, 1), make(chan error, 1)
	go func() { _, err := pool.Host(s.Target()).Run(ctx, hello); first <- err }()
	go func() { _, err := pool.Host(s.Target()).Run(t.Context(), hello); second <- err }()
	time.Sleep(50 * time.Millisecond)
	cancel()
	if err := <-first; !errors.Is(err, context.Canceled) {
		t.Errorf("first: %v", err)
	}
	close(release)
	if err := <-second; err != nil || s.Accepted() != 1 {
		t.Errorf("second: %v, %d connections", err, s.Accepted())
	}
}

func TestPool_CloseEndsConnections(t *testing.T) {
	t.Parallel()
	s := hosttest.NewServer(t, hosttest.ServerOptions{})
	pool := host.NewPool(s.Options())
	if _, err := pool.Host(s.Target()).Run(t.Context(), hello); err != nil {
		t.Fatal(err)
	}
	if err := pool.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := pool.Host(s.Target()).Run(t.Context(), hello); err == nil {
		t.Error("a closed pool made a connection")
	}
}
