// Package proc knows how to keep child processes whose life is bound to their parent's: they die with it, however it ends,
// and their ends are told to it.
package proc

import (
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"sync"
	"syscall"
	"time"
)

// Spec is one child.
type Spec struct {
	// Name is the name in logs and errors; the child's output goes to Name.log in the log directory.
	Name string
	// Path and Args are the program and its arguments, without the program's name.
	Path string
	Args []string
	// Env is added to the parent's environment.
	Env []string
	// Restart tells, when the child has ended, whether it is started again after RestartDelay; its end is then not reported. Nil is never.
	Restart func() bool
}

// RestartDelay is the pause before a child with Restart is started again, long enough that a crash loop costs little CPU.
const RestartDelay = time.Second

// Exit is the end of a child that nobody asked to end.
type Exit struct {
	Name string
	Err  error
	// LogTail is the end of the child's log.
	LogTail string
}

// Group is a set of children.
type Group struct {
	logDir string
	logger *slog.Logger
	start  chan func()
	exits  chan Exit

	mu       sync.Mutex
	children map[string]*child
	stopping bool
}

type child struct {
	spec    Spec
	process *os.Process
	stopped bool
	done    chan struct{}
}

// NewGroup makes an empty group whose children log to files in logDir.
func NewGroup(logDir string, logger *slog.Logger) *Group {
	g := &Group{logDir: logDir, logger: logger, start: make(chan func()), exits: make(chan Exit, 16), children: map[string]*child{}}
	go g.startLoop()
	return g
}

// startLoop starts every child from one thread that lives as long as the process: the kernel sends the parent-death signal when the
// thread that forked ends, not the process.
func (g *Group) startLoop() {
	runtime.LockOSThread()
	for f := range g.start {
		f()
	}
}

// Exits tells the children that ended by themselves.
func (g *Group) Exits() <-chan Exit { return g.exits }

// Start starts a child.
func (g *Group) Start(spec Spec) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.stopping {
		return fmt.Errorf("starting %s: everything is being stopped", spec.Name)
	}
	log, err := g.openLog(spec.Name)
	if err != nil {
		return err
	}
	defer func() { _ = log.Close() }()           // the child has its own descriptor
	cmd := exec.Command(spec.Path, spec.Args...) //nolint:noctx // it ends with Stop or with this process
	cmd.Env = append(os.Environ(), spec.Env...)
	cmd.Stdout, cmd.Stderr = log, log
	// A process group of its own keeps a Ctrl-C on the terminal from reaching the child before the parent decides.
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL, Setpgid: true}
	started := make(chan error)
	g.start <- func() { started <- cmd.Start() }
	if err := <-started; err != nil {
		return fmt.Errorf("starting %s: %w", spec.Name, err)
	}
	c := &child{spec: spec, process: cmd.Process, done: make(chan struct{})}
	g.children[spec.Name] = c
	go g.wait(c, cmd)
	return nil
}

func (g *Group) wait(c *child, cmd *exec.Cmd) {
	err := cmd.Wait()
	close(c.done)
	g.mu.Lock()
	wanted := c.stopped || g.stopping
	g.mu.Unlock()
	if wanted {
		return
	}
	if err == nil {
		err = fmt.Errorf("ended with exit code 0")
	}
	if c.spec.Restart == nil || !c.spec.Restart() {
		g.exits <- Exit{Name: c.spec.Name, Err: err, LogTail: tail(g.logPath(c.spec.Name), 2048)}
		return
	}
	g.logger.Warn("child ended, starting it again", "name", c.spec.Name, "err", err)
	time.AfterFunc(RestartDelay, func() {
		if err := g.Start(c.spec); err != nil {
			g.logger.Warn("child not started again", "name", c.spec.Name, "err", err)
		}
	})
}

// Stop ends one child: SIGTERM, then SIGKILL after grace. A child that is not there is no error.
func (g *Group) Stop(name string, grace time.Duration) {
	g.mu.Lock()
	c := g.children[name]
	if c != nil {
		c.stopped = true
	}
	g.mu.Unlock()
	if c != nil {
		c.end(grace)
	}
}

// StopAll ends all children at once, those in last after the others. It returns when they are gone.
func (g *Group) StopAll(grace time.Duration, last ...string) {
	g.mu.Lock()
	g.stopping = true
	later := map[string]*child{}
	now := map[string]*child{}
	for name, c := range g.children {
		now[name] = c
	}
	for _, name := range last {
		if c := now[name]; c != nil {
			later[name] = c
			delete(now, name)
		}
	}
	g.mu.Unlock()
	for _, batch := range []map[string]*child{now, later} {
		var all sync.WaitGroup
		for _, c := range batch {
			all.Go(func() { c.end(grace) })
		}
		all.Wait()
	}
}

func (c *child) end(grace time.Duration) {
	_ = c.process.Signal(syscall.SIGTERM)
	select {
	case <-c.done:
	case <-time.After(grace):
		_ = c.process.Kill()
		<-c.done
	}
}

func (g *Group) logPath(name string) string { return filepath.Join(g.logDir, name+".log") }

func (g *Group) openLog(name string) (*os.File, error) {
	if err := os.MkdirAll(g.logDir, 0o755); err != nil {
		return nil, fmt.Errorf("opening the log of %s: %w", name, err)
	}
	log, err := os.OpenFile(g.logPath(name), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		return nil, fmt.Errorf("opening the log of %s: %w", name, err)
	}
	return log, nil
}

func tail(path string, size int) string {
	content, err := os.ReadFile(path)
	if err != nil {
		return ""
	}
	if len(content) > size {
		content = content[len(content)-size:]
	}
	return string(content)
}
