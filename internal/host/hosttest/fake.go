// Package hosttest knows how to stand in for a machine: Fake answers from memory what package host would ask a
// host, Server is an SSH server inside the test process.
package hosttest

import (
	"context"
	"fmt"
	"io"
	"io/fs"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/dxlab/terraform-provider-lab/internal/fault"
	"github.com/dxlab/terraform-provider-lab/internal/host"
)

// Fake is a host in memory, with the methods of [host.Host]. Commands answer what was scripted with On; a command,
// a dial or a file name that nobody expected fails the test. It may be used concurrently.
type Fake struct {
	tb   testing.TB
	name string

	mu      sync.Mutex
	rules   []*rule
	files   map[string]File
	faults  map[string][]error
	dials   map[string]func(context.Context) (net.Conn, error)
	holders map[string]string
	calls   []Call
	facts   host.Facts
	hostKey string
}

// File is a file in the tree of a Fake.
type File struct {
	Content      []byte
	Mode         fs.FileMode
	Owner, Group string
}

// Call is one use of a Fake: Verb is run, read, write, upload, remove, facts, lock, unlock, dial or hostkey, and Text is
// the command line, path, lock name or address.
type Call struct {
	Verb, Text string
	// Command is set for run; its Stdin has been read into Stdin.
	Command host.Command
	Stdin   string
}

// NewFake makes a fake Debian host called name, without any file and without any command.
func NewFake(tb testing.TB, name string) *Fake {
	tb.Helper()
	return &Fake{
		tb: tb, name: name,
		files:   map[string]File{},
		faults:  map[string][]error{},
		dials:   map[string]func(context.Context) (net.Conn, error){},
		holders: map[string]string{},
		hostKey: "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGZha2VmYWtlZmFrZWZha2VmYWtlZmFrZWZha2VmYWtl",
		facts: host.Facts{
			Hostname: name, OS: "debian", OSVersion: "12", OSName: "Debian GNU/Linux 12 (bookworm)",
			Arch: "amd64", Kernel: "6.1.0", Systemd: true, SystemdVersion: "252",
			BootID: "11111111-2222-3333-4444-555555555555", MachineID: strings.Repeat("0", 31) + "1",
			Address: "10.0.0.1", Interface: "eth0", CPUs: 4, Memory: 8 << 30, MemoryAvailable: 6 << 30,
			DiskFree: map[string]int64{"/var/lib": 100 << 30, "/usr/local": 100 << 30, "/tmp": 10 << 30},
			Cgroup:   2, Time: time.Unix(1_700_000_000, 0).UTC(), User: "root", Root: "root",
		},
	}
}

// String returns the host's name.
func (f *Fake) String() string { return f.name }

// SetFacts changes what Facts answers.
func (f *Fake) SetFacts(change func(*host.Facts)) {
	f.mu.Lock()
	defer f.mu.Unlock()
	change(&f.facts)
}

// SetHostKey changes what HostKey answers.
func (f *Fake) SetHostKey(key string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.hostKey = key
}

// Fail makes the next use with this verb and text end in err; see [Call] for both. Several errors queue up.
func (f *Fake) Fail(verb, text string, err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	key := verb + " " + text
	f.faults[key] = append(f.faults[key], err)
}

// OnDial says what a dial through the host to addr yields.
func (f *Fake) OnDial(addr string, dial func(context.Context) (net.Conn, error)) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.dials[addr] = dial
}

// Hold makes holder own the named lock, so that Lock fails.
func (f *Fake) Hold(lock, holder string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.holders[lock] = holder
}

// Calls returns every use so far, in order.
func (f *Fake) Calls() []Call {
	f.mu.Lock()
	defer f.mu.Unlock()
	return append([]Call(nil), f.calls...)
}

// Transcript returns every use so far as text, one a line ("run systemctl start x", "write /etc/y"). A command with
// a Name is shown by it when it is a script.
func (f *Fake) Transcript() string {
	var b strings.Builder
	for _, c := range f.Calls() {
		text := c.Text
		if c.Verb == "run" && c.Command.Script != "" {
			text = "(" + c.Command.Title() + ")"
		}
		fmt.Fprintf(&b, "%s %s\n", c.Verb, text)
	}
	return b.String()
}

// enter records a use and returns the error that was scripted for it. The caller holds no lock.
func (f *Fake) enter(ctx context.Context, call Call) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.calls = append(f.calls, call)
	key := call.Verb + " " + call.Text
	queue := f.faults[key]
	if len(queue) == 0 {
		return nil
	}
	f.faults[key] = queue[1:]
	return queue[0]
}

// Facts answers what SetFacts left.
func (f *Fake) Facts(ctx context.Context) (host.Facts, error) {
	if err := f.enter(ctx, Call{Verb: "facts", Text: f.name}); err != nil {
		return host.Facts{}, err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.facts, nil
}

// HostKey answers a fixed key.
func (f *Fake) HostKey(ctx context.Context) (string, error) {
	if err := f.enter(ctx, Call{Verb: "hostkey", Text: f.name}); err != nil {
		return "", err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.hostKey, nil
}

// DialContext yields what OnDial scripted; an address that nobody expected fails the test.
func (f *Fake) DialContext(ctx context.Context, _, addr string) (net.Conn, error) {
	if err := f.enter(ctx, Call{Verb: "dial", Text: addr}); err != nil {
		return nil, err
	}
	f.mu.Lock()
	dial := f.dials[addr]
	f.mu.Unlock()
	if dial == nil {
		f.tb.Errorf("fake host %s: unexpected dial of %s", f.name, addr)
		return nil, fault.Newf(fault.Unreachable, "dialling %s through %s: unexpected", addr, f.name)
	}
	return dial(ctx)
}

// Lock takes a lock in memory. Wait is not waited for: a held lock is a conflict at once.
func (f *Fake) Lock(ctx context.Context, o host.LockOptions) (*host.Lock, error) {
	if err := f.enter(ctx, Call{Verb: "lock", Text: o.Name}); err != nil {
		return nil, err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if holder, held := f.holders[o.Name]; held {
		return nil, fault.Newf(fault.Conflict, "locking %s on %s: held by %s", o.Name, f.name, holder)
	}
	f.holders[o.Name] = o.Holder
	return host.NewLock(func(ctx context.Context) error {
		f.mu.Lock()
		delete(f.holders, o.Name)
		f.mu.Unlock()
		return f.enter(ctx, Call{Verb: "unlock", Text: o.Name})
	}, nil), nil
}

// Locked reports whether somebody holds the named lock.
func (f *Fake) Locked(name string) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	_, held := f.holders[name]
	return held
}

func readAll(r io.Reader) (string, error) {
	if r == nil {
		return "", nil
	}
	data, err := io.ReadAll(r)
	return string(data), err
}
