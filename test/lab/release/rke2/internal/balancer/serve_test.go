package balancer_test

import (
	"context"
	"io"
	"net"
	"path/filepath"
	"testing"

	"github.com/dxlab/terraform-provider-lab/test/lab/release/rke2/internal/balancer"
)

func TestServe_PassesBothWaysOn(t *testing.T) {
	t.Parallel()
	server, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = server.Close() })
	go func() {
		conn, err := server.Accept()
		if err != nil {
			return
		}
		// answers only after the question has ended
		question, _ := io.ReadAll(conn)
		_, _ = conn.Write(append([]byte("you said "), question...))
		_ = conn.Close()
	}()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_, port, _ := net.SplitHostPort(server.Addr().String())
	ctx, cancel := context.WithCancel(t.Context())
	served := make(chan struct{})
	go func() {
		balancer.New(filepath.Join(t.TempDir(), "servers.json"), "127.0.0.1").Serve(ctx, listener, port)
		close(served)
	}()
	client, err := net.Dial("tcp", listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = client.Close() }()
	if _, err := client.Write([]byte("hello")); err != nil {
		t.Fatal(err)
	}
	if half, ok := client.(*net.TCPConn); !ok || half.CloseWrite() != nil {
		t.Fatal("no end of the question")
	}
	if answer, err := io.ReadAll(client); err != nil || string(answer) != "you said hello" {
		t.Errorf("%q, %v", answer, err)
	}
	cancel()
	<-served
	if conn, err := net.Dial("tcp", listener.Addr().String()); err == nil {
		_ = conn.Close()
		t.Error("it still listens")
	}
}
