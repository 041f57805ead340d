package forward_test

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/netip"
	"syscall"
	"testing"
	"time"

	"github.com/dxlab/terraform-provider-lab/test/lab/internal/forward"
)

func listen(t *testing.T) net.Listener {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() })
	return listener
}

// start starts a route to target and returns its address, and what ends the route.
func start(t *testing.T, target string) (address string, stop func()) {
	t.Helper()
	front := listen(t)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() {
		defer close(done)
		forward.Route{Listener: front, Target: target, Dial: dial, Logger: slog.New(slog.DiscardHandler)}.Serve(ctx)
	}()
	stop = func() { cancel(); <-done }
	t.Cleanup(stop)
	return front.Addr().String(), stop
}

// connect starts a route and connects to it.
func connect(t *testing.T, target string) (conn *net.TCPConn, stop func()) {
	t.Helper()
	address, stop := start(t, target)
	c, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	if err := c.SetDeadline(time.Now().Add(10 * time.Second)); err != nil {
		t.Fatal(err)
	}
	return c.(*net.TCPConn), stop
}

func dial(ctx context.Context, address string) (net.Conn, error) {
	var dialer net.Dialer
	return dialer.DialContext(ctx, "tcp", address)
}

func TestRoute_PassesHalfClose(t *testing.T) {
	t.Parallel()
	back := listen(t)
	go func() {
		conn, err := back.Accept()
		if err != nil {
			return
		}
		defer conn.Close()
		text, _ := io.ReadAll(conn) // ends only when the end of the request is passed on
		_, _ = conn.Write(append([]byte("got "), text...))
	}()
	conn, _ := connect(t, back.Addr().String())
	if _, err := conn.Write([]byte("hello")); err != nil {
		t.Fatal(err)
	}
	if err := conn.CloseWrite(); err != nil {
		t.Fatal(err)
	}
	if answer, err := io.ReadAll(conn); err != nil || string(answer) != "got hello" {
		t.Errorf("answer %q (%v)", answer, err)
	}
}

func TestRoute_ResetsWhenTargetRefuses(t *testing.T) {
	t.Parallel()
	back := listen(t)
	address := back.Addr().String()
	_ = back.Close()
	front, _ := start(t, address)
	conn, err := net.Dial("tcp", front)
	if err == nil { // the reset can come before or after the end of the dial
		defer conn.Close()
		_, err = conn.Read(make([]byte, 1))
	}
	if !errors.Is(err, syscall.ECONNRESET) {
		t.Errorf("the client sees %v, want a reset", err)
	}
}

func TestRoute_StopEndsConnections(t *testing.T) {
	t.Parallel()
	back := listen(t)
	accepted := make(chan net.Conn, 1)
	go func() {
		if conn, err := back.Accept(); err == nil {
			accepted <- conn
		}
	}()
	conn, stop := connect(t, back.Addr().String())
	other := <-accepted
	defer other.Close()
	stop()
	if _, err := conn.Read(make([]byte, 1)); err == nil || errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("reading gives %v, want the end", err)
	}
	_ = other.SetReadDeadline(time.Now().Add(5 * time.Second))
	if _, err := other.Read(make([]byte, 1)); !errors.Is(err, io.EOF) && !errors.Is(err, syscall.ECONNRESET) {
		t.Errorf("the target reads %v, want the end", err)
	}
}

func TestBlock(t *testing.T) {
	t.Parallel()
	loopback := netip.MustParsePrefix("127.0.0.0/8")
	seen := map[netip.Prefix]bool{}
	for _, path := range []string{"/a", "/b", "/c"} {
		for attempt := range 3 {
			block := forward.Block(path, attempt)
			if block != forward.Block(path, attempt) {
				t.Errorf("block %d of %s is not always the same", attempt, path)
			}
			if !loopback.Contains(block.Addr()) || block.Bits() != 24 || block.Addr().As4()[1] < 2 || block.Addr().As4()[1] > 254 {
				t.Errorf("block %d of %s is %s", attempt, path, block)
			}
			seen[block] = true
			if a := forward.In(block, 11); !block.Contains(a) || a.As4()[3] != 11 {
				t.Errorf("address 11 of %s is %s", block, a)
			}
		}
	}
	if len(seen) < 8 {
		t.Errorf("only %d blocks for 9 questions", len(seen))
	}
}
