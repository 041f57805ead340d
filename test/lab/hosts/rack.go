// Package hosts knows how to run Linux machines for tests: real systemd and real sshd in systemd-nspawn containers, each with its
// own address and disk, and with the faults that real machines have. Everything lives in private namespaces of the test process,
// so machines of different runs never meet and nothing is left behind.
package hosts

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"encoding/pem"
	"fmt"
	"maps"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"golang.org/x/crypto/ssh"
)

// Gateway is the address of the test process on the hosts' network.
const Gateway = "10.88.0.1"

// network is the prefix length of the hosts' network, 10.88.0.0/16. Hosts get 10.88.0.11 up to 10.88.199.210; addresses from
// 10.88.200.0 on are never given out, for address pools.
const network = 16

// maxBoots is how many hosts boot at the same time; more make every boot slower.
const maxBoots = 4

// Rack is where hosts are mounted: a network switch, an image and an SSH key that all of them share.
type Rack struct {
	id     string
	images map[string]string
	logs   string
	state  string
	key    Key
	boots  chan struct{}

	mu   sync.Mutex
	next int
}

// RackOptions describe a rack.
type RackOptions struct {
	ID     string            // of the sandbox
	Images map[string]string // root file systems by suite; the one of "" is the default
	State  string            // folder for the hosts' disks; on a private file system
	Logs   string            // folder for the consoles' output
}

// Key is the SSH key that every user of the hosts accepts.
type Key struct {
	Private    []byte // OpenSSH's PEM form
	Public     ssh.PublicKey
	Authorized string // line of an authorized_keys file
}

// NewRack prepares a rack in the calling process's namespaces, which must be private.
func NewRack(ctx context.Context, o RackOptions) (*Rack, error) {
	key, err := newKey("lab")
	if err != nil {
		return nil, err
	}
	for _, dir := range []string{o.State, o.Logs} {
		if err := os.MkdirAll(dir, 0o755); err != nil {
			return nil, fmt.Errorf("making a folder of the rack: %w", err)
		}
	}
	for _, args := range []string{
		// without an address of its own a bridge takes that of one of its ports, another one whenever they change
		"link add br0 address 02:00:0a:58:00:01 type bridge",
		fmt.Sprintf("addr add %s/%d dev br0", Gateway, network),
		"link set br0 up",
	} {
		if err := ip(ctx, args); err != nil {
			return nil, fmt.Errorf("making the hosts' network: %w", err)
		}
	}
	if err := nft(ctx, switchRules); err != nil {
		return nil, fmt.Errorf("making the hosts' network: %w", err)
	}
	return &Rack{id: o.ID, images: o.Images, logs: o.Logs, state: o.State, key: key, boots: make(chan struct{}, maxBoots)}, nil
}

// Suites are the releases of the distribution that hosts of the rack can be, "" for the default among them.
func (r *Rack) Suites() []string { return slices.Sorted(maps.Keys(r.images)) }

// Key returns the SSH key that every user of every host of the rack accepts.
func (r *Rack) Key() Key { return r.key }

// place gives out the next number and its address.
func (r *Rack) place() (int, netip.Addr) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.next++
	n := r.next - 1
	return r.next, netip.AddrFrom4([4]byte{10, 88, byte(n / 200), byte(11 + n%200)})
}

// groupPrefix starts the name of every control group that a rack makes; the sandbox's ID and the host's name follow.
const groupPrefix = "terraform-provider-lab-"

func newKey(comment string) (Key, error) {
	public, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return Key{}, fmt.Errorf("making an SSH key: %w", err)
	}
	block, err := ssh.MarshalPrivateKey(private, comment)
	if err != nil {
		return Key{}, fmt.Errorf("encoding an SSH key: %w", err)
	}
	encoded, err := ssh.NewPublicKey(public)
	if err != nil {
		return Key{}, fmt.Errorf("encoding an SSH key: %w", err)
	}
	line := strings.TrimSpace(string(ssh.MarshalAuthorizedKey(encoded))) + " " + comment
	return Key{Private: pem.EncodeToMemory(block), Public: encoded, Authorized: line}, nil
}

// switchRules drop what comes from and goes to closed ports. Taking a port down instead would show the host an unplugged cable, and
// the way up takes the kernel up to a second.
const switchRules = `table bridge lab {
	set closed { type ifname; }
	chain in { type filter hook prerouting priority 0; iifname @closed drop; }
	chain out { type filter hook postrouting priority 0; oifname @closed drop; }
}`

// nft changes the rules of the switch.
func nft(ctx context.Context, rules string) error {
	cmd := exec.CommandContext(ctx, "nft", "--file", "-")
	cmd.Stdin = strings.NewReader(rules)
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("nft: %w: %s", err, bytes.TrimSpace(out))
	}
	return nil
}

// ip runs the tool ip with arguments that hold no spaces.
func ip(ctx context.Context, args string) error {
	out, err := exec.CommandContext(ctx, "ip", strings.Fields(args)...).CombinedOutput()
	if err != nil {
		return fmt.Errorf("ip %s: %w: %s", args, err, bytes.TrimSpace(out))
	}
	return nil
}

func (r *Rack) consolePath(name string) string { return filepath.Join(r.logs, name+".console") }
