package hosts_test

import (
	"bufio"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/dxlab/terraform-provider-lab/test/lab/hosts"
)

// victimVariable makes TestVictim run; only TestMain_Ended sets it.
const victimVariable = "LAB_TEST_VICTIM"

// TestVictim boots a host and waits for its end.
func TestVictim(t *testing.T) { //nolint:paralleltest // it has the process to itself
	name := os.Getenv(victimVariable)
	if name == "" {
		t.Skip("runs as a child of TestMain_Ended")
	}
	h := hosts.New(t, hosts.Options{Name: name})
	fmt.Println("booted", h.Name())
	<-t.Context().Done()
}

func TestMain_Ended(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		number syscall.Signal
		sweep  bool // what is left needs another run to sweep it
	}{{syscall.SIGKILL, true}, {syscall.SIGTERM, false}, {syscall.SIGINT, false}} {
		t.Run(test.number.String(), func(t *testing.T) {
			t.Parallel()
			name := fmt.Sprintf("victim%d", test.number)
			cmd, family := victim(t, name)
			// like the terminal, which signals the whole process group
			target := cmd.Process.Pid
			if test.number == syscall.SIGINT {
				target = -target
			}
			if err := syscall.Kill(target, test.number); err != nil {
				t.Fatal(err)
			}
			if err := cmd.Wait(); err == nil {
				t.Error("the run succeeded")
			}
			deadline := time.Now().Add(10 * time.Second)
			for left := alive(family); len(left) > 0; left = alive(family) {
				if time.Now().After(deadline) {
					t.Fatalf("processes %v are left", left)
				}
				time.Sleep(20 * time.Millisecond)
			}
			if test.sweep {
				if err := hosts.Sweep(t.Context()); err != nil {
					t.Fatal(err)
				}
			}
			checkGone(t, name)
		})
	}
}

// victim runs TestVictim, which is a run of the tests in the run of the tests with a sandbox of its own. It returns the run and its
// processes.
func victim(t *testing.T, name string) (*exec.Cmd, map[int]string) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "/proc/self/exe", "-test.run=^TestVictim$", "-test.v")
	cmd.Env = append(os.Environ(), victimVariable+"="+name)
	cmd.Stderr = os.Stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
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
	return cmd, family
}

// checkGone checks that no control group and no mount of a host is left.
func checkGone(t *testing.T, name string) {
	t.Helper()
	_ = filepath.WalkDir("/sys/fs/cgroup", func(path string, entry fs.DirEntry, err error) error {
		if err == nil && entry.IsDir() && strings.HasSuffix(entry.Name(), "-"+name) {
			t.Errorf("control group %s is left", path)
		}
		return nil
	})
	mounts, err := os.ReadFile("/proc/self/mounts")
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(mounts), name) {
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
