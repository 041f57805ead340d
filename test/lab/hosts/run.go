package hosts

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// CommandError is the error of a command that ended with a code other than 0.
type CommandError struct {
	Code   int
	Output string // standard error, else standard output
}

func (e *CommandError) Error() string {
	return fmt.Sprintf("exit code %d: %s", e.Code, e.Output)
}

// Run runs a shell script on the host as root and returns its standard output without the white space around it. It does not go
// through sshd or the network, so it works on a host that is cut off.
func (h *Host) Run(ctx context.Context, script string) (string, error) {
	leader, err := h.leader()
	if err != nil {
		return "", fmt.Errorf("running a command on host %s: %w", h.name, err)
	}
	args := append([]string{"-c", join, "sh"}, h.group.Dirs()...)
	args = append(args, "--", "nsenter", "--target", strconv.Itoa(leader), "--all", "--root", "--wd", "--", "/bin/sh", "-c", script)
	cmd := exec.CommandContext(ctx, "sh", args...)
	cmd.Env = []string{"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "HOME=/root", "LANG=C.UTF-8"}
	cmd.WaitDelay = time.Second
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	err = cmd.Run()
	out := strings.TrimSpace(stdout.String())
	var exit *exec.ExitError
	if errors.As(err, &exit) && ctx.Err() == nil {
		message := strings.TrimSpace(stderr.String())
		if message == "" {
			message = out
		}
		return out, &CommandError{Code: exit.ExitCode(), Output: message}
	}
	if err != nil {
		return out, fmt.Errorf("running a command on host %s: %w", h.name, err)
	}
	return out, nil
}

// leader returns the process ID, here, of the host's first process: the child of systemd-nspawn.
func (h *Host) leader() (int, error) {
	nspawn, err := h.process()
	if err != nil {
		return 0, err
	}
	pid := strconv.Itoa(nspawn.Pid)
	paths, _ := filepath.Glob("/proc/" + pid + "/task/*/children")
	for _, path := range paths {
		text, err := os.ReadFile(path)
		if err != nil {
			continue
		}
		for _, field := range strings.Fields(string(text)) {
			if child, err := strconv.Atoi(field); err == nil && firstOfItsNamespace(child) {
				return child, nil
			}
		}
	}
	return 0, errors.New("its first process has not started")
}

// firstOfItsNamespace tells whether a process is number 1 in a pid namespace below this one.
func firstOfItsNamespace(pid int) bool {
	text, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/status")
	if err != nil {
		return false
	}
	for _, line := range strings.Split(string(text), "\n") {
		if ids, ok := strings.CutPrefix(line, "NSpid:"); ok {
			fields := strings.Fields(ids)
			return len(fields) > 1 && fields[len(fields)-1] == "1"
		}
	}
	return false
}

// BootID returns the identity of the host's current boot.
func (h *Host) BootID(ctx context.Context) (string, error) {
	return h.Run(ctx, "cat /proc/sys/kernel/random/boot_id")
}

// WaitSSH waits until sshd answers and users may log in.
func (h *Host) WaitSSH(ctx context.Context) error {
	err := poll(ctx, func() error {
		if _, err := h.process(); err != nil {
			return err
		}
		if err := banner(ctx, net.JoinHostPort(h.address.String(), "22")); err != nil {
			return err
		}
		return h.loginAllowed()
	})
	if err != nil {
		return fmt.Errorf("waiting for sshd of host %s: %w\nlast lines of its console:\n%s", h.name, err, tail(h.Console(), 15))
	}
	return nil
}

// loginAllowed looks for the file that keeps ordinary users out while a host boots or shuts down.
func (h *Host) loginAllowed() error {
	leader, err := h.leader()
	if err != nil {
		return err
	}
	if _, err := os.Stat(fmt.Sprintf("/proc/%d/root/run/nologin", leader)); err == nil {
		return errors.New("it is still booting (/run/nologin)")
	}
	return nil
}

// banner reads the first bytes that an SSH server sends.
func banner(ctx context.Context, address string) error {
	dialer := net.Dialer{Timeout: time.Second}
	conn, err := dialer.DialContext(ctx, "tcp", address)
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close() }()
	if err := conn.SetDeadline(time.Now().Add(2 * time.Second)); err != nil {
		return err
	}
	text := make([]byte, 4)
	if _, err := conn.Read(text); err != nil {
		return err
	}
	if string(text) != "SSH-" {
		return fmt.Errorf("port 22 says %q", text)
	}
	return nil
}

// poll calls f until it succeeds or finds a host off, or until ctx ends; then its last error is part of the result.
func poll(ctx context.Context, f func() error) error {
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		err := f()
		if err == nil || errors.Is(err, errOff) {
			return err
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("%w (%w)", err, ctx.Err())
		case <-tick.C:
		}
	}
}

func tail(text string, lines int) string {
	all := strings.Split(strings.TrimSpace(text), "\n")
	return strings.Join(all[max(0, len(all)-lines):], "\n")
}
