package acceptance_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/dxlab/terraform-provider-lab/test/lab"
)

// workspace is a Terraform configuration with its state, run against one lab.
type workspace struct {
	t   testing.TB
	dir string
	env map[string]string
}

// result is what one run of Terraform answered.
type result struct {
	code   int
	output string
}

// release is what nodes install where a test has no reason for another release: today's stable one, or the one whose
// Kubernetes LAB_KUBERNETES asks for.
var release = lab.Release(os.Getenv(lab.KubernetesVariable))

// newWorkspace makes an empty configuration whose provider comes from a local mirror, as a published one would.
func newWorkspace(t testing.TB, l *lab.Lab) *workspace {
	t.Helper()
	return bareWorkspace(t, l.EnvInside())
}

// bareWorkspace is newWorkspace without a lab.
func bareWorkspace(t testing.TB, env map[string]string) *workspace {
	t.Helper()
	w := &workspace{t: t, dir: t.TempDir(), env: map[string]string{}}
	maps.Copy(w.env, env)
	binary, err := filepath.Abs(envOr("LAB_PROVIDER", "../../bin/terraform-provider-lab"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(binary); err != nil {
		t.Fatalf("the provider is not built (make build): %v", err)
	}
	mirror := filepath.Join(w.dir, "mirror")
	platform := filepath.Join(mirror, "registry.terraform.io/dxlab/lab/0.1.0", runtime.GOOS+"_"+runtime.GOARCH)
	w.must(os.MkdirAll(platform, 0o755))
	w.must(os.Symlink(binary, filepath.Join(platform, "terraform-provider-lab_v0.1.0")))
	w.write("terraform.rc", fmt.Sprintf("provider_installation {\n  filesystem_mirror { path = %q }\n}\n", mirror))
	w.env["TF_CLI_CONFIG_FILE"] = filepath.Join(w.dir, "terraform.rc")
	w.env["LAB_CHARTS_CACHE"] = filepath.Join(w.dir, "charts")
	w.env["CHECKPOINT_DISABLE"] = "1"
	w.write("provider.tf", "terraform {\n  required_providers {\n    lab = { source = \"dxlab/lab\" }\n  }\n}\n")
	return w
}

func envOr(name, otherwise string) string {
	if v := os.Getenv(name); v != "" {
		return v
	}
	return otherwise
}

func (w *workspace) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

func (w *workspace) write(name, text string) {
	w.t.Helper()
	w.must(os.WriteFile(filepath.Join(w.dir, name), []byte(text), 0o600))
}

func (w *workspace) read(name string) string {
	w.t.Helper()
	raw, err := os.ReadFile(filepath.Join(w.dir, name))
	w.must(err)
	return string(raw)
}

// config replaces the configuration; without an earlier one it is initialised.
func (w *workspace) config(parts ...string) {
	w.t.Helper()
	w.write("main.tf", strings.Join(parts, "\n"))
	if _, err := os.Stat(filepath.Join(w.dir, ".terraform.lock.hcl")); err != nil {
		w.succeed(w.run("init", "-input=false"))
	}
}

func (w *workspace) command(ctx context.Context, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, "terraform", append(args, "-no-color")...)
	cmd.Dir = w.dir
	env := map[string]string{"HOME": w.dir, "PATH": os.Getenv("PATH")}
	maps.Copy(env, w.env)
	for _, name := range slices.Sorted(maps.Keys(env)) {
		cmd.Env = append(cmd.Env, name+"="+env[name])
	}
	return cmd
}

// commandLimit ends a Terraform that hangs, so that the test says so.
const commandLimit = 15 * time.Minute

func (w *workspace) run(args ...string) result {
	w.t.Helper()
	ctx, cancel := context.WithTimeout(w.t.Context(), commandLimit)
	defer cancel()
	cmd := w.command(ctx, args...)
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	err := cmd.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		w.t.Fatalf("terraform %s: %v\n%s", args[0], err, out.String())
	}
	return result{code: cmd.ProcessState.ExitCode(), output: out.String()}
}

func (w *workspace) apply(args ...string) result {
	w.t.Helper()
	return w.run(append([]string{"apply", "-input=false", "-auto-approve"}, args...)...)
}

func (w *workspace) plan(args ...string) result {
	w.t.Helper()
	return w.run(append([]string{"plan", "-input=false", "-detailed-exitcode"}, args...)...)
}

func (w *workspace) destroy() result {
	w.t.Helper()
	return w.run("destroy", "-input=false", "-auto-approve")
}

// running is an apply that goes on.
type running struct {
	cmd *exec.Cmd
	out *lockedBuffer
}

// until starts an apply and returns at a sign in its output or elsewhere.
func (w *workspace) until(ctx context.Context, ready func(output string) bool) running {
	w.t.Helper()
	r := running{cmd: w.command(ctx, "apply", "-input=false", "-auto-approve"), out: &lockedBuffer{}}
	r.cmd.Stdout, r.cmd.Stderr = r.out, r.out
	w.must(r.cmd.Start())
	for !ready(r.out.String()) {
		select {
		case <-ctx.Done():
			w.t.Fatalf("the moment never came:\n%s", r.out.String())
		case <-time.After(50 * time.Millisecond):
		}
	}
	return r
}

func (r running) wait() result {
	_ = r.cmd.Wait()
	return result{code: r.cmd.ProcessState.ExitCode(), output: r.out.String()}
}

// interrupt starts an apply, waits for a sign in its output or elsewhere, and presses Ctrl-C once.
func (w *workspace) interrupt(ready func(output string) bool) (result, time.Duration) {
	w.t.Helper()
	ctx, cancel := context.WithTimeout(w.t.Context(), commandLimit)
	defer cancel()
	r := w.until(ctx, ready)
	pressed := time.Now()
	w.must(r.cmd.Process.Signal(syscall.SIGINT))
	return r.wait(), time.Since(pressed)
}

func (w *workspace) succeed(r result) result {
	w.t.Helper()
	if r.code != 0 {
		w.t.Fatalf("terraform failed with %d:\n%s", r.code, r.output)
	}
	return r
}

// fail checks that Terraform failed and said each of texts; line breaks of its boxes do not count.
func (w *workspace) fail(r result, texts ...string) {
	w.t.Helper()
	if r.code != 1 {
		w.t.Fatalf("want an error, terraform ended with %d:\n%s", r.code, r.output)
	}
	w.says(r, texts...)
}

func (w *workspace) says(r result, texts ...string) {
	w.t.Helper()
	for _, text := range texts {
		if !strings.Contains(flat(r.output), flat(text)) {
			w.t.Errorf("%q is missing in:\n%s", text, r.output)
		}
	}
}

// noChanges checks that a plan is empty.
func (w *workspace) noChanges() {
	w.t.Helper()
	if r := w.plan(); r.code != 0 {
		w.t.Fatalf("the plan is not empty (%d):\n%s", r.code, r.output)
	}
}

// flat undoes Terraform's line wrapping.
func flat(s string) string {
	return strings.Join(strings.Fields(strings.ReplaceAll(s, "│", " ")), " ")
}
