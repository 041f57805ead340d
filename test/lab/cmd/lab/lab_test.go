package main

import (
	"context"
	"encoding/json"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// TestMain lets the test binary be the command: that is how the tests run it.
func TestMain(m *testing.M) {
	if os.Getenv("LAB_TEST_COMMAND") != "" {
		main()
		return
	}
	os.Exit(m.Run())
}

func TestLab_UpAndDown(t *testing.T) {
	t.Parallel()
	needHosts(t)
	dir := filepath.Join(t.TempDir(), "lab")
	out := good(t, "up", "--bare", "--hosts", "2", "--dir", dir)
	if !strings.Contains(out, "host h2 is up") || !strings.Contains(out, "the lab is up") {
		t.Errorf("up says %q", out)
	}
	if out := good(t, "up", "--bare", "--dir", dir); !strings.Contains(out, "already running") {
		t.Errorf("a second up says %q", out)
	}
	s := readState(t, dir)
	processes := family(t, s)
	if out := good(t, "exec", "--dir", dir, "h2", "hostname"); out != "h2" {
		t.Errorf("hostname of h2 is %q", out)
	}
	if _, code := cli(t, "exec", "--dir", dir, "h1", "exit", "7"); code != 7 {
		t.Errorf("exit code %d, want 7", code)
	}
	inside := good(t, "run", "--dir", dir, "--", "sh", "-c", "pwd; echo $LAB_HOSTS; cat < /dev/tcp/10.88.0.12/22 2>/dev/null | head -c 4; ip -o addr show br0 | grep -c 10.88.0.1/16")
	here, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	if want := here + "\nroot@10.88.0.11:22 root@10.88.0.12:22\n"; !strings.HasPrefix(inside, want) || !strings.HasSuffix(inside, "1") {
		t.Errorf("inside the lab: %q", inside)
	}
	env, err := exec.CommandContext(t.Context(), "sh", "-c", `. "$1/env"; echo "$LAB_HOSTS"`, "sh", dir).Output()
	if err != nil {
		t.Fatal(err)
	}
	if want := "root@" + s.ssh(0) + " root@" + s.ssh(1); strings.TrimSpace(string(env)) != want {
		t.Errorf("hosts in the environment: %q, want %q", env, want)
	}
	good(t, "down", "--dir", dir)
	checkGone(t, dir, s, processes)
	if out := good(t, "down", "--dir", dir); !strings.Contains(out, "no lab") {
		t.Errorf("a second down says %q", out)
	}
}

// ssh is where a host's sshd is reached from this machine.
func (s state) ssh(i int) string {
	return net.JoinHostPort(s.Hosts[i].Outside, strconv.Itoa(s.Ports[sshPort]))
}

func TestLab_SideBySide(t *testing.T) {
	t.Parallel()
	needHosts(t)
	var both sync.WaitGroup
	var dirs [2]string
	var states [2]state
	for i := range dirs {
		both.Go(func() { dirs[i], states[i] = started(t) })
	}
	both.Wait()
	if t.Failed() {
		t.FailNow()
	}
	if states[0].Hosts[0].Outside == states[1].Hosts[0].Outside {
		t.Fatalf("both labs have %s", states[0].Hosts[0].Outside)
	}
	for i, dir := range dirs {
		good(t, "exec", "--dir", dir, "h1", "echo "+strconv.Itoa(i)+" > /root/number")
	}
	if out := good(t, "exec", "--dir", dirs[0], "h1", "cat /root/number"); out != "0" {
		t.Errorf("the first lab's host has the number %q", out)
	}
	good(t, "down", "--dir", dirs[0])
	if out := good(t, "exec", "--dir", dirs[1], "h1", "cat /root/number"); out != "1" {
		t.Errorf("after the end of the first lab, the second lab's host has the number %q", out)
	}
}

func TestLab_Killed(t *testing.T) {
	t.Parallel()
	needHosts(t)
	dir, s := started(t)
	processes := family(t, s)
	if err := syscall.Kill(s.PID, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	if err := waitGone(ctx, s); err != nil {
		t.Fatal(err)
	}
	if out, code := cli(t, "status", "--dir", dir); code != 1 || !strings.Contains(out, "no lab is running") {
		t.Errorf("status of a killed lab: exit code %d with %q", code, out)
	}
	good(t, "down", "--dir", dir)
	checkGone(t, dir, s, processes)
}

func TestLab_UpAfterKill(t *testing.T) {
	t.Parallel()
	needHosts(t)
	dir, before := started(t)
	if err := syscall.Kill(before.PID, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	waitFor(t, func() bool { return !before.alive() })
	good(t, "up", "--bare", "--dir", dir)
	after := readState(t, dir)
	if after.PID == before.PID || after.Hosts[0].Outside != before.Hosts[0].Outside {
		t.Errorf("after a kill: %+v, before: %+v", after, before)
	}
	if out := good(t, "exec", "--dir", dir, "h1", "hostname"); out != "h1" {
		t.Errorf("hostname is %q", out)
	}
}

// TestLab_UpInterrupted kills lab up while it waits for its lab: the lab must not stay without it.
func TestLab_UpInterrupted(t *testing.T) {
	t.Parallel()
	needHosts(t)
	for _, number := range []syscall.Signal{syscall.SIGINT, syscall.SIGKILL} {
		t.Run(number.String(), func(t *testing.T) {
			t.Parallel()
			dir := filepath.Join(t.TempDir(), "lab")
			cmd := labCommand(t.Context(), "up", "--bare", "--hosts", "4", "--dir", dir)
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			var s state
			waitFor(t, func() bool {
				text, err := os.ReadFile(filepath.Join(dir, stateFile))
				return err == nil && json.Unmarshal(text, &s) == nil && s.PID != 0
			})
			if err := cmd.Process.Signal(number); err != nil {
				t.Fatal(err)
			}
			if err := cmd.Wait(); err == nil {
				t.Fatal("up succeeded")
			}
			good(t, "down", "--dir", dir)
			if _, err := os.Stat(dir); err == nil {
				t.Error("the folder is left")
			}
			if s.alive() {
				t.Error("the daemon is left")
			}
		})
	}
}

// TestLab_FolderRemoved removes the folder of a running lab by hand: no command finds the lab any more, so it must end itself.
func TestLab_FolderRemoved(t *testing.T) {
	t.Parallel()
	needHosts(t)
	dir, s := started(t)
	if err := os.RemoveAll(dir); err != nil {
		t.Fatal(err)
	}
	waitFor(t, func() bool { return !s.alive() })
}

func TestLab_Faults(t *testing.T) {
	t.Parallel()
	needHosts(t)
	dir, s := started(t)
	reach := func() bool {
		conn, err := net.DialTimeout("tcp", s.ssh(0), time.Second)
		if err != nil {
			return false
		}
		defer conn.Close()
		_ = conn.SetReadDeadline(time.Now().Add(time.Second))
		n, _ := conn.Read(make([]byte, 4))
		return n == 4
	}
	for _, step := range []struct {
		fault string
		want  bool
	}{{"partition", false}, {"heal", true}, {"cut", false}, {"on", true}, {"reboot", true}, {"off", false}} {
		good(t, "fault", "--dir", dir, "h1", step.fault)
		if got := reach(); got != step.want {
			t.Errorf("after %s the host answers: %v", step.fault, got)
		}
	}
	if out := good(t, "status", "--dir", dir); !strings.Contains(out, "host h1 is off") {
		t.Errorf("status says %q", out)
	}
	for _, args := range [][]string{{"h1", "explode"}, {"h9", "cut"}} {
		if out, code := cli(t, append([]string{"fault", "--dir", dir}, args...)...); code != 1 || !strings.Contains(out, "there is no") {
			t.Errorf("fault %v: exit code %d with %q", args, code, out)
		}
	}
}

func TestLab_KeepsOthersFiles(t *testing.T) {
	t.Parallel()
	needHosts(t)
	dir := t.TempDir()
	path := filepath.Join(dir, "env")
	if err := os.WriteFile(path, []byte("mine"), 0o600); err != nil {
		t.Fatal(err)
	}
	if out, code := cli(t, "up", "--bare", "--dir", dir); code != 1 || !strings.Contains(out, "holds other files") {
		t.Errorf("up in somebody's folder: exit code %d with %q", code, out)
	}
	good(t, "down", "--dir", dir)
	if text, err := os.ReadFile(path); err != nil || string(text) != "mine" {
		t.Errorf("the file holds %q (%v)", text, err)
	}
}

func TestLab_WrongArguments(t *testing.T) {
	t.Parallel()
	for _, args := range [][]string{{}, {"dance"}, {"up", "extra"}, {"up", "--bogus"}, {"exec"}, {"run"}, {"fault", "h1"}} {
		if out, code := cli(t, args...); code != 2 || !strings.Contains(out, "usage: lab COMMAND") {
			t.Errorf("lab %v: exit code %d with %q", args, code, out)
		}
	}
}
