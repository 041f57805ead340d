package hosts_test

import (
	"bufio"
	"context"
	"fmt"
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

// victimVariable makes TestVictim run; only TestMain_Killed sets it.
const victimVariable = "LAB_TEST_VICTIM"

// TestVictim boots a host and waits to be killed.
func TestVictim(t *testing.T) { //nolint:paralleltest // it has the process to itself
	if os.Getenv(victimVariable) == "" {
		t.Skip("runs as a child of TestMain_Killed")
	}
	h := hosts.New(t, hosts.Options{Name: "victim"})
	fmt.Println("booted", h.Name())
	<-t.Context().Done()
}

func TestMain_Killed(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	before := groups(t)
	// a run of the tests in the run of the tests: it makes a sandbox of its own
	cmd := exec.CommandContext(ctx, "/proc/self/exe", "-test.run=^TestVictim$", "-test.v")
	cmd.Env = append(os.Environ(), victimVariable+"=1")
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(out)
	for lines.Scan() && !strings.HasPrefix(lines.Text(), "booted") {
		t.Log(lines.Text())
	}
	family := descendants(t, cmd.Process.Pid)
	if len(family) < 5 { // the sandbox, the tests, systemd-nspawn, systemd, sshd...
		t.Fatalf("the victim has only %d processes", len(family))
	}
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait()
	deadline := time.Now().Add(10 * time.Second)
	for left := alive(family); len(left) > 0; left = alive(family) {
		if time.Now().After(deadline) {
			t.Fatalf("processes %v of the killed run are left", left)
		}
		time.Sleep(20 * time.Millisecond)
	}
	if err := hosts.Sweep(ctx); err != nil {
		t.Fatal(err)
	}
	for group := range groups(t) {
		if !before[group] && strings.HasSuffix(group, "-victim") {
			t.Errorf("control group %s is left", group)
		}
	}
	mounts, err := os.ReadFile("/proc/self/mounts")
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(mounts), "victim") {
		t.Errorf("a mount is left:\n%s", mounts)
	}
}

// descendants are the processes below pid, by number and start time.
func descendants(t *testing.T, pid int) map[int]string {
	t.Helper()
	all := map[int]string{}
	queue := []int{pid}
	for len(queue) > 0 {
		parent := queue[0]
		queue = queue[1:]
		paths, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/children", parent))
		if err != nil {
			t.Fatal(err)
		}
		for _, path := range paths {
			text, _ := os.ReadFile(path)
			for _, field := range strings.Fields(string(text)) {
				child, _ := strconv.Atoi(field)
				all[child] = startTime(child)
				queue = append(queue, child)
			}
		}
	}
	return all
}

func alive(processes map[int]string) []int {
	var left []int
	for pid, started := range processes {
		if now := startTime(pid); now != "" && now == started {
			left = append(left, pid)
		}
	}
	return left
}

// startTime is the 22nd field of /proc/PID/stat, "" for a process that is gone.
func startTime(pid int) string {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return ""
	}
	fields := strings.Fields(string(text[strings.LastIndexByte(string(text), ')')+1:]))
	return fields[19]
}

// groups are all control groups of this machine.
func groups(t *testing.T) map[string]bool {
	t.Helper()
	all := map[string]bool{}
	_ = filepath.WalkDir("/sys/fs/cgroup", func(path string, entry fs.DirEntry, err error) error {
		if err == nil && entry.IsDir() {
			all[path] = true
		}
		return nil
	})
	return all
}
