package hosts_test

import (
	"errors"
	"net"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/dxlab/terraform-provider-lab/test/lab/hosts"
)

// answers tells whether sshd says something within the time.
func answers(t *testing.T, h *hosts.Host, within time.Duration) bool {
	t.Helper()
	dialer := net.Dialer{Timeout: within}
	conn, err := dialer.DialContext(t.Context(), "tcp", h.Address().String()+":22")
	if err != nil {
		return false
	}
	defer conn.Close()
	_ = conn.SetReadDeadline(time.Now().Add(within))
	n, _ := conn.Read(make([]byte, 4))
	return n > 0
}

func TestHost_Partition(t *testing.T) {
	t.Parallel()
	cut := hosts.New(t, hosts.Options{})
	peer := hosts.New(t, hosts.Options{})
	reach := "nc -z -w 1 " + cut.Address().String() + " 22"
	must(t, peer, reach)
	client, err := login(t, cut, "root")
	if err != nil {
		t.Fatal(err)
	}
	session, err := client.NewSession()
	if err != nil {
		t.Fatal(err)
	}
	if err := cut.Partition(t.Context()); err != nil {
		t.Fatal(err)
	}
	if answers(t, cut, 700*time.Millisecond) {
		t.Error("the test process reaches the host")
	}
	if _, err := peer.Run(t.Context(), reach); err == nil {
		t.Error("another host reaches the host")
	}
	must(t, cut, "true") // not by the network
	done := make(chan error, 1)
	go func() { done <- session.Run("true") }()
	select {
	case err := <-done:
		t.Errorf("an open connection ended with %v, want silence", err)
	case <-time.After(300 * time.Millisecond):
	}
	if err := cut.Heal(t.Context()); err != nil {
		t.Fatal(err)
	}
	select {
	case err := <-done:
		if err != nil {
			t.Errorf("the open connection went on with %v", err)
		}
	case <-time.After(20 * time.Second):
		t.Error("the open connection does not go on")
	}
}

func TestHost_PartitionOutlivesReboot(t *testing.T) {
	t.Parallel()
	h := hosts.New(t, hosts.Options{Off: true})
	if err := h.Partition(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := h.Boot(t.Context()); err != nil {
		t.Fatal(err)
	}
	if answers(t, h, time.Second) {
		t.Error("a host that is cut off answers after its boot")
	}
	if err := h.Heal(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := h.WaitSSH(t.Context()); err != nil {
		t.Error(err)
	}
}

func TestHost_FullDisk(t *testing.T) {
	t.Parallel()
	h := hosts.New(t, hosts.Options{DiskMiB: 128})
	if err := h.FillDisk(64 << 10); err != nil {
		t.Fatal(err)
	}
	out, err := command(t, h, "root", "head -c 1M /dev/zero > /var/lib/large; echo code $?")
	if err != nil || !strings.Contains(out, "No space left on device") || !strings.Contains(out, "code 1") {
		t.Errorf("writing to a full disk says %q (%v)", out, err)
	}
	if err := h.FreeDisk(); err != nil {
		t.Fatal(err)
	}
	must(t, h, "head -c 1M /dev/zero > /var/lib/large")
	if _, err := h.Run(t.Context(), "head -c 200M /dev/zero > /var/lib/larger"); err == nil {
		t.Error("more fits on the disk than its size")
	}
	var noSpace *os.PathError
	if err := os.WriteFile(h.Root()+"/x", make([]byte, 4<<20), 0o600); !errors.As(err, &noSpace) {
		t.Errorf("writing from outside gives %v", err)
	}
}

func TestHost_Cable(t *testing.T) {
	t.Parallel()
	h := hosts.New(t, hosts.Options{Cable: true})
	connect := func() time.Duration {
		start := time.Now()
		conn, err := net.DialTimeout("tcp", h.Address().String()+":22", 20*time.Second)
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		return time.Since(start)
	}
	connect() // the addresses are resolved
	if err := h.SetCable(hosts.Quality{Delay: 150 * time.Millisecond}); err != nil {
		t.Fatal(err)
	}
	if took := connect(); took < 300*time.Millisecond {
		t.Errorf("connecting took %s over a cable of 150 ms each way", took)
	}
	if err := h.SetCable(hosts.Quality{Rate: 1 << 20}); err != nil {
		t.Fatal(err)
	}
	client, err := login(t, h, "root")
	if err != nil {
		t.Fatal(err)
	}
	session, err := client.NewSession()
	if err != nil {
		t.Fatal(err)
	}
	start := time.Now()
	if out, err := session.Output("head -c 3M /dev/zero"); err != nil || len(out) != 3<<20 {
		t.Fatalf("%d bytes came (%v)", len(out), err)
	}
	if took := time.Since(start); took < 2*time.Second || took > 20*time.Second {
		t.Errorf("3 MiB took %s at 1 MiB a second", took)
	}
	if err := h.SetCable(hosts.Quality{Loss: 1}); err != nil {
		t.Fatal(err)
	}
	if answers(t, h, 500*time.Millisecond) {
		t.Error("the host answers over a cable that loses everything")
	}
	if err := h.SetCable(hosts.Quality{}); err != nil {
		t.Fatal(err)
	}
	if err := h.Reboot(t.Context()); err != nil {
		t.Error(err)
	}
}

func TestHost_CableMustBeAskedFor(t *testing.T) {
	t.Parallel()
	h := hosts.New(t, hosts.Options{Off: true})
	if err := h.SetCable(hosts.Quality{Loss: 1}); err == nil {
		t.Error("a fault was accepted that cannot happen")
	}
}
