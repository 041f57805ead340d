package hosts

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"sync"

	"github.com/dxlab/terraform-provider-lab/test/lab/internal/cable"
	"github.com/dxlab/terraform-provider-lab/test/lab/internal/cgroup"
)

// Options describe a host; the zero value is a machine that works.
type Options struct {
	Name    string        // hostname, at most 50 letters and digits; "" for h1, h2...
	Suite   string        // release of the distribution, one of Rack.Suites; "" for that of this machine
	DiskMiB int           // size of the disk, 16384 when 0; it takes memory only as it fills
	Init    Init          // what runs as the first process
	Cable   bool          // connected with a cable whose quality SetCable changes
	Quality cable.Quality // of the cable when the host first boots
	Binds   []Bind        // files and folders of this machine that the host sees, read-only
	SSHD    []string      // lines of an sshd configuration that wins over the default ("AllowTcpForwarding no")
	NoSFTP  bool          // sshd without its sftp subsystem
	Files   []File        // written before the first boot
	Off     bool          // not switched on

	// Containers makes a host on which containerd, runc and a kubelet work. They are there, and nothing of them runs; see ContainerRoot.
	Containers bool
}

// Init is what runs as a host's first process.
type Init int

// A host runs systemd, or for tests of hosts that a provider cannot use, a plain init that starts nothing but sshd.
const (
	Systemd Init = iota
	PlainInit
)

// Bind makes Source of this machine visible at Target on the host.
type Bind struct{ Source, Target string }

// File is a file on a host's disk, owned by root.
type File struct {
	Path    string
	Content string
	Mode    os.FileMode // 0644 when 0
}

// Quality says how good the cable of a host is.
type Quality = cable.Quality

// Host is one machine.
type Host struct {
	name    string
	number  int
	address netip.Addr
	rack    *Rack
	options Options
	dir     string
	group   *cgroup.Group
	key     Key

	mu      sync.Mutex
	power   *power // of the current or last time it was switched on
	exits   []Exit
	quality cable.Quality
	cable   *cable.Cable
	cut     bool
}

// Add mounts a new host in the rack and, unless it is to stay off, boots it and waits until sshd answers.
func (r *Rack) Add(ctx context.Context, o Options) (*Host, error) {
	number, address := r.place()
	if o.Name == "" {
		o.Name = fmt.Sprintf("h%d", number)
	}
	h := &Host{name: o.Name, number: number, address: address, rack: r, options: o, quality: o.Quality, dir: filepath.Join(r.state, o.Name)}
	if err := h.build(); err != nil {
		return nil, errors.Join(fmt.Errorf("building host %s: %w", o.Name, err), h.Close(ctx))
	}
	if o.Off {
		return h, nil
	}
	if err := h.PowerOn(ctx); err != nil {
		return nil, errors.Join(err, h.Close(ctx))
	}
	return h, nil
}

func (h *Host) build() error {
	if err := os.Mkdir(h.dir, 0o755); err != nil {
		return fmt.Errorf("making its folder: %w", err)
	}
	if err := h.mountDisk(); err != nil {
		return err
	}
	if err := h.writeIdentity(); err != nil {
		return err
	}
	group, err := cgroup.New(groupPrefix + h.rack.id + "-" + h.name)
	if err != nil {
		return err
	}
	h.group = group
	return nil
}

// Name is the host's name in the rack, and its hostname at first.
func (h *Host) Name() string { return h.name }

// Address is the host's own address on the hosts' network.
func (h *Host) Address() netip.Addr { return h.address }

// HostKey is sshd's host key.
func (h *Host) HostKey() Key { return h.key }

// Root is the folder in which the host's disk is seen by the test process; what the host keeps in memory (/run) is not there.
func (h *Host) Root() string { return filepath.Join(h.dir, "root") }

// Console returns what the host has printed on its console since it was made.
func (h *Host) Console() string {
	text, err := os.ReadFile(h.rack.consolePath(h.name))
	if err != nil {
		return "no console: " + err.Error()
	}
	return string(text)
}

// Close cuts the power and takes the host out of the rack, even when ctx has ended. Nothing of it stays but its console's output.
func (h *Host) Close(ctx context.Context) error {
	var errs []error
	if h.group != nil {
		errs = append(errs, h.PowerCut(ctx))
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), groupPatience)
		defer cancel()
		errs = append(errs, h.group.Remove(ctx))
	}
	errs = append(errs, h.unmountDisk(), os.RemoveAll(h.dir))
	if err := errors.Join(errs...); err != nil {
		return fmt.Errorf("taking host %s down: %w", h.name, err)
	}
	return nil
}
