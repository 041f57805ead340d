package hosttest

import (
	"io"
	"net"
	"sync"

	"golang.org/x/crypto/ssh"
)

func (s *Server) accept(listener net.Listener, config *ssh.ServerConfig) {
	for {
		conn, err := listener.Accept()
		if err != nil {
			return
		}
		s.accepted.Add(1)
		faulty := newFaultyConn(conn)
		s.mu.Lock()
		f := s.faults
		if f.Refuse > 0 {
			s.faults.Refuse--
		}
		faulty.left = f.DropAfter
		s.conns[faulty] = true
		s.mu.Unlock()
		s.working.Go(func() {
			defer func() {
				_ = faulty.Close()
				s.mu.Lock()
				delete(s.conns, faulty)
				s.mu.Unlock()
			}()
			switch {
			case f.Refuse > 0:
				_, _ = io.WriteString(conn, f.RefuseText)
			case f.Mute:
				_, _ = io.Copy(io.Discard, conn)
			default:
				s.serve(faulty, config)
			}
		})
	}
}

func (s *Server) serve(conn net.Conn, config *ssh.ServerConfig) {
	server, channels, requests, err := ssh.NewServerConn(conn, config)
	if err != nil {
		return
	}
	defer func() { _ = server.Close() }()
	s.working.Go(func() { ssh.DiscardRequests(requests) })
	var open sync.WaitGroup
	defer open.Wait()
	slots := make(chan struct{}, max(s.options.MaxSessions, 1))
	for channel := range channels {
		switch channel.ChannelType() {
		case "session":
			if s.options.MaxSessions > 0 {
				select {
				case slots <- struct{}{}:
				default:
					_ = channel.Reject(ssh.ConnectionFailed, "open failed")
					continue
				}
			}
			open.Go(func() {
				s.session(server, channel)
				if s.options.MaxSessions > 0 {
					<-slots
				}
			})
		case "direct-tcpip":
			open.Go(func() { s.forward(channel) })
		default:
			_ = channel.Reject(ssh.UnknownChannelType, "unknown channel type")
		}
	}
}

func (s *Server) forward(channel ssh.NewChannel) {
	if s.options.NoForwarding {
		_ = channel.Reject(ssh.Prohibited, "open failed")
		return
	}
	var to struct {
		Host     string
		Port     uint32
		FromHost string
		FromPort uint32
	}
	if err := ssh.Unmarshal(channel.ExtraData(), &to); err != nil {
		_ = channel.Reject(ssh.ConnectionFailed, err.Error())
		return
	}
	far, err := net.Dial("tcp", hostPort(to.Host, to.Port)) //nolint:noctx // the far side is a test's own listener
	if err != nil {
		_ = channel.Reject(ssh.ConnectionFailed, err.Error())
		return
	}
	near, requests, err := channel.Accept()
	if err != nil {
		_ = far.Close()
		return
	}
	go ssh.DiscardRequests(requests)
	var copies sync.WaitGroup
	copies.Go(func() { _, _ = io.Copy(far, near); _ = far.Close() })
	copies.Go(func() { _, _ = io.Copy(near, far); _ = near.Close() })
	copies.Wait()
}

// faultyConn is a connection that can be frozen, or cut after some bytes.
type faultyConn struct {
	net.Conn
	closed chan struct{}
	once   sync.Once

	mu     sync.Mutex
	frozen chan struct{}
	left   int64
}

func newFaultyConn(conn net.Conn) *faultyConn {
	return &faultyConn{Conn: conn, closed: make(chan struct{})}
}

func (c *faultyConn) freeze() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.frozen == nil {
		c.frozen = make(chan struct{})
	}
}

func (c *faultyConn) thaw() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.frozen != nil {
		close(c.frozen)
		c.frozen = nil
	}
}

// pass waits while the connection is frozen and counts the bytes that went.
func (c *faultyConn) pass(n int) {
	c.mu.Lock()
	frozen := c.frozen
	cut := false
	if c.left > 0 {
		c.left -= int64(n)
		cut = c.left <= 0
	}
	c.mu.Unlock()
	if cut {
		_ = c.Close()
	}
	if frozen != nil {
		select {
		case <-frozen:
		case <-c.closed:
		}
	}
}

// Read reads from the client.
func (c *faultyConn) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	c.pass(n)
	return n, err
}

// Write writes to the client.
func (c *faultyConn) Write(p []byte) (int, error) {
	c.pass(len(p))
	return c.Conn.Write(p)
}

// Close ends the connection, frozen or not.
func (c *faultyConn) Close() error {
	c.once.Do(func() { close(c.closed) })
	return c.Conn.Close()
}
