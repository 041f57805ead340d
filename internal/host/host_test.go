package host_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/dxlab/terraform-provider-lab/internal/fault"
	"github.com/dxlab/terraform-provider-lab/internal/host"
	"github.com/dxlab/terraform-provider-lab/internal/host/hosttest"
)

// newPool makes a pool that is closed with the test.
func newPool(t *testing.T, o host.Options) *host.Pool {
	t.Helper()
	pool := host.NewPool(o)
	t.Cleanup(func() { _ = pool.Close() })
	return pool
}

// reach returns a host on the server, with everything as the server suggests.
func reach(t *testing.T, s *hosttest.Server) *host.Host {
	t.Helper()
	return newPool(t, s.Options()).Host(s.Target())
}

func wantKind(t *testing.T, err error, kind fault.Kind, texts ...string) {
	t.Helper()
	if !fault.Is(err, kind) {
		t.Fatalf("error is of kind %q, want %q: %v", fault.KindOf(err), kind, err)
	}
	for _, text := range texts {
		if !strings.Contains(err.Error(), text) {
			t.Errorf("error lacks %q: %v", text, err)
		}
	}
}

func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	deadline := time.Now().Add(10 * time.Second)
	for !ok() {
		if time.Now().After(deadline) {
			t.Fatalf("never happened: %s", what)
		}
		time.Sleep(10 * time.Millisecond)
	}
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

func TestRun_ReturnsWhatTheProgramDid(t *testing.T) {
	t.Parallel()
	h := reach(t, hosttest.NewServer(t, hosttest.ServerOptions{}))
	odd := "it's \"odd\" $HOME `id` \\n \\\\ * \t!\nnext"
	cases := map[string]struct {
		command host.Command
		want    host.Result
	}{
		"arguments are not interpreted":  {host.Command{Args: []string{"printf", "%s", odd}}, host.Result{Stdout: odd}},
		"script with several lines":      {host.Command{Script: "a=1\nif [ $a = 1 ]; then\n  printf '%s\\n' \"x\\ty\"\nfi\n"}, host.Result{Stdout: "x\\ty\n"}},
		"both outputs apart":             {host.Command{Script: "echo out; echo err >&2"}, host.Result{Stdout: "out\n", Stderr: "err\n"}},
		"input":                          {host.Command{Args: []string{"cat"}, Stdin: strings.NewReader("a\x00b\\n")}, host.Result{Stdout: "a\x00b\\n"}},
		"no input":                       {host.Command{Args: []string{"cat"}}, host.Result{}},
		"input that is not read":         {host.Command{Args: []string{"true"}, Stdin: bytes.NewReader(make([]byte, 1<<20))}, host.Result{}},
		"environment":                    {host.Command{Args: []string{"sh", "-c", `printf %s "$X"`}, Env: map[string]string{"X": odd}}, host.Result{Stdout: odd}},
		"messages are not translated":    {host.Command{Script: `printf %s "$LC_ALL"`}, host.Result{Stdout: "C"}},
		"exit code that is an answer":    {host.Command{Script: "echo no; exit 3", AllowExit: []int{3}}, host.Result{Stdout: "no\n", Code: 3}},
		"script without parameters":      {host.Command{Script: `printf %s "$#"`}, host.Result{Stdout: "0"}},
		"only the end of long output":    {host.Command{Script: "printf 0123456789", MaxOutput: 4}, host.Result{Stdout: "6789", Truncated: true}},
		"output exactly of the limit":    {host.Command{Script: "printf 0123", MaxOutput: 4}, host.Result{Stdout: "0123"}},
		"sbin is on the path of anybody": {host.Command{Script: `case :$PATH: in *:/usr/sbin:*) printf yes;; esac`}, host.Result{Stdout: "yes"}},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := h.Run(t.Context(), c.command)
			if err != nil {
				t.Fatal(err)
			}
			if got != c.want {
				t.Errorf("got %+v, want %+v", got, c.want)
			}
		})
	}
}

func TestRun_StreamsOutput(t *testing.T) {
	t.Parallel()
	s := hosttest.NewServer(t, hosttest.ServerOptions{})
	reader, writer := io.Pipe()
	done := make(chan error, 1)
	go func() {
		_, err := reach(t, s).Run(t.Context(), host.Command{Script: "echo first; until [ -e go ]; do sleep 0.05; done; echo last", Stdout: writer})
		_ = writer.Close()
		done <- err
	}()
	first := make([]byte, 6)
	if _, err := io.ReadFull(reader, first); err != nil || string(first) != "first\n" {
		t.Fatalf("got %q, %v", first, err)
	}
	if err := os.WriteFile(filepath.Join(s.Dir, "go"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	rest, err := io.ReadAll(reader)
	if err != nil || string(rest) != "last\n" {
		t.Fatalf("got %q, %v", rest, err)
	}
	if err := <-done; err != nil {
		t.Fatal(err)
	}
}

func TestRun_FailureTellsTheLastLines(t *testing.T) {
	t.Parallel()
	h := reach(t, hosttest.NewServer(t, hosttest.ServerOptions{}))
	r, err := h.Run(t.Context(), host.Command{Name: "start the thing", Script: "for i in $(seq 100); do echo line $i >&2; done; echo hunter2 >&2; exit 7", Redact: []string{"hunter2"}})
	wantKind(t, err, fault.Command, "start the thing on 127.0.0.1: exit status 7", "line 100", "(redacted)")
	if strings.Contains(err.Error(), "hunter2") || strings.Contains(err.Error(), "line 80") {
		t.Errorf("error tells too much: %v", err)
	}
	var failed *fault.CommandError
	if !errors.As(err, &failed) || failed.Code != 7 || r.Code != 7 || !strings.Contains(r.Stderr, "line 1\n") {
		t.Errorf("code or output is lost: %+v, %+v", failed, r)
	}
}

func TestRun_KilledProgram(t *testing.T) {
	t.Parallel()
	h := reach(t, hosttest.NewServer(t, hosttest.ServerOptions{}))
	r, err := h.Run(t.Context(), host.Command{Script: "kill -TERM $$"})
	wantKind(t, err, fault.Command)
	if r.Code != -1 {
		t.Errorf("code %d, want -1", r.Code)
	}
}

func TestRun_FullDisk(t *testing.T) {
	t.Parallel()
	h := reach(t, hosttest.NewServer(t, hosttest.ServerOptions{}))
	_, err := h.Run(t.Context(), host.Command{Script: "cat /etc/passwd >/dev/full"})
	wantKind(t, err, fault.NoSpace)
	var failed *fault.CommandError
	if !errors.As(err, &failed) {
		t.Error("the command's own error is lost")
	}
}

func TestRun_RefusesWhatIsNoCommand(t *testing.T) {
	t.Parallel()
	s := hosttest.NewServer(t, hosttest.ServerOptions{})
	h := reach(t, s)
	for name, c := range map[string]host.Command{
		"nothing":       {},
		"both":          {Args: []string{"true"}, Script: "true"},
		"bad variable":  {Args: []string{"true"}, Env: map[string]string{"A B": ""}},
		"bad variable2": {Args: []string{"true"}, Env: map[string]string{"1A": ""}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := h.Run(t.Context(), c)
			wantKind(t, err, fault.Invalid)
		})
	}
}

func TestRun_SkipsWhatALoginScriptSays(t *testing.T) {
	t.Parallel()
	h := reach(t, hosttest.NewServer(t, hosttest.ServerOptions{Noise: "Welcome!\n\x1b[1mno line end"}))
	r, err := h.Run(t.Context(), host.Command{Script: "echo answer"})
	if err != nil || r.Stdout != "answer\n" {
		t.Fatalf("got %q, %v", r.Stdout, err)
	}
}

func TestRun_NoticesAnotherAnswer(t *testing.T) {
	t.Parallel()
	for name, forced := range map[string]string{
		"forced command succeeds": "echo menu: 1 2 3",
		"shell refuses":           "echo 'This account is currently not available.'; exit 1",
		"expired password":        "echo 'menu: Password change required but no TTY available.' >&2; exit 1",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := reach(t, hosttest.NewServer(t, hosttest.ServerOptions{ForceCommand: forced}))
			_, err := h.Run(t.Context(), host.Command{Args: []string{"true"}})
			wantKind(t, err, fault.Denied, "ForceCommand")
			if !strings.Contains(err.Error(), "menu") && !strings.Contains(err.Error(), "not available") {
				t.Errorf("error does not repeat what the host said: %v", err)
			}
		})
	}
}

// Neither the script, nor its input, nor the environment of a command may show in the host's process list.
func TestRun_KeepsScriptsOutOfTheProcessList(t *testing.T) {
	t.Parallel()
	h := reach(t, hosttest.NewServer(t, hosttest.ServerOptions{}))
	const canary = "canary-ab12cd34"
	r, err := h.Run(t.Context(), host.Command{
		Script: "token=" + canary + "\ncat >/dev/null\ntr '\\0' ' ' </proc/$$/cmdline; tr '\\0' ' ' </proc/$PPID/cmdline\nsh -c 'tr \"\\0\" \" \" </proc/$PPID/cmdline'",
		Stdin:  strings.NewReader(canary), Env: map[string]string{"SECRET": canary},
	})
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(r.Stdout, "/bin/sh") || strings.Contains(r.Stdout, canary) {
		t.Errorf("process list: %s", r.Stdout)
	}
}

func TestHost_NeverDialsBeforeItIsUsed(t *testing.T) {
	t.Parallel()
	s := hosttest.NewServer(t, hosttest.ServerOptions{})
	pool := newPool(t, s.Options())
	_ = pool.Host(s.Target())
	if s.Accepted() != 0 || pool.Stats() != (host.Stats{}) {
		t.Errorf("%d connections, %+v", s.Accepted(), pool.Stats())
	}
}

func TestHost_RefusesNoName(t *testing.T) {
	t.Parallel()
	_, err := newPool(t, host.Options{ConfigPath: host.None}).Host(host.Target{Host: " "}).Run(context.Background(), host.Command{Args: []string{"true"}})
	wantKind(t, err, fault.Invalid)
}

func idOf(t *testing.T, flag string) string {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), "id", flag).Output()
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(string(out))
}
