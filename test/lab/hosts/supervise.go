package hosts

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"syscall"
	"time"
)

// supervise boots the host, and again after each reboot, until it is off. The first boot's error, or nil, goes to started.
func (h *Host) supervise(ctx context.Context, p *power, started chan<- error) {
	// systemd-nspawn is killed when the thread that started it ends: the thread belongs to this goroutine alone
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	defer close(p.done)
	err := h.begin(ctx, p)
	started <- err
	for again := err == nil; again && err == nil; {
		if again, err = h.wait(p); again {
			err = h.begin(ctx, p)
		}
	}
	// a host that is off answers nothing
	err = errors.Join(err, h.unplug(ctx))
	h.mu.Lock()
	p.err = err
	h.mu.Unlock()
}

// begin starts one boot; at most maxBoots begin at the same time.
func (h *Host) begin(ctx context.Context, p *power) error {
	h.rack.boots <- struct{}{}
	defer func() { <-h.rack.boots }()
	if err := h.plug(ctx); err != nil {
		return err
	}
	if err := h.prepareGroup(ctx); err != nil {
		return err
	}
	console, err := os.OpenFile(h.rack.consolePath(h.name), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		return fmt.Errorf("opening the console: %w", err)
	}
	defer func() { _ = console.Close() }()
	cmd := h.command()
	cmd.Stdout, cmd.Stderr = console, console
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("starting systemd-nspawn: %w", err)
	}
	h.mu.Lock()
	p.cmd = cmd
	h.mu.Unlock()
	return nil
}

// prepareGroup makes the host's control group. Groups that containers of the last boot had are removed: the next kubelet would take them
// for those of pods that it has forgotten.
func (h *Host) prepareGroup(ctx context.Context) error {
	if h.options.Containers {
		ctx, cancel := context.WithTimeout(ctx, groupPatience)
		defer cancel()
		if err := h.group.Remove(ctx); err != nil {
			return err
		}
	}
	return h.group.Create()
}

// groupPatience is how long killed processes may take to leave their control groups.
const groupPatience = 5 * time.Second

// wait waits for the end of a boot and tells whether the host wants another one. An end that nobody asked for is an error.
func (h *Host) wait(p *power) (again bool, err error) {
	_ = p.cmd.Wait()
	h.mu.Lock()
	defer h.mu.Unlock()
	code := p.cmd.ProcessState.ExitCode()
	h.exits = append(h.exits, Exit{Code: code, At: time.Now()})
	switch {
	case p.stopping || code == 0:
		return false, nil
	case code == rebootCode:
		return true, nil
	default:
		return false, fmt.Errorf("systemd-nspawn ended: %s", p.cmd.ProcessState)
	}
}

// join is the start of a shell command that moves the shell into the control groups before "--" and then becomes the rest.
const join = `while [ "$1" != -- ]; do echo $$ > "$1/cgroup.procs" || exit 1; shift; done; shift; exec "$@"`

// command is the systemd-nspawn that runs one boot of the host.
func (h *Host) command() *exec.Cmd {
	args := append([]string{"-c", join, "sh"}, h.group.Dirs()...)
	args = append(args, "--", "systemd-nspawn", "--quiet", "--directory="+h.Root(), "--machine="+h.name, "--register=no",
		"--keep-unit", // no unit of its own: the machine's systemd is not asked for anything, and reboots are seen by exit code
		"--network-namespace-path=/run/netns/"+h.namespace(), "--resolv-conf=off", "--timezone=off", "--link-journal=no", "--console=pipe",
		"--capability=CAP_NET_ADMIN", // not given together with a network namespace unless asked for
	)
	if h.options.Containers {
		args = append(args, h.containerArguments()...)
	}
	for _, bind := range h.options.Binds {
		args = append(args, "--bind-ro="+bind.Source+":"+bind.Target)
	}
	switch h.options.Init {
	case PlainInit:
		args = append(args, "--as-pid2", "--", "/bin/sh", "-c", "mkdir -p /run/sshd && exec /usr/sbin/sshd -D -e")
	case Systemd:
		args = append(args, "--boot")
	}
	cmd := exec.Command("sh", args...) //nolint:noctx // a host outlives the context of the call that switched it on
	cmd.Env = append(os.Environ(),
		"SYSTEMD_NSPAWN_API_VFS_WRITABLE=network", // /proc/sys/net is the host's own; the rest of /proc/sys is the machine's
		"SYSTEMD_NSPAWN_TMPFS_TMP=0",              // /tmp is on the disk, as on Debian 12, and full when the disk is
	)
	if !h.options.Containers {
		// version 2 control groups on the host, whatever the machine has. Containers need the controllers, which the machine has in version 1:
		// systemd-nspawn's own choice is then both, as on the machine.
		cmd.Env = append(cmd.Env, "SYSTEMD_NSPAWN_UNIFIED_HIERARCHY=1")
	}
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL, Setsid: true}
	return cmd
}
