package hosttest_test

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"strings"
	"testing"

	"github.com/dxlab/terraform-provider-lab/internal/fault"
	"github.com/dxlab/terraform-provider-lab/internal/host"
	"github.com/dxlab/terraform-provider-lab/internal/host/hosttest"
)

// machine is what both a real host and a fake one can do.
type machine interface {
	fmt.Stringer
	Run(context.Context, host.Command) (host.Result, error)
	ReadFile(context.Context, string) ([]byte, error)
	WriteFile(context.Context, host.File) (bool, error)
	Upload(context.Context, host.UploadFile) error
	Remove(context.Context, ...string) error
	DialContext(ctx context.Context, network, addr string) (net.Conn, error)
	Lock(context.Context, host.LockOptions) (*host.Lock, error)
	HostKey(context.Context) (string, error)
	Facts(context.Context) (host.Facts, error)
}

var (
	_ machine = (*host.Host)(nil)
	_ machine = (*hosttest.Fake)(nil)
)

// recorder is a testing.TB that remembers that a test would have failed.
type recorder struct {
	testing.TB
	failed []string
}

func (r *recorder) Helper() {}

func (r *recorder) Errorf(format string, args ...any) {
	r.failed = append(r.failed, fmt.Sprintf(format, args...))
}

func TestFake_UnexpectedUseFailsTheTest(t *testing.T) {
	t.Parallel()
	r := &recorder{TB: t}
	f := hosttest.NewFake(r, "h")
	_, err := f.Run(t.Context(), host.Command{Args: []string{"rm", "-rf", "a b"}})
	if !fault.Is(err, fault.Command) || len(r.failed) != 1 || !strings.Contains(r.failed[0], "rm -rf 'a b'") {
		t.Errorf("command: %v, %q", err, r.failed)
	}
	if _, err := f.DialContext(t.Context(), "tcp", "a:1"); !fault.Is(err, fault.Unreachable) || len(r.failed) != 2 {
		t.Errorf("dial: %v, %q", err, r.failed)
	}
}

func TestFake_AnswersInOrder(t *testing.T) {
	t.Parallel()
	f := hosttest.NewFake(t, "h")
	f.On(hosttest.Matching("^systemctl"), hosttest.Answer{Stdout: "any"})
	f.On(hosttest.Line("systemctl is-active x"), hosttest.Answer{Stdout: "activating", Code: 3}, hosttest.Answer{Stdout: "active"})
	f.On(hosttest.Named("install"), hosttest.Answer{Do: func(f *hosttest.Fake, c hosttest.Call) {
		f.SetFile("/opt/x", hosttest.File{Content: []byte(c.Stdin)})
	}})
	active := host.Command{Args: []string{"systemctl", "is-active", "x"}, AllowExit: []int{3}}
	for _, want := range []string{"activating", "active", "active"} {
		if r, err := f.Run(t.Context(), active); err != nil || r.Stdout != want {
			t.Errorf("got %q, %v; want %q", r.Stdout, err, want)
		}
	}
	if r, err := f.Run(t.Context(), host.Command{Args: []string{"systemctl", "start", "x"}}); err != nil || r.Stdout != "any" {
		t.Errorf("got %q, %v", r.Stdout, err)
	}
	if _, err := f.Run(t.Context(), host.Command{Name: "install", Script: "cat", Stdin: strings.NewReader("text")}); err != nil {
		t.Error(err)
	}
	if file, ok := f.File("/opt/x"); !ok || string(file.Content) != "text" {
		t.Errorf("file: %+v", file)
	}
	want := "run systemctl is-active x\nrun systemctl is-active x\nrun systemctl is-active x\nrun systemctl start x\nrun (install)\n"
	if got := f.Transcript(); got != want {
		t.Errorf("transcript:\n%s", got)
	}
}

func TestFake_Files(t *testing.T) {
	t.Parallel()
	f := hosttest.NewFake(t, "h")
	if _, err := f.ReadFile(t.Context(), "/etc/x/y"); !fault.Is(err, fault.NotFound) {
		t.Errorf("error: %v", err)
	}
	for _, step := range []struct {
		mode    fs.FileMode
		changed bool
	}{{0o600, true}, {0o600, false}, {0o644, true}} {
		changed, err := f.WriteFile(t.Context(), host.File{Path: "/etc/x/y", Content: []byte("1"), Mode: step.mode})
		if err != nil || changed != step.changed {
			t.Errorf("mode %o: changed %v, %v", step.mode, changed, err)
		}
	}
	err := f.Upload(t.Context(), host.UploadFile{Path: "/opt/y", Source: strings.NewReader("abc"), Size: 3, SHA256: strings.Repeat("0", 64)})
	if !fault.Is(err, fault.Integrity) {
		t.Errorf("upload: %v", err)
	}
	if err := f.Remove(t.Context(), "/etc/x"); err != nil || len(f.Files()) != 0 {
		t.Errorf("left: %v, %v", f.Files(), err)
	}
	broken := errors.New("broken")
	f.Fail("write", "/etc/x/y", broken)
	if _, err := f.WriteFile(t.Context(), host.File{Path: "/etc/x/y"}); !errors.Is(err, broken) {
		t.Errorf("error: %v", err)
	}
}

func TestFake_Lock(t *testing.T) {
	t.Parallel()
	f := hosttest.NewFake(t, "h")
	lock, err := f.Lock(t.Context(), host.LockOptions{Name: "rke2", Holder: "a"})
	if err != nil || !f.Locked("rke2") {
		t.Fatal(err)
	}
	if _, err := f.Lock(t.Context(), host.LockOptions{Name: "rke2", Holder: "b"}); !fault.Is(err, fault.Conflict) {
		t.Errorf("second: %v", err)
	}
	if err := lock.Release(t.Context()); err != nil || f.Locked("rke2") {
		t.Errorf("release: %v", err)
	}
}
