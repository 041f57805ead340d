package balancer_test

import (
	"net"
	"path/filepath"
	"testing"

	"github.com/dxlab/terraform-provider-lab/test/lab/release/rke2/internal/balancer"
)

// listen accepts and closes connections on an address of its own and returns the port.
func listen(t *testing.T, host, port string) string {
	t.Helper()
	l, err := net.Listen("tcp", net.JoinHostPort(host, port))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			_ = conn.Close()
		}
	}()
	_, port, _ = net.SplitHostPort(l.Addr().String())
	return port
}

func dial(t *testing.T, b *balancer.Balancer, port string) string {
	t.Helper()
	conn, err := b.Dialer(port)(t.Context(), "tcp", "127.0.0.1:1")
	if err != nil {
		return err.Error()
	}
	defer func() { _ = conn.Close() }()
	host, _, _ := net.SplitHostPort(conn.RemoteAddr().String())
	return host
}

func TestBalancer_TakesAnotherServer(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "etc", "servers.json")
	port := listen(t, "127.0.0.3", "0")
	b := balancer.New(file, "127.0.0.2")
	if err := b.Learn([]string{"127.0.0.3:6443", "127.0.0.4:6443", "bad"}); err != nil {
		t.Fatal(err)
	}
	if got := dial(t, b, port); got != "127.0.0.3" {
		t.Errorf("connected to %s", got)
	}
	if got := dial(t, balancer.New(file, "127.0.0.2"), port); got != "127.0.0.3" {
		t.Errorf("after a restart connected to %s", got)
	}
}

func TestBalancer_PrefersTheConfiguredServer(t *testing.T) {
	t.Parallel()
	port := listen(t, "127.0.0.5", "0")
	listen(t, "127.0.0.6", port)
	b := balancer.New(filepath.Join(t.TempDir(), "servers.json"), "127.0.0.5")
	if err := b.Learn([]string{"127.0.0.6:6443", "127.0.0.5:6443"}); err != nil {
		t.Fatal(err)
	}
	if got := dial(t, b, port); got != "127.0.0.5" {
		t.Errorf("connected to %s", got)
	}
}
