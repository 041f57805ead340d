package host_test

import (
	"errors"
	"io"
	"net"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/dxlab/terraform-provider-lab/internal/fault"
	"github.com/dxlab/terraform-provider-lab/internal/host/hosttest"
)

func TestDialContext(t *testing.T) {
	t.Parallel()
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() })
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			go func() { _, _ = io.Copy(conn, conn); _ = conn.Close() }()
		}
	}()
	addr := listener.Addr().String()

	t.Run("echo", func(t *testing.T) {
		t.Parallel()
		s := hosttest.NewServer(t, hosttest.ServerOptions{})
		h := reach(t, s)
		for range 2 {
			conn, err := h.DialContext(t.Context(), "tcp", addr)
			if err != nil {
				t.Fatal(err)
			}
			text := strings.Repeat("0123456789", 20000)
			go func() { _, _ = io.WriteString(conn, text) }()
			got := make([]byte, len(text))
			if _, err := io.ReadFull(conn, got); err != nil || string(got) != text {
				t.Fatalf("got %d bytes, %v", len(got), err)
			}
			// SSH channels have no deadlines of their own; TLS and HTTP need them.
			if err := conn.SetReadDeadline(time.Now().Add(20 * time.Millisecond)); err != nil {
				t.Fatal(err)
			}
			if _, err := conn.Read(got); !errors.Is(err, os.ErrDeadlineExceeded) {
				t.Errorf("read after the deadline: %v", err)
			}
			if err := conn.Close(); err != nil {
				t.Error(err)
			}
			s.Cut() // the next round dials again
		}
	})
	t.Run("forbidden", func(t *testing.T) {
		t.Parallel()
		_, err := reach(t, hosttest.NewServer(t, hosttest.ServerOptions{NoForwarding: true})).DialContext(t.Context(), "tcp", addr)
		wantKind(t, err, fault.Denied, "AllowTcpForwarding", addr)
	})
	t.Run("nobody listens", func(t *testing.T) {
		t.Parallel()
		_, err := reach(t, hosttest.NewServer(t, hosttest.ServerOptions{})).DialContext(t.Context(), "tcp", "127.0.0.1:1")
		wantKind(t, err, fault.Unreachable, "127.0.0.1:1", "connection refused")
	})
	t.Run("connection lost", func(t *testing.T) {
		t.Parallel()
		s := hosttest.NewServer(t, hosttest.ServerOptions{})
		conn, err := reach(t, s).DialContext(t.Context(), "tcp", addr)
		if err != nil {
			t.Fatal(err)
		}
		s.Cut()
		if _, err := conn.Read(make([]byte, 1)); err == nil {
			t.Error("the loss is not noticed")
		}
	})
}
