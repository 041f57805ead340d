package host_test

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/dxlab/terraform-provider-lab/internal/fault"
	"github.com/dxlab/terraform-provider-lab/internal/host"
	"github.com/dxlab/terraform-provider-lab/internal/host/hosttest"
)

// children starts programs in every way that might escape an end of the session: a child, one with a session of its
// own, one without the environment, and one that ignores the polite signal. Their numbers appear in files.
const children = `sleep 1000 & echo $! >child
setsid sh -c 'echo $$ >apart; exec sleep 1000' &
env -i PATH="$PATH" sh -c 'echo $$ >bare; exec sleep 1000' &
sh -c 'trap "" TERM; echo $$ >stubborn; while :; do sleep 1000; done' &
until [ -s child ] && [ -s apart ] && [ -s bare ] && [ -s stubborn ]; do sleep 0.05; done
touch ready
wait
`

func living(t *testing.T, dir string) []string {
	t.Helper()
	var alive []string
	for _, name := range []string{"child", "apart", "bare", "stubborn"} {
		data, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		pid := strings.TrimSpace(string(data))
		stat, err := os.ReadFile("/proc/" + pid + "/stat")
		if err == nil && !strings.Contains(string(stat), ") Z ") {
			alive = append(alive, name+" "+pid)
		}
	}
	return alive
}

func TestRun_CancelEndsTheCommandWithItsChildren(t *testing.T) {
	t.Parallel()
	for name, sudo := range map[string]bool{"as user": false, "as root": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := hosttest.NewServer(t, hosttest.ServerOptions{Bin: hosttest.Sudo(hosttest.SudoPassword, "open sesame")})
			o := s.Options()
			o.SudoPassword = "open sesame"
			h := newPool(t, o).Host(s.Target())
			ctx, cancel := context.WithCancel(t.Context())
			done := make(chan error, 1)
			go func() {
				_, err := h.Run(ctx, host.Command{Name: "install", Script: children, Sudo: sudo})
				done <- err
			}()
			eventually(t, "the command runs", func() bool { return exists(filepath.Join(s.Dir, "ready")) })
			if alive := living(t, s.Dir); len(alive) != 4 {
				t.Fatalf("only %v run before the end", alive)
			}
			cancelled := time.Now()
			cancel()
			err := <-done
			if !errors.Is(err, context.Canceled) || !strings.Contains(err.Error(), "the command was ended on the host") {
				t.Errorf("error: %v", err)
			}
			if took := time.Since(cancelled); took > 8*time.Second {
				t.Errorf("ending took %s", took)
			}
			if alive := living(t, s.Dir); len(alive) != 0 {
				t.Errorf("still running: %v", alive)
			}
			if _, err := h.Run(t.Context(), host.Command{Args: []string{"true"}}); err != nil || s.Accepted() != 1 {
				t.Errorf("the connection did not survive: %v, %d connections", err, s.Accepted())
			}
		})
	}
}

func TestRun_CancelLeavesOtherCommandsAlone(t *testing.T) {
	t.Parallel()
	s := hosttest.NewServer(t, hosttest.ServerOptions{})
	h := reach(t, s)
	other := make(chan error, 1)
	go func() {
		_, err := h.Run(t.Context(), host.Command{Script: "touch other; until [ -e go ]; do sleep 0.05; done"})
		other <- err
	}()
	eventually(t, "the other command runs", func() bool { return exists(filepath.Join(s.Dir, "other")) })
	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	_, err := h.Run(ctx, host.Command{Args: []string{"sleep", "1000"}})
	wantKind(t, err, fault.Timeout, "run sleep on 127.0.0.1")
	if err := os.WriteFile(filepath.Join(s.Dir, "go"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := <-other; err != nil {
		t.Errorf("the other command: %v", err)
	}
}

func TestRun_CancelWithOneSessionOnly(t *testing.T) {
	t.Parallel()
	s := hosttest.NewServer(t, hosttest.ServerOptions{MaxSessions: 1})
	h := reach(t, s)
	if _, err := h.Run(t.Context(), hello); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Second)
	defer cancel()
	_, err := h.Run(ctx, host.Command{Args: []string{"sleep", "1000"}})
	wantKind(t, err, fault.Timeout, "the command was ended on the host")
}

type failingReader struct{ first io.Reader }

func (f *failingReader) Read(p []byte) (int, error) {
	n, err := f.first.Read(p)
	if errors.Is(err, io.EOF) {
		err = errors.New("source broke")
	}
	return n, err
}

// A program must not take the part of an input that broke off for all of it.
func TestRun_BrokenInputEndsTheCommand(t *testing.T) {
	t.Parallel()
	s := hosttest.NewServer(t, hosttest.ServerOptions{})
	_, err := reach(t, s).Run(t.Context(), host.Command{
		Script: "cat >part; touch complete", Stdin: &failingReader{strings.NewReader("half")},
	})
	if err == nil || !strings.Contains(err.Error(), "source broke") {
		t.Errorf("error: %v", err)
	}
	if exists(filepath.Join(s.Dir, "complete")) {
		t.Error("the command went on after half an input")
	}
}

func TestRun_CancelBeforeItStarts(t *testing.T) {
	t.Parallel()
	s := hosttest.NewServer(t, hosttest.ServerOptions{})
	s.SetFaults(hosttest.Faults{Mute: true})
	ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	_, err := reach(t, s).Run(ctx, host.Command{Args: []string{"true"}})
	wantKind(t, err, fault.Unreachable, "connecting to tester@127.0.0.1", "no answer in time")
}
