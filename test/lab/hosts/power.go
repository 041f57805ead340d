package hosts

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"syscall"
	"time"
)

// Exit tells how a boot of the host ended.
type Exit struct {
	Code int // 0 power off, 133 reboot, -1 power cut
	At   time.Time
}

// rebootCode is systemd-nspawn's exit code for "the container asked for a reboot" when it runs with --keep-unit.
const rebootCode = 133

// power is the time from switching a host on to the moment it is off; it may hold several boots.
type power struct {
	done     chan struct{} // closed when off
	stopping bool          // a reboot is not wanted any more
	cmd      *exec.Cmd     // the running systemd-nspawn
	err      error         // why it went off, when it was not told to
}

func (p *power) running() bool {
	if p == nil {
		return false
	}
	select {
	case <-p.done:
		return false
	default:
		return true
	}
}

// PowerOn boots the host and waits until sshd answers (0.4 to 1 second on an idle machine).
func (h *Host) PowerOn(ctx context.Context) error {
	if err := h.Boot(ctx); err != nil {
		return err
	}
	return h.WaitSSH(ctx)
}

// Boot boots the host and does not wait until anything runs on it. A host that is on is an error.
func (h *Host) Boot(ctx context.Context) error {
	h.mu.Lock()
	if h.power.running() {
		h.mu.Unlock()
		return fmt.Errorf("booting host %s: it is on already", h.name)
	}
	p := &power{done: make(chan struct{})}
	h.power = p
	h.mu.Unlock()
	started := make(chan error, 1)
	go h.supervise(context.WithoutCancel(ctx), p, started)
	if err := <-started; err != nil {
		return fmt.Errorf("booting host %s: %w", h.name, err)
	}
	return nil
}

// Running tells whether the host is switched on.
func (h *Host) Running() bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.power.running()
}

// process returns the running systemd-nspawn, or why there is none.
func (h *Host) process() (*os.Process, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	switch p := h.power; {
	case p.running() && p.cmd != nil:
		return p.cmd.Process, nil
	case p.running():
		return nil, errors.New("it has not begun to boot")
	case p != nil && p.err != nil:
		return nil, fmt.Errorf("%w: %w", errOff, p.err)
	default:
		return nil, errOff
	}
}

// errOff says that a host is off; it does not come back by itself.
var errOff = errors.New("it is off")

// Exits are the ends of the boots so far, the oldest first.
func (h *Host) Exits() []Exit {
	h.mu.Lock()
	defer h.mu.Unlock()
	return append([]Exit(nil), h.exits...)
}

// WaitOff waits until the host is off.
func (h *Host) WaitOff(ctx context.Context) error {
	h.mu.Lock()
	p := h.power
	h.mu.Unlock()
	if p == nil {
		return nil
	}
	select {
	case <-p.done:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("waiting until host %s is off: %w", h.name, ctx.Err())
	}
}

// PowerOff shuts the host down in order, as its power button would.
func (h *Host) PowerOff(ctx context.Context) error {
	if err := h.stop(func(cmd *exec.Cmd) error { return cmd.Process.Signal(syscall.SIGTERM) }); err != nil {
		return fmt.Errorf("switching host %s off: %w", h.name, err)
	}
	return h.WaitOff(ctx)
}

// PowerCut takes the power away: every process ends at once, and no last packet leaves the host. It is done even when ctx has
// ended.
func (h *Host) PowerCut(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
	defer cancel()
	err := h.stop(func(*exec.Cmd) error {
		// the cable goes first: dying sockets would send their peers a goodbye
		if err := ip(ctx, "link set "+h.port()+" down"); err != nil {
			return err
		}
		return h.group.Kill()
	})
	if err != nil {
		return fmt.Errorf("cutting the power of host %s: %w", h.name, err)
	}
	return h.WaitOff(ctx)
}

// stop calls how with the running systemd-nspawn, if there is one, and forbids another boot.
func (h *Host) stop(how func(*exec.Cmd) error) error {
	h.mu.Lock()
	p := h.power
	if !p.running() {
		h.mu.Unlock()
		return nil
	}
	p.stopping = true
	cmd := p.cmd
	h.mu.Unlock()
	if cmd == nil {
		return nil
	}
	if err := how(cmd); err != nil && p.running() {
		return err
	}
	return nil
}

// Reboot restarts the host in order and waits until sshd answers again.
func (h *Host) Reboot(ctx context.Context) error {
	before := len(h.Exits())
	if _, err := h.Run(ctx, "systemctl reboot"); err != nil {
		return fmt.Errorf("rebooting host %s: %w", h.name, err)
	}
	err := poll(ctx, func() error {
		if len(h.Exits()) == before {
			return errors.New("it has not gone down")
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("rebooting host %s: %w", h.name, err)
	}
	return h.WaitSSH(ctx)
}
