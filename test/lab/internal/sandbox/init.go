package sandbox

import (
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"strconv"
	"syscall"
)

// runInit is the sandbox's process 1: it prepares the mounts, starts the program, passes signals on, reaps what loses its
// parent, and returns the program's exit code. When it is gone the kernel kills all that is left in the sandbox.
func runInit() int {
	if err := prepare(); err != nil {
		fmt.Fprintln(os.Stderr, "sandbox:", err)
		return 1
	}
	signals := make(chan os.Signal, 16)
	// not signal.Ignore for the interrupt: what is ignored stays ignored in the program that is started
	signal.Notify(signals, syscall.SIGTERM, syscall.SIGQUIT, syscall.SIGHUP, syscall.SIGINT)
	pid, err := startInside()
	if err != nil {
		fmt.Fprintln(os.Stderr, "sandbox:", err)
		return 1
	}
	go func() {
		for s := range signals {
			// an interrupt from the terminal reaches the whole process group by itself
			if number, ok := s.(syscall.Signal); ok && number != syscall.SIGINT {
				_ = syscall.Kill(pid, number)
			}
		}
	}()
	return reap(pid)
}

// prepare makes the mounts of the sandbox. The whole of /run is replaced: what systemd-nspawn, ip netns and the lab keep there
// must neither meet that of other labs nor be left behind. (systemd-nspawn also wants /run/systemd in memory.)
func prepare() error {
	if err := syscall.Mount("", "/", "", syscall.MS_REC|syscall.MS_PRIVATE, ""); err != nil {
		return fmt.Errorf("making the mounts private: %w", err)
	}
	if err := syscall.Mount("proc", "/proc", "proc", syscall.MS_NOSUID|syscall.MS_NODEV|syscall.MS_NOEXEC, ""); err != nil {
		return fmt.Errorf("mounting /proc: %w", err)
	}
	if err := syscall.Mount("lab", "/run", "tmpfs", 0, "mode=755"); err != nil {
		return fmt.Errorf("mounting /run: %w", err)
	}
	for _, dir := range []string{"/run/netns", "/run/systemd", "/run/lock", StateDir} {
		if err := os.MkdirAll(dir, 0o755); err != nil {
			return fmt.Errorf("making a folder: %w", err)
		}
	}
	if out, err := exec.Command("ip", "link", "set", "lo", "up").CombinedOutput(); err != nil { //nolint:noctx // before anything that could cancel it
		return fmt.Errorf("bringing up the loopback interface: %w: %s", err, out)
	}
	return nil
}

// startInside starts the program proper. It is started without os/exec's Wait: reap takes every child's end.
func startInside() (pid int, err error) {
	count, err := strconv.Atoi(os.Getenv(filesVariable))
	if err != nil {
		return 0, fmt.Errorf("reading the number of files: %w", err)
	}
	files := []uintptr{0, 1, 2}
	syscall.CloseOnExec(firstFile) // the mark, which only process 1 holds
	for i := range count {
		syscall.CloseOnExec(firstFile + 1 + i)
		files = append(files, uintptr(firstFile+1+i))
	}
	if err := os.Setenv(roleVariable, roleInside); err != nil {
		return 0, fmt.Errorf("setting the role: %w", err)
	}
	pid, err = syscall.ForkExec("/proc/self/exe", os.Args, &syscall.ProcAttr{Env: os.Environ(), Files: files})
	if err != nil {
		return 0, fmt.Errorf("starting the program in the sandbox: %w", err)
	}
	return pid, nil
}

// reap waits for children until the one called pid ends and returns its exit code, 128 and the signal's number if one killed it.
func reap(pid int) int {
	for {
		var status syscall.WaitStatus
		ended, err := syscall.Wait4(-1, &status, 0, nil)
		if err == syscall.EINTR {
			continue
		}
		if err != nil {
			fmt.Fprintln(os.Stderr, "sandbox: waiting for processes:", err)
			return 1
		}
		if ended != pid {
			continue
		}
		if status.Signaled() {
			return 128 + int(status.Signal())
		}
		return status.ExitStatus()
	}
}
