package hosttest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"

	"golang.org/x/crypto/ssh"

	"github.com/dxlab/terraform-provider-lab/internal/host"
)

// ServerOptions say what kind of sshd a Server plays. The zero value lets everybody in, shows one ed25519 host key, runs
// commands with the machine's own /bin/sh in a temporary directory, and allows SFTP and forwarding.
type ServerOptions struct {
	// AuthorizedKeys, Password and Interactive (a password over keyboard-interactive) are what gets a client in.
	AuthorizedKeys        []string
	Password, Interactive string
	// HostKeys are the server's; Authority, if set, certifies them for the address 127.0.0.1.
	HostKeys  []Key
	Authority *Key
	// MaxAuthTries is the number of failures that end a connection; zero means 6.
	MaxAuthTries int
	// Bin maps names to shell scripts that commands find before the machine's own programs.
	Bin map[string]string
	// Handler answers commands instead of the shell. It gets what a bootstrap would read.
	Handler func(Exec) (code int)
	// Noise is written to stdout before each command, as a chatty ~/.bashrc does.
	Noise string
	// ForceCommand runs instead of every command.
	ForceCommand string
	// NoSFTP, NoForwarding and MaxSessions (zero: no limit) are as in sshd_config.
	NoSFTP, NoForwarding bool
	MaxSessions          int
	// NoExitStatus ends commands without telling how, as a killed session does.
	NoExitStatus bool
	// Banner is sent before the login.
	Banner string
}

// Server is an SSH server in this process, on a loopback port.
type Server struct {
	// Dir is where commands start.
	Dir string

	tb       testing.TB
	options  ServerOptions
	addr     string
	accepted atomic.Int64
	execs    atomic.Int64
	sftps    atomic.Int64
	sessions atomic.Int64
	most     atomic.Int64

	mu       sync.Mutex
	listener net.Listener
	conns    map[*faultyConn]bool
	children map[int]bool
	faults   Faults
	working  sync.WaitGroup
}

// Faults are what goes wrong with new connections.
type Faults struct {
	// Refuse closes this many connections after sending RefuseText in place of the protocol.
	Refuse     int
	RefuseText string
	// DropAfter cuts connections when that many bytes went either way; zero never.
	DropAfter int64
	// Mute takes connections and never answers.
	Mute bool
}

// NewServer starts a server that ends with the test, together with everything that commands left running.
func NewServer(tb testing.TB, o ServerOptions) *Server {
	tb.Helper()
	if len(o.HostKeys) == 0 {
		o.HostKeys = []Key{NewKey(tb, "ed25519")}
	}
	s := &Server{tb: tb, options: o, Dir: tb.TempDir(), conns: map[*faultyConn]bool{}, children: map[int]bool{}}
	s.writeBin()
	s.Start()
	tb.Cleanup(func() {
		s.Stop()
		s.endChildren()
		s.working.Wait()
	})
	return s
}

func (s *Server) writeBin() {
	if len(s.options.Bin) == 0 {
		return
	}
	bin := s.binDir()
	if err := os.MkdirAll(bin, 0o750); err != nil {
		s.tb.Fatal(err)
	}
	for name, script := range s.options.Bin {
		if err := os.WriteFile(filepath.Join(bin, name), []byte("#!/bin/sh\n"+script), 0o755); err != nil {
			s.tb.Fatal(err)
		}
	}
}

func (s *Server) binDir() string { return filepath.Join(s.Dir, ".bin") }

// Start begins to listen again after Stop, on the same port.
func (s *Server) Start() {
	s.tb.Helper()
	addr := s.Addr()
	if addr == "" {
		addr = "127.0.0.1:0"
	}
	listener, err := (&net.ListenConfig{}).Listen(context.Background(), "tcp", addr)
	if err != nil {
		s.tb.Fatalf("starting the SSH server: %v", err)
	}
	s.mu.Lock()
	s.addr = listener.Addr().String()
	s.listener = listener
	s.mu.Unlock()
	config, err := s.config()
	if err != nil {
		s.tb.Fatalf("starting the SSH server: %v", err)
	}
	s.working.Go(func() { s.accept(listener, config) })
}

// Stop closes the port and cuts all connections. Commands live on, as under sshd.
func (s *Server) Stop() {
	s.mu.Lock()
	if s.listener != nil {
		_ = s.listener.Close()
		s.listener = nil
	}
	s.mu.Unlock()
	s.Cut()
}

// Cut ends all connections at once, without a word.
func (s *Server) Cut() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for conn := range s.conns {
		_ = conn.Close()
	}
}

// Freeze makes all present connections silent, in both directions, as a host without power is; Thaw undoes it.
func (s *Server) Freeze() { s.each((*faultyConn).freeze) }

// Thaw lets frozen connections go on.
func (s *Server) Thaw() { s.each((*faultyConn).thaw) }

func (s *Server) each(do func(*faultyConn)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for conn := range s.conns {
		do(conn)
	}
}

// SetFaults changes what goes wrong with new connections.
func (s *Server) SetFaults(f Faults) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults = f
}

// Addr is the server's address and port.
func (s *Server) Addr() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.addr
}

// Port is the port alone.
func (s *Server) Port() int {
	_, port, err := net.SplitHostPort(s.Addr())
	if err != nil {
		s.tb.Fatal(err)
	}
	n, err := strconv.Atoi(port)
	if err != nil {
		s.tb.Fatal(err)
	}
	return n
}

// Target names the server for a host.Pool, without a pinned key.
func (s *Server) Target() host.Target {
	return host.Target{Host: "127.0.0.1", Port: s.Port(), User: "tester"}
}

// KnownHosts writes a known_hosts file with the server's keys and returns its path.
func (s *Server) KnownHosts() string {
	s.tb.Helper()
	var lines bytes.Buffer
	for _, key := range s.options.HostKeys {
		fmt.Fprintf(&lines, "[127.0.0.1]:%d %s\n", s.Port(), key.Public)
	}
	path := filepath.Join(s.tb.TempDir(), "known_hosts")
	if err := os.WriteFile(path, lines.Bytes(), 0o600); err != nil {
		s.tb.Fatal(err)
	}
	return path
}

// Options are pool options that reach this server and nothing of the machine's own SSH configuration.
func (s *Server) Options() host.Options {
	off := false
	o := host.Options{KnownHosts: []string{s.KnownHosts()}, ConfigPath: host.None, Home: s.tb.TempDir()}
	o.Agent = &off
	return o
}

// Accepted is the number of connections so far.
func (s *Server) Accepted() int64 { return s.accepted.Load() }

// Execs is the number of commands so far.
func (s *Server) Execs() int64 { return s.execs.Load() }

// SFTPs is the number of SFTP sessions so far.
func (s *Server) SFTPs() int64 { return s.sftps.Load() }

// MostSessions is the highest number of sessions that were open at once.
func (s *Server) MostSessions() int64 { return s.most.Load() }

func (s *Server) config() (*ssh.ServerConfig, error) {
	o := s.options
	c := &ssh.ServerConfig{MaxAuthTries: o.MaxAuthTries, NoClientAuth: len(o.AuthorizedKeys) == 0 && o.Password == "" && o.Interactive == ""}
	if len(o.AuthorizedKeys) > 0 {
		c.PublicKeyCallback = o.checkKey
	}
	if o.Password != "" {
		c.PasswordCallback = func(_ ssh.ConnMetadata, password []byte) (*ssh.Permissions, error) {
			return permit(string(password) == o.Password)
		}
	}
	if o.Interactive != "" {
		c.KeyboardInteractiveCallback = func(_ ssh.ConnMetadata, ask ssh.KeyboardInteractiveChallenge) (*ssh.Permissions, error) {
			answers, err := ask("", "", []string{"Password: "}, []bool{false})
			return permit(err == nil && len(answers) == 1 && answers[0] == o.Interactive)
		}
	}
	if o.Banner != "" {
		c.BannerCallback = func(ssh.ConnMetadata) string { return o.Banner }
	}
	for _, key := range o.HostKeys {
		signer := key.signer
		if o.Authority != nil {
			certified, err := key.certify(*o.Authority, []string{"127.0.0.1"})
			if err != nil {
				return nil, err
			}
			signer = certified
		}
		c.AddHostKey(signer)
	}
	return c, nil
}

func (o ServerOptions) checkKey(_ ssh.ConnMetadata, key ssh.PublicKey) (*ssh.Permissions, error) {
	return permit(slices.ContainsFunc(o.AuthorizedKeys, func(line string) bool {
		allowed, _, _, _, err := ssh.ParseAuthorizedKey([]byte(line))
		return err == nil && bytes.Equal(allowed.Marshal(), key.Marshal())
	}))
}

func permit(ok bool) (*ssh.Permissions, error) {
	if !ok {
		return nil, errors.New("refused")
	}
	return &ssh.Permissions{}, nil
}
