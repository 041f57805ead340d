// Package image knows how to build the root file system that all test hosts share: Debian or Ubuntu with systemd, sshd and sudo,
// from the same package sources as the machine that builds it.
package image

import (
	"bytes"
	"context"
	"crypto/sha256"
	_ "embed" // the customize script
	"encoding/hex"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/dxlab/terraform-provider-lab/test/lab/internal/cache"
)

// Passwords of the image's users. They guard nothing and are odd enough to be found where they must not be.
const (
	RootPassword = "Lab-Root-7f3a-Passphrase"
	OpsPassword  = "Lab-Ops-91c4-Passphrase"
)

// Users of the image that take the lab's SSH key.
func Users() []string { return []string{"root", "ops", "opspw", "nosudo", "expired", "noshell"} }

//go:embed customize.sh
var customize string

var packages = []string{
	"systemd", "systemd-sysv", "dbus", "libpam-systemd", "openssh-server", "openssh-client", "sudo", "iproute2", "iputils-ping",
	"iptables", "nftables", "procps", "kmod", "curl", "ca-certificates", "rsync", "zstd", "util-linux", "netcat-openbsd", "less",
	"conntrack", "ethtool", "socat", "mount", "e2fsprogs",
}

// Spec says which image is wanted.
type Spec struct {
	Suite string // release by code name, "" for that of this machine
}

// Ensure returns the folder with the image's root file system and builds it when it is not in the cache (half a minute to two
// minutes). Progress gets a line now and then.
func Ensure(ctx context.Context, spec Spec, progress func(string)) (string, error) {
	sources, err := machineSources(spec.Suite)
	if err != nil {
		return "", err
	}
	key, err := imageKey(spec)
	if err != nil {
		return "", err
	}
	dir, err := cache.Dir(ctx, key, func(ctx context.Context, dir string) error {
		progress("building the " + sources.suite + " image for the hosts (once, a minute or two)")
		return build(ctx, sources, dir)
	})
	if err != nil {
		return "", fmt.Errorf("preparing the image of the hosts: %w", err)
	}
	return filepath.Join(dir, "root"), nil
}

// imageKey names an image in the cache; it covers all that goes into the image but the packages' versions.
func imageKey(spec Spec) (string, error) {
	sources, err := machineSources(spec.Suite)
	if err != nil {
		return "", err
	}
	sum := sha256.Sum256([]byte(strings.Join(append([]string{sources.suite, customize, RootPassword, OpsPassword}, arguments()...), "\n")))
	return "image-" + sources.suite + "-" + hex.EncodeToString(sum[:6]), nil
}

// arguments of mmdebstrap that do not depend on the machine.
func arguments() []string {
	return []string{
		"--variant=minbase", "--format=directory", "--include=" + strings.Join(packages, ","),
		`--aptopt=Acquire::Check-Valid-Until "false"`, `--aptopt=Acquire::Languages "none"`, "--dpkgopt=force-unsafe-io",
		"--dpkgopt=path-exclude=/usr/share/man/*", "--dpkgopt=path-exclude=/usr/share/locale/*", "--dpkgopt=path-exclude=/usr/share/doc/*",
	}
}

func build(ctx context.Context, from sources, dir string) error {
	list, script, root := filepath.Join(dir, from.name()), filepath.Join(dir, "customize.sh"), filepath.Join(dir, "root")
	if err := os.WriteFile(list, []byte(from.text), 0o644); err != nil {
		return fmt.Errorf("writing the package sources: %w", err)
	}
	if err := os.WriteFile(script, []byte(customize), 0o755); err != nil {
		return fmt.Errorf("writing the customize script: %w", err)
	}
	args := append(arguments(), "--customize-hook="+script, from.suite, root, list)
	cmd := exec.CommandContext(ctx, "mmdebstrap", args...)
	cmd.Env = append(os.Environ(), "LAB_ROOT_PASSWORD="+RootPassword, "LAB_OPS_PASSWORD="+OpsPassword)
	var output bytes.Buffer
	cmd.Stdout, cmd.Stderr = &output, &output
	// neither mounts nor processes of an interrupted build must stay
	cmd.SysProcAttr = &syscall.SysProcAttr{Unshareflags: syscall.CLONE_NEWNS, Pdeathsig: syscall.SIGKILL, Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	cmd.WaitDelay = 5 * time.Second
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("running mmdebstrap: %w\n%s", err, tail(output.String(), 20))
	}
	return nil
}

func tail(text string, lines int) string {
	all := strings.Split(strings.TrimSpace(text), "\n")
	return strings.Join(all[max(0, len(all)-lines):], "\n")
}
