package hosts

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/dxlab/terraform-provider-lab/test/lab/internal/image"
)

// writeIdentity writes what is different on every host: its name, host key, who may log in, and the files of its options.
func (h *Host) writeIdentity() error {
	key, err := newKey(h.name)
	if err != nil {
		return err
	}
	h.key = key
	files := append([]File{
		{Path: "/etc/hostname", Content: h.name + "\n"},
		// sudo complains about a host that does not know its own name
		{Path: "/etc/hosts", Content: "127.0.0.1 localhost\n" + h.address.String() + " " + h.name + "\n"},
		{Path: "/etc/ssh/ssh_host_ed25519_key", Content: string(key.Private), Mode: 0o600},
		{Path: "/etc/ssh/ssh_host_ed25519_key.pub", Content: key.Authorized + "\n"},
	}, h.options.Files...)
	if len(h.options.SSHD) > 0 {
		files = append(files, File{Path: "/etc/ssh/sshd_config.d/10-host.conf", Content: strings.Join(h.options.SSHD, "\n") + "\n"})
	}
	for _, file := range files {
		if err := h.write(file); err != nil {
			return err
		}
	}
	if h.options.NoSFTP {
		if err := h.removeSFTP(); err != nil {
			return err
		}
	}
	return h.authorize()
}

// write writes a file below the host's root; a symbolic link on the host cannot lead out of it.
func (h *Host) write(file File) error {
	root, err := os.OpenRoot(h.Root())
	if err != nil {
		return fmt.Errorf("opening the disk: %w", err)
	}
	defer func() { _ = root.Close() }()
	path := strings.TrimPrefix(filepath.Clean(file.Path), "/")
	if err := root.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return fmt.Errorf("making the folder of %s: %w", file.Path, err)
	}
	mode := file.Mode
	if mode == 0 {
		mode = 0o644
	}
	if err := root.WriteFile(path, []byte(file.Content), mode); err != nil {
		return fmt.Errorf("writing %s: %w", file.Path, err)
	}
	if err := root.Chmod(path, mode); err != nil {
		return fmt.Errorf("writing %s: %w", file.Path, err)
	}
	return nil
}

// removeSFTP takes the Subsystem line out of sshd's main configuration: a drop-in file cannot undo it.
func (h *Host) removeSFTP() error {
	const path = "/etc/ssh/sshd_config"
	text, err := os.ReadFile(filepath.Join(h.Root(), path))
	if err != nil {
		return fmt.Errorf("reading sshd's configuration: %w", err)
	}
	var kept []string
	for _, line := range strings.Split(string(text), "\n") {
		if !strings.HasPrefix(line, "Subsystem") {
			kept = append(kept, line)
		}
	}
	return h.write(File{Path: path, Content: strings.Join(kept, "\n")})
}

// authorize lets the rack's key log in as every user of the image.
func (h *Host) authorize() error {
	for _, user := range image.Users() {
		home := filepath.Join("/home", user)
		if user == "root" {
			home = "/root"
		}
		path := filepath.Join(home, ".ssh/authorized_keys")
		if err := h.write(File{Path: path, Content: h.rack.key.Authorized + "\n", Mode: 0o600}); err != nil {
			return err
		}
		info, err := os.Stat(filepath.Join(h.Root(), home))
		if err != nil {
			return fmt.Errorf("finding the home of %s: %w", user, err)
		}
		if owner, ok := info.Sys().(*syscall.Stat_t); ok {
			if err := os.Chown(filepath.Join(h.Root(), path), int(owner.Uid), int(owner.Gid)); err != nil {
				return fmt.Errorf("giving %s its key: %w", user, err)
			}
		}
	}
	return nil
}

// KnownHost is the host's line for a known_hosts file, under its own address.
func (h *Host) KnownHost() string {
	fields := strings.Fields(h.key.Authorized)
	return h.address.String() + " " + fields[0] + " " + fields[1]
}

// Passwords of the image's users: root; opspw, nosudo and expired.
const (
	RootPassword = image.RootPassword
	OpsPassword  = image.OpsPassword
)
