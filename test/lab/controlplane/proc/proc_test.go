package proc

import (
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// TestMain lets a copy of the test be the parent whose death a test watches.
func TestMain(m *testing.M) {
	if dir := os.Getenv("PROC_TEST_PARENT"); dir != "" {
		parent(dir)
	}
	os.Exit(m.Run())
}

func parent(dir string) {
	g := NewGroup(dir, slog.New(slog.DiscardHandler))
	if err := g.Start(Spec{Name: "child", Path: "/bin/sh", Args: []string{"-c", "echo $$ > " + dir + "/pid; exec sleep 300"}}); err != nil {
		panic(err)
	}
	select {}
}

func TestGroup_DiesWithItsParent(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	cmd := exec.CommandContext(t.Context(), os.Args[0])
	cmd.Env = append(os.Environ(), "PROC_TEST_PARENT="+dir)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	child := waitPID(t, filepath.Join(dir, "pid"))
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait()
	waitFor(t, "the child to die", func() bool { return !alive(child) })
}

func TestGroup_TellsAnEnd(t *testing.T) {
	t.Parallel()
	g := NewGroup(t.TempDir(), slog.New(slog.DiscardHandler))
	if err := g.Start(Spec{Name: "brief", Path: "/bin/sh", Args: []string{"-c", "echo last words; exit 3"}}); err != nil {
		t.Fatal(err)
	}
	exit := <-g.Exits()
	if exit.Name != "brief" || exit.Err.Error() != "exit status 3" || exit.LogTail != "last words\n" {
		t.Errorf("got %+v", exit)
	}
}

func TestGroup_RestartsAChild(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	g := NewGroup(dir, slog.New(slog.DiscardHandler))
	if err := g.Start(Spec{Name: "again", Path: "/bin/sh", Args: []string{"-c", "echo up"}, Restart: func() bool { return true }}); err != nil {
		t.Fatal(err)
	}
	waitFor(t, "a second start", func() bool {
		content, _ := os.ReadFile(filepath.Join(dir, "again.log"))
		return strings.Count(string(content), "up") >= 2
	})
	g.StopAll(time.Second)
}

func TestGroup_StopsInOrderAndKillsTheStubborn(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	g := NewGroup(dir, slog.New(slog.DiscardHandler))
	script := func(name string) string {
		return "trap 'date +%s%N > " + dir + "/" + name + "; exit 0' TERM; echo $$ > " + dir + "/" + name + ".pid; while :; do sleep 0.02; done"
	}
	for _, name := range []string{"last", "first"} {
		if err := g.Start(Spec{Name: name, Path: "/bin/sh", Args: []string{"-c", script(name)}}); err != nil {
			t.Fatal(err)
		}
	}
	stubborn := Spec{Name: "stubborn", Path: "/bin/sh", Args: []string{"-c", "trap '' TERM; echo $$ > " + dir + "/stubborn.pid; while :; do sleep 0.02; done"}}
	if err := g.Start(stubborn); err != nil {
		t.Fatal(err)
	}
	pids := map[string]int{}
	for _, name := range []string{"last", "first", "stubborn"} {
		pids[name] = waitPID(t, filepath.Join(dir, name+".pid"))
	}
	g.StopAll(300*time.Millisecond, "last")
	for name, pid := range pids {
		if alive(pid) {
			t.Errorf("%s is alive", name)
		}
	}
	if first, last := number(t, filepath.Join(dir, "first")), number(t, filepath.Join(dir, "last")); first >= last {
		t.Errorf("first ended at %d, last at %d", first, last)
	}
	select {
	case exit := <-g.Exits():
		t.Errorf("an end that was asked for was told: %+v", exit)
	default:
	}
	if err := g.Start(stubborn); err == nil {
		t.Error("a child was started after the end")
	}
}

func TestGroup_StopsOneChild(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	g := NewGroup(dir, slog.New(slog.DiscardHandler))
	spec := Spec{Name: "one", Path: "/bin/sh", Args: []string{"-c", "echo $$ > " + dir + "/pid; exec sleep 300"}}
	for range 2 {
		_ = os.Remove(filepath.Join(dir, "pid"))
		if err := g.Start(spec); err != nil {
			t.Fatal(err)
		}
		pid := waitPID(t, filepath.Join(dir, "pid"))
		g.Stop("one", time.Second)
		if alive(pid) {
			t.Error("it is alive")
		}
	}
	g.Stop("nobody", time.Second)
}

func waitPID(t *testing.T, path string) int {
	t.Helper()
	waitFor(t, path, func() bool {
		content, err := os.ReadFile(path)
		return err == nil && len(content) > 1
	})
	return number(t, path)
}

func number(t *testing.T, path string) int {
	t.Helper()
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	n, err := strconv.Atoi(strings.TrimSpace(string(content)))
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// alive tells whether a process runs; one that has ended and that nobody has collected does not.
func alive(pid int) bool {
	if syscall.Kill(pid, 0) != nil {
		return false
	}
	status, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	return err == nil && !strings.Contains(string(status), ") Z ")
}

func waitFor(t *testing.T, what string, check func() bool) {
	t.Helper()
	ticker := time.NewTicker(10 * time.Millisecond)
	defer ticker.Stop()
	limit := time.After(20 * time.Second)
	for !check() {
		select {
		case <-ticker.C:
		case <-limit:
			t.Fatalf("gave up waiting for %s", what)
		}
	}
}
