package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"syscall"
)

// execute becomes an ssh to a host.
func execute(_ context.Context, args []string) error {
	flags := flag.NewFlagSet("exec", flag.ContinueOnError)
	dir := dirFlag(flags)
	if err := parse(flags, args, func(n int) bool { return n >= 1 }); err != nil {
		return err
	}
	f, err := openFolder(*dir)
	if err != nil {
		return err
	}
	s, err := f.running()
	if err != nil {
		return err
	}
	host, err := s.host(flags.Arg(0))
	if err != nil {
		return err
	}
	return become(sshArguments(f, s, host, flags.Args()[1:]...))
}

// sshArguments is the ssh that runs a command on a host as root, or a shell when there is none.
func sshArguments(f folder, s state, host hostState, command ...string) []string {
	ssh := []string{
		"ssh", "-F", "none", "-o", "LogLevel=ERROR", "-o", "IdentitiesOnly=yes", "-o", "BatchMode=yes",
		"-o", "UserKnownHostsFile=" + strconv.Quote(f.path("known_hosts")), "-i", f.path("id_ed25519"), "-p", strconv.Itoa(s.Ports[sshPort]), "root@" + host.Outside,
	}
	return append(ssh, command...)
}

// run becomes a command of this machine inside the lab's namespaces, with the environment variables that name the lab there.
func run(_ context.Context, args []string) error {
	flags := flag.NewFlagSet("run", flag.ContinueOnError)
	dir := dirFlag(flags)
	if err := parse(flags, args, func(n int) bool { return n >= 1 }); err != nil {
		return err
	}
	f, err := openFolder(*dir)
	if err != nil {
		return err
	}
	s, err := f.running()
	if err != nil {
		return err
	}
	here, err := os.Getwd()
	if err != nil {
		return fmt.Errorf("finding the working folder: %w", err)
	}
	enter := []string{
		"nsenter", "--target", strconv.Itoa(s.PID), "--mount", "--net", "--pid", "--",
		"sh", "-c", `cd "$1" && shift && exec "$@"`, "sh", here,
	}
	// a proxy of this machine cannot be reached from inside
	for _, name := range []string{"HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"} {
		if err := os.Unsetenv(name); err != nil {
			return fmt.Errorf("clearing %s: %w", name, err)
		}
	}
	for name, value := range s.Env {
		if err := os.Setenv(name, value); err != nil {
			return fmt.Errorf("setting %s: %w", name, err)
		}
	}
	return become(append(enter, flags.Args()...))
}

// become replaces this process by another program.
func become(args []string) error {
	path, err := exec.LookPath(args[0])
	if err != nil {
		return fmt.Errorf("finding %s: %w", args[0], err)
	}
	if err := syscall.Exec(path, args, os.Environ()); err != nil {
		return fmt.Errorf("running %s: %w", args[0], err)
	}
	return nil
}
