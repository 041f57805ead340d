package hosts_test

import (
	"context"
	"errors"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/dxlab/terraform-provider-lab/test/lab/hosts"
)

func TestMain(m *testing.M) { hosts.Main(m, hosts.BuildContainers) }

// must runs a script on the host that has to succeed.
func must(t *testing.T, h *hosts.Host, script string) string {
	t.Helper()
	out, err := h.Run(t.Context(), script)
	if err != nil {
		t.Fatalf("%s: %v", script, err)
	}
	return out
}

func TestHost_Boots(t *testing.T) {
	t.Parallel()
	h := hosts.New(t, hosts.Options{
		Name:  "alpha",
		Files: []hosts.File{{Path: "/etc/lab/greeting", Content: "hello", Mode: 0o640}},
		Binds: []hosts.Bind{{Source: "/bin/true", Target: "/usr/libexec/lab/tool"}},
	})
	for script, want := range map[string]string{
		"systemctl is-system-running --wait": "running",
		"hostname":                           "alpha",
		"cat /etc/lab/greeting; stat -c ' %a' /etc/lab/greeting":   "hello 640",
		"/usr/libexec/lab/tool && echo runs":                       "runs",
		"touch /usr/libexec/lab/tool 2>&1 | grep -o 'Read-only'":   "Read-only",
		"ip route add local 10.42.0.0/24 dev lo && echo added":     "added",
		"ip -4 -o addr show eth0 | awk '{print $4}'":               h.Address().String() + "/16",
		"ip route show default | awk '{print $3}'":                 hosts.Gateway,
		"sysctl -qw net.ipv4.ip_forward=1 && echo set":             "set",
		"stat -f -c %T /tmp":                                       "overlayfs",
		"getent hosts alpha | awk '{print $1}'":                    h.Address().String(),
		"systemctl show -p FragmentPath systemd-timesyncd | wc -l": "1",
	} {
		if out, err := h.Run(t.Context(), script); err != nil || out != want {
			t.Errorf("%s: %q (%v), want %q", script, out, err, want)
		}
	}
	if _, err := os.Stat(filepath.Join(h.Root(), "etc/lab/greeting")); err != nil {
		t.Error(err)
	}
	var failed *hosts.CommandError
	if _, err := h.Run(t.Context(), "echo no >&2; exit 3"); !errors.As(err, &failed) || failed.Code != 3 || failed.Output != "no" {
		t.Errorf("a failing command gives %v", err)
	}
}

func TestHost_Reboot(t *testing.T) {
	t.Parallel()
	h := hosts.New(t, hosts.Options{})
	before := must(t, h, "cat /proc/sys/kernel/random/boot_id")
	must(t, h, "echo kept > /root/file; touch /run/lost; ip link add left type bridge; systemctl is-system-running --wait")
	if err := h.Reboot(t.Context()); err != nil {
		t.Fatal(err)
	}
	if after, err := h.BootID(t.Context()); err != nil || after == before {
		t.Errorf("boot ID %q (%v) after %q", after, err, before)
	}
	if exits := h.Exits(); len(exits) != 1 || exits[0].Code != 133 {
		t.Errorf("exits %v, want one with code 133", exits)
	}
	if out := must(t, h, "cat /root/file; ls /run/lost /sys/class/net/left 2>/dev/null || true"); out != "kept" {
		t.Errorf("after a reboot there is %q, want what was on the disk and nothing else", out)
	}
	if boots := must(t, h, "journalctl --list-boots --no-pager | grep -c '^ *-*[0-9]'"); boots != "2" {
		t.Errorf("the journal knows %s boots, want 2", boots)
	}
}

func TestHost_PowerCut(t *testing.T) {
	t.Parallel()
	h := hosts.New(t, hosts.Options{})
	before := must(t, h, "cat /proc/sys/kernel/random/boot_id")
	conn, err := net.Dial("tcp", net.JoinHostPort(h.Address().String(), "22"))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if _, err := conn.Read(make([]byte, 255)); err != nil {
		t.Fatal(err)
	}
	if err := h.PowerCut(t.Context()); err != nil {
		t.Fatal(err)
	}
	if h.Running() {
		t.Error("the host runs on")
	}
	if err := conn.SetReadDeadline(time.Now().Add(time.Second)); err != nil {
		t.Fatal(err)
	}
	if _, err := conn.Read(make([]byte, 1)); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("a peer of the dead host reads %v, want silence", err)
	}
	if _, err := h.Run(t.Context(), "true"); err == nil {
		t.Error("a command ran on a host without power")
	}
	if err := h.PowerOn(t.Context()); err != nil {
		t.Fatal(err)
	}
	if after := must(t, h, "cat /proc/sys/kernel/random/boot_id"); after == before {
		t.Error("the boot ID is the same")
	}
	if err := h.Boot(t.Context()); err == nil || !strings.Contains(err.Error(), "on already") {
		t.Errorf("a second power on gives %v", err)
	}
}

func TestHost_PowerOff(t *testing.T) {
	t.Parallel()
	h := hosts.New(t, hosts.Options{})
	must(t, h, "systemctl is-system-running --wait")
	if err := h.PowerOff(t.Context()); err != nil {
		t.Fatal(err)
	}
	if exits := h.Exits(); len(exits) != 1 || exits[0].Code != 0 {
		t.Errorf("exits %v, want one with code 0", exits)
	}
	dialer := net.Dialer{Timeout: 500 * time.Millisecond}
	if conn, err := dialer.DialContext(t.Context(), "tcp", h.Address().String()+":22"); err == nil {
		_ = conn.Close()
		t.Error("a host that is off answers")
	}
}

func TestHost_ThatCannotBoot(t *testing.T) {
	t.Parallel()
	h := hosts.New(t, hosts.Options{Off: true})
	if err := os.RemoveAll(filepath.Join(h.Root(), "usr")); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	err := h.PowerOn(ctx)
	if err == nil || ctx.Err() != nil || !strings.Contains(err.Error(), "it is off: systemd-nspawn ended: exit status 1") {
		t.Errorf("a host without programs gives %v", err)
	}
}

func TestNew_Off(t *testing.T) {
	t.Parallel()
	h := hosts.New(t, hosts.Options{Off: true})
	if h.Running() {
		t.Fatal("the host is on")
	}
	if err := h.PowerOn(t.Context()); err != nil {
		t.Error(err)
	}
}
