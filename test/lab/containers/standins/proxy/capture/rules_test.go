package capture_test

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/dxlab/terraform-provider-lab/test/lab/containers/standins/proxy/capture"
	"github.com/dxlab/terraform-provider-lab/test/lab/containers/standins/proxy/netnstest"
)

// The rules are the kernel's to judge, so they are tried in a network namespace: the test runs itself once more in it.
func TestApply_LeadsConnectionsToTheProxy(t *testing.T) { //nolint:paralleltest // it is alone in its process
	if netnstest.Inside(t) {
		inside(t)
	}
}

const (
	podAddress  = "10.42.0.5"
	peerAddress = "10.42.0.1"
)

func inside(t *testing.T) {
	t.Helper()
	peer := neighbour(t)
	plan, err := capture.Parse([]string{"-d", "15090,15021,15020", "-o", "3306"})
	if err != nil {
		t.Fatal(err)
	}
	for range 2 { // as after a restart of the init container
		if err := capture.Apply(plan); err != nil {
			t.Fatal(err)
		}
	}
	outbound, inbound := listen(t, ":15001"), listen(t, ":15006")
	app, status := listen(t, ":8080"), listen(t, ":15021")
	cases := []struct {
		name string
		dial func(context.Context) error
		at   <-chan netip.AddrPort
		want string
	}{
		{"a workload's request goes to the proxy", as(0, "", peerAddress+":80"), outbound, peerAddress + ":80"},
		{"one to nobody as well", as(0, "", "10.43.0.9:9080"), outbound, "10.43.0.9:9080"},
		{"one to the pod itself does not", as(0, "", podAddress+":8080"), app, podAddress + ":8080"},
		{"one over loopback does not", as(0, "", "127.0.0.1:8080"), app, "127.0.0.1:8080"},
		{"the proxy reaches its workload", as(1337, "127.0.0.6", podAddress+":8080"), app, podAddress + ":8080"},
		{"the proxy's request to the pod itself comes in again", as(1337, "", podAddress+":8080"), inbound, podAddress + ":8080"},
		{"what comes in goes to the proxy", peer(podAddress + ":8080"), inbound, podAddress + ":8080"},
		{"also for a port where nobody listens", peer(podAddress + ":9999"), inbound, podAddress + ":9999"},
		{"probes of the proxy do not", peer(podAddress + ":15021"), status, podAddress + ":15021"},
	}
	for _, test := range cases {
		t.Run(test.name, func(t *testing.T) {
			if err := test.dial(t.Context()); err != nil {
				t.Fatal(err)
			}
			select {
			case got := <-test.at:
				if got.String() != test.want {
					t.Errorf("its destination was %s, want %s", got, test.want)
				}
			case <-time.After(5 * time.Second):
				t.Error("it arrived elsewhere")
			}
		})
	}
	for name, dial := range map[string]func(context.Context) error{
		"a port that is left alone is not captured": as(0, "", peerAddress+":3306"),
		"the proxy's own requests are not":          as(1337, "", peerAddress+":80"),
	} {
		t.Run(name, func(t *testing.T) {
			if err := dial(t.Context()); err == nil {
				t.Error("somebody answered, where only the proxy could have")
			}
		})
	}
}

// neighbour gives the namespace a network with a second namespace in it, and returns what dials from there.
func neighbour(t *testing.T) func(string) func(context.Context) error {
	t.Helper()
	other := exec.CommandContext(t.Context(), "sleep", "60")
	other.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNET, Pdeathsig: syscall.SIGKILL}
	if err := other.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = other.Process.Kill()
		_ = other.Wait()
	})
	pid := fmt.Sprint(other.Process.Pid)
	for _, line := range []string{
		"ip link set lo up",
		"ip link add pod type veth peer name peer netns " + pid,
		"ip address add " + podAddress + "/24 dev pod",
		"ip link set pod up",
		"ip route add default via " + peerAddress,
		"nsenter -n -t " + pid + " ip address add " + peerAddress + "/24 dev peer",
		"nsenter -n -t " + pid + " ip link set peer up",
	} {
		words := strings.Fields(line)
		if out, err := exec.CommandContext(t.Context(), words[0], words[1:]...).CombinedOutput(); err != nil {
			t.Fatalf("%s: %v\n%s", line, err, out)
		}
	}
	return func(address string) func(context.Context) error {
		return func(ctx context.Context) error {
			host, port, err := net.SplitHostPort(address)
			if err != nil {
				return err
			}
			return exec.CommandContext(ctx, "nsenter", "-n", "-t", pid, "bash", "-c", "exec 3<>/dev/tcp/"+host+"/"+port).Run()
		}
	}
}

// as dials as a user, and from an address where one is given.
func as(user uint32, from, address string) func(context.Context) error {
	return func(ctx context.Context) error {
		if user == 0 {
			conn, err := (&net.Dialer{Timeout: 2 * time.Second}).DialContext(ctx, "tcp", address)
			if err == nil {
				_ = conn.Close()
			}
			return err
		}
		self := exec.CommandContext(ctx, "/proc/self/exe", "-test.run=^TestDial$")
		self.Env = append(os.Environ(), "CAPTURE_TEST_DIAL="+address, "CAPTURE_TEST_FROM="+from)
		self.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: user, Gid: user}}
		out, err := self.CombinedOutput()
		if err != nil {
			return fmt.Errorf("%w: %s", err, out)
		}
		return nil
	}
}

// TestDial is what another user's process does.
func TestDial(t *testing.T) { //nolint:paralleltest // it is alone in its process
	address := os.Getenv("CAPTURE_TEST_DIAL")
	if address == "" {
		return // an ordinary run of the tests
	}
	dialer := &net.Dialer{Timeout: 2 * time.Second}
	if from := os.Getenv("CAPTURE_TEST_FROM"); from != "" {
		dialer.LocalAddr = &net.TCPAddr{IP: net.ParseIP(from)}
	}
	conn, err := dialer.DialContext(t.Context(), "tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	_ = conn.Close()
}

// listen tells where the connections that arrive at an address were going to.
func listen(t *testing.T, address string) <-chan netip.AddrPort {
	t.Helper()
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp4", address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() })
	arrived := make(chan netip.AddrPort, 9)
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			destination, err := capture.Original(conn.(*net.TCPConn))
			if err != nil {
				t.Error(err)
			}
			arrived <- destination
			_ = conn.Close()
		}
	}()
	return arrived
}
