package main

import (
	"bytes"
	"context"
	"encoding/json"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/dxlab/terraform-provider-lab/test/lab/hosts"
)

// needHosts skips a test where hosts cannot run, but fails it when CI is true.
func needHosts(t *testing.T) {
	t.Helper()
	if err := hosts.Missing(); err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal(err)
		}
		t.Skip(err)
	}
}

// labCommand prepares a run of lab.
func labCommand(ctx context.Context, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, "/proc/self/exe", args...)
	cmd.Env = append(os.Environ(), "LAB_TEST_COMMAND=1")
	return cmd
}

// cli runs lab and returns its output, standard error included, and its exit code.
func cli(t *testing.T, args ...string) (string, int) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.WithoutCancel(t.Context()), 4*time.Minute)
	defer cancel()
	var out bytes.Buffer
	cmd := labCommand(ctx, args...)
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Run(); cmd.ProcessState == nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(out.String()), cmd.ProcessState.ExitCode()
}

// good runs lab, which must succeed.
func good(t *testing.T, args ...string) string {
	t.Helper()
	out, code := cli(t, args...)
	if code != 0 {
		t.Fatalf("lab %s: exit code %d\n%s", strings.Join(args, " "), code, out)
	}
	return out
}

// started starts a bare lab with one host that ends with the test.
func started(t *testing.T) (dir string, s state) {
	t.Helper()
	dir = filepath.Join(t.TempDir(), "lab")
	t.Cleanup(func() {
		if out, code := cli(t, "down", "--dir", dir); code != 0 {
			t.Errorf("lab down: exit code %d\n%s", code, out)
		}
	})
	good(t, "up", "--bare", "--dir", dir)
	return dir, readState(t, dir)
}

func readState(t *testing.T, dir string) (s state) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(dir, stateFile))
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(text, &s); err != nil {
		t.Fatal(err)
	}
	return s
}

// family are the processes in the pid namespace of a lab.
func family(t *testing.T, s state) map[int]string {
	t.Helper()
	own, err := os.Readlink("/proc/" + strconv.Itoa(s.PID) + "/ns/pid")
	if err != nil {
		t.Fatal(err)
	}
	queue, all := []int{s.PID}, map[int]string{}
	for len(queue) > 0 {
		pid := queue[0]
		queue = queue[1:]
		started, _ := process(pid)
		all[pid] = started
		children, _ := filepath.Glob("/proc/" + strconv.Itoa(pid) + "/task/*/children")
		for _, path := range children {
			text, _ := os.ReadFile(path)
			for _, field := range strings.Fields(string(text)) {
				child, _ := strconv.Atoi(field)
				queue = append(queue, child)
			}
		}
	}
	if len(all) < 5 {
		t.Fatalf("the lab in %s has only the processes %v", own, all)
	}
	return all
}

// checkGone checks that nothing of a lab is left.
func checkGone(t *testing.T, dir string, s state, processes map[int]string) {
	t.Helper()
	for pid, started := range processes {
		if now, running := process(pid); running && now == started {
			t.Errorf("process %d is left", pid)
		}
	}
	_ = filepath.WalkDir("/sys/fs/cgroup", func(path string, entry fs.DirEntry, err error) error {
		if err == nil && entry.IsDir() && strings.Contains(entry.Name(), s.ID) {
			t.Errorf("control group %s is left", path)
		}
		return nil
	})
	if _, err := os.Stat(dir); err == nil {
		t.Errorf("folder %s is left", dir)
	}
	mounts, err := os.ReadFile("/proc/self/mounts")
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(mounts), "/run/lab/hosts") {
		t.Errorf("a mount is left:\n%s", mounts)
	}
}

// waitFor waits until done.
func waitFor(t *testing.T, done func() bool) {
	t.Helper()
	deadline := time.Now().Add(20 * time.Second)
	for !done() {
		if time.Now().After(deadline) {
			t.Fatal("it does not happen")
		}
		time.Sleep(20 * time.Millisecond)
	}
}
