package bench_test

import (
	"bytes"
	"context"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"testing"
	"time"

	"github.com/dxlab/terraform-provider-lab/test/lab"
)

// workspace is a Terraform configuration with its state.
type workspace struct {
	t   testing.TB
	dir string
	env map[string]string
}

// cost is what one run of Terraform used.
type cost struct {
	wall, cpu time.Duration // cpu is user and system time of Terraform and its providers
	memory    int64         // sum of the providers' peaks, bytes
	state     int64         // size of the state afterwards, bytes
}

// newWorkspace copies the *.tf files of a folder. The mirrors are where providers come from.
func newWorkspace(t testing.TB, l *lab.Lab, from string, settings []string, mirrors ...string) *workspace {
	t.Helper()
	w := &workspace{t: t, dir: t.TempDir(), env: maps.Clone(l.EnvInside())}
	var rc bytes.Buffer
	rc.WriteString("provider_installation {\n")
	for _, mirror := range mirrors {
		fmt.Fprintf(&rc, "  filesystem_mirror { path = %q }\n", mirror)
	}
	rc.WriteString("}\n")
	w.write("terraform.rc", rc.String())
	files, err := filepath.Glob(filepath.Join(from, "*.tf"))
	w.must(err)
	if len(files) == 0 {
		t.Fatalf("%s has no configuration", from)
	}
	for _, file := range files {
		raw, err := os.ReadFile(file)
		w.must(err)
		w.write(filepath.Base(file), string(raw))
	}
	var variables bytes.Buffer
	for _, line := range settings {
		fmt.Fprintln(&variables, line)
	}
	w.write("terraform.tfvars", variables.String())
	w.env["TF_CLI_CONFIG_FILE"] = filepath.Join(w.dir, "terraform.rc")
	w.env["LAB_CHARTS_CACHE"] = filepath.Join(w.dir, "charts")
	w.env["CHECKPOINT_DISABLE"] = "1"
	w.env["HOME"], w.env["PATH"] = w.dir, os.Getenv("PATH")
	w.run("init", "-input=false")
	return w
}

// ownMirror offers the provider's binary as a published one.
func ownMirror(t testing.TB) string {
	t.Helper()
	binary, err := filepath.Abs("../bin/terraform-provider-lab")
	if err != nil {
		t.Fatal(err)
	}
	mirror := t.TempDir()
	platform := filepath.Join(mirror, "registry.terraform.io/dxlab/lab/0.1.0", runtime.GOOS+"_"+runtime.GOARCH)
	if err := os.MkdirAll(platform, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(binary, filepath.Join(platform, "terraform-provider-lab_v0.1.0")); err != nil {
		t.Fatal(err)
	}
	return mirror
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

// limit ends a Terraform that hangs, so that the run says so.
const limit = 10 * time.Minute

// run runs Terraform, which has to succeed, and measures it.
func (w *workspace) run(args ...string) cost {
	w.t.Helper()
	ctx, cancel := context.WithTimeout(w.t.Context(), limit)
	defer cancel()
	cmd := exec.CommandContext(ctx, "terraform", append(args, "-no-color")...)
	cmd.Dir = w.dir
	for _, name := range slices.Sorted(maps.Keys(w.env)) {
		cmd.Env = append(cmd.Env, name+"="+w.env[name])
	}
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	begin := time.Now()
	w.must(cmd.Start())
	watching, stop := context.WithCancel(ctx)
	defer stop()
	seen := make(chan map[string]int64, 1)
	go func() { seen <- peaks(watching, cmd.Process.Pid) }()
	err := cmd.Wait()
	c := cost{wall: time.Since(begin)}
	stop()
	if err != nil {
		w.t.Fatalf("terraform %v: %v\n%s", args, err, out.String())
	}
	for _, peak := range <-seen {
		c.memory += peak
	}
	c.cpu = cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()
	if info, err := os.Stat(filepath.Join(w.dir, "terraform.tfstate")); err == nil {
		c.state = info.Size()
	}
	return c
}

func (w *workspace) apply(args ...string) cost {
	w.t.Helper()
	return w.run(append([]string{"apply", "-input=false", "-auto-approve"}, args...)...)
}

// plan fails when there is something to do.
func (w *workspace) plan() cost {
	w.t.Helper()
	return w.run("plan", "-input=false", "-detailed-exitcode")
}

func (w *workspace) destroy() cost {
	w.t.Helper()
	return w.run("destroy", "-input=false", "-auto-approve")
}

// plus adds what a second run cost; memory is the larger peak, and the state that of the later run.
func (c cost) plus(later cost) cost {
	return cost{wall: c.wall + later.wall, cpu: c.cpu + later.cpu, memory: max(c.memory, later.memory), state: later.state}
}
