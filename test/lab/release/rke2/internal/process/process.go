// Package process knows how the stand-in runs other programs: those that outlive its service, as RKE2's static pods do, and are taken
// over by its next start, and those that end with it.
package process

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// Options say which program runs.
type Options struct {
	Name      string // in messages: "Control plane"
	Binary    string
	Args      []string
	FirstArgs []string // added to Args when it is started, no part of the identity
	Release   string   // part of the identity: another release replaces the running program
	Replace   bool     // a running program is replaced in any case
	LogFile   string
	// BeforeStart runs before a program is started, not before one is taken over; nil for nothing.
	BeforeStart func() error
	StateFile   string // where the running process is remembered
	Logger      *slog.Logger
}

// state is the remembered process.
type state struct {
	PID       int    `json:"pid"`
	StartTime string `json:"startTime"` // clock ticks since boot, which tells a reused pid apart
	Identity  string `json:"identity"`
}

// Process is a running program.
type Process struct {
	pid  int
	done chan struct{}
	err  error
}

// Run takes over the program that an earlier start left running with the same options, or replaces it, or starts one.
func Run(ctx context.Context, o Options) (*Process, error) {
	identity := identity(o)
	if old, ok := remembered(o); ok {
		if old.Identity == identity && !o.Replace {
			o.Logger.Info(o.Name+" is running already", "pid", old.PID)
			return adopt(old), nil
		}
		o.Logger.Info(o.Name+" has to change, restarting it", "pid", old.PID)
		if err := end(ctx, old.PID); err != nil {
			return nil, err
		}
	}
	if o.BeforeStart != nil {
		if err := o.BeforeStart(); err != nil {
			return nil, err
		}
	}
	return start(o, identity)
}

// Running reports whether a remembered program is alive.
func Running(o Options) bool {
	_, ok := remembered(o)
	return ok
}

// Stop ends the remembered program, if one is alive.
func Stop(ctx context.Context, o Options) error {
	old, ok := remembered(o)
	if !ok {
		return nil
	}
	return end(ctx, old.PID)
}

// Done is closed when the process has ended.
func (p *Process) Done() <-chan struct{} { return p.done }

// Err says how the process ended; valid after Done.
func (p *Process) Err() error { return p.err }

func identity(o Options) string {
	sum := sha256.Sum256([]byte(strings.Join(append([]string{o.Binary, o.Release}, o.Args...), "\x00")))
	return hex.EncodeToString(sum[:8])
}

func remembered(o Options) (state, bool) {
	var s state
	content, err := os.ReadFile(o.StateFile)
	if err != nil || json.Unmarshal(content, &s) != nil {
		return s, false
	}
	started, err := startTime(s.PID)
	return s, err == nil && started == s.StartTime
}

func start(o Options, identity string) (*Process, error) {
	log, err := openLog(o.LogFile)
	if err != nil {
		return nil, err
	}
	defer func() { _ = log.Close() }()
	cmd := exec.Command(o.Binary, append(slices.Clone(o.Args), o.FirstArgs...)...) //nolint:noctx // outlives the caller by design
	cmd.Env = environment()
	cmd.Stdout, cmd.Stderr = log, log
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("starting %s: %w", filepath.Base(o.Binary), err)
	}
	p := &Process{pid: cmd.Process.Pid, done: make(chan struct{})}
	go func() {
		p.err = cmd.Wait()
		if p.err == nil {
			p.err = errors.New("exit status 0")
		}
		close(p.done)
	}()
	return p, remember(o, p.pid, identity)
}

func openLog(path string) (*os.File, error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return nil, err
	}
	return os.OpenFile(path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o640)
}

// environment is the service's without its socket: programs would report to the service manager, which listens to the service's own
// process only.
func environment() []string {
	return slices.DeleteFunc(os.Environ(), func(v string) bool { return strings.HasPrefix(v, "NOTIFY_SOCKET=") })
}

func remember(o Options, pid int, identity string) error {
	started, err := startTime(pid)
	if err != nil {
		return nil //nolint:nilerr // gone already: Done tells
	}
	content, err := json.Marshal(state{PID: pid, StartTime: started, Identity: identity})
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(o.StateFile), 0o755); err != nil {
		return err
	}
	return os.WriteFile(o.StateFile, content, 0o600)
}

func adopt(s state) *Process {
	p := &Process{pid: s.PID, done: make(chan struct{}), err: errors.New("process is gone")}
	go func() {
		tick := time.NewTicker(500 * time.Millisecond)
		defer tick.Stop()
		for range tick.C {
			if started, err := startTime(s.PID); err != nil || started != s.StartTime {
				close(p.done)
				return
			}
		}
	}()
	return p
}

// end asks a process to stop and kills it when it does not within ten seconds.
func end(ctx context.Context, pid int) error {
	if err := syscall.Kill(pid, syscall.SIGTERM); err != nil {
		return nil // gone already
	}
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	deadline := time.After(10 * time.Second)
	for {
		if _, err := startTime(pid); errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		select {
		case <-tick.C:
		case <-deadline:
			return syscall.Kill(pid, syscall.SIGKILL)
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// startTime returns field 22 of /proc/<pid>/stat. A zombie counts as gone.
func startTime(pid int) (string, error) {
	content, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(pid), "stat"))
	if err != nil {
		return "", err
	}
	_, rest, ok := strings.Cut(string(content), ") ")
	fields := strings.Fields(rest)
	if !ok || len(fields) < 20 || fields[0] == "Z" {
		return "", fs.ErrNotExist
	}
	return fields[19], nil
}

// Tail returns the last lines of a log.
func Tail(file string, lines int) string {
	content, err := os.ReadFile(file)
	if err != nil {
		return ""
	}
	if over := len(content) - 64<<10; over > 0 {
		content = content[over:]
	}
	all := strings.Split(strings.TrimRight(string(content), "\n"), "\n")
	return strings.Join(all[max(0, len(all)-lines):], "\n")
}
