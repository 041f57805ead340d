package host_test

import (
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/crypto/ssh/agent"

	"github.com/dxlab/terraform-provider-lab/internal/fault"
	"github.com/dxlab/terraform-provider-lab/internal/host"
	"github.com/dxlab/terraform-provider-lab/internal/host/hosttest"
)

// startAgent serves an agent with these keys and returns its socket.
func startAgent(t *testing.T, keys ...hosttest.Key) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "agent") //nolint:usetesting // short, because a socket's path has at most 107 bytes
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	ring := agent.NewKeyring()
	for _, key := range keys {
		if err := ring.Add(agent.AddedKey{PrivateKey: key.Private()}); err != nil {
			t.Fatal(err)
		}
	}
	socket := filepath.Join(dir, "s")
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "unix", socket)
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
			go func() { _ = agent.ServeAgent(ring, conn); _ = conn.Close() }()
		}
	}()
	return socket
}

func keyFile(t *testing.T, pem []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "key")
	if err := os.WriteFile(path, pem, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestAuth_Accepted(t *testing.T) {
	t.Parallel()
	key, wrong := hosttest.NewKey(t, "ed25519"), hosttest.NewKey(t, "ecdsa")
	rsa := hosttest.NewKey(t, "rsa")
	on := true
	byKey := hosttest.ServerOptions{AuthorizedKeys: []string{key.Public, rsa.Public}}
	cases := map[string]struct {
		server hosttest.ServerOptions
		creds  host.Credentials
	}{
		"key":                          {byKey, host.Credentials{PrivateKey: key.PEM}},
		"RSA key":                      {byKey, host.Credentials{PrivateKey: rsa.PEM}},
		"key file":                     {byKey, host.Credentials{PrivateKeyPath: keyFile(t, key.PEM)}},
		"key file with passphrase":     {byKey, host.Credentials{PrivateKeyPath: keyFile(t, key.Encrypted(t, "abcd")), Passphrase: "abcd"}},
		"second key":                   {byKey, host.Credentials{PrivateKey: wrong.PEM, PrivateKeyPath: keyFile(t, key.PEM)}},
		"agent":                        {byKey, host.Credentials{Agent: &on, AgentSocket: startAgent(t, wrong, key)}},
		"agent that nobody mentioned":  {byKey, host.Credentials{AgentSocket: startAgent(t, key)}},
		"agent after a wrong key":      {byKey, host.Credentials{PrivateKey: wrong.PEM, AgentSocket: startAgent(t, key)}},
		"password":                     {hosttest.ServerOptions{Password: "p w"}, host.Credentials{Password: "p w"}},
		"password after a wrong key":   {hosttest.ServerOptions{Password: "p w", AuthorizedKeys: []string{key.Public}}, host.Credentials{PrivateKey: wrong.PEM, Password: "p w"}},
		"keyboard-interactive":         {hosttest.ServerOptions{Interactive: "p w"}, host.Credentials{Password: "p w"}},
		"a host that lets everyone in": {hosttest.ServerOptions{}, host.Credentials{}},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := hosttest.NewServer(t, c.server)
			o := s.Options()
			if c.creds.Agent == nil && c.creds.AgentSocket == "" {
				c.creds.Agent = o.Agent
			}
			o.Credentials = c.creds
			if _, err := newPool(t, o).Host(s.Target()).Run(t.Context(), hello); err != nil {
				t.Fatal(err)
			}
		})
	}
}

func TestAuth_RefusalTellsWhatWasTried(t *testing.T) {
	t.Parallel()
	right, wrong := hosttest.NewKey(t, "ed25519"), hosttest.NewKey(t, "rsa")
	off := false
	locked := keyFile(t, wrong.Encrypted(t, "abcd"))
	cases := map[string]struct {
		server hosttest.ServerOptions
		creds  host.Credentials
		texts  []string
	}{
		"wrong key from the environment": {
			hosttest.ServerOptions{AuthorizedKeys: []string{right.Public}},
			host.Credentials{PrivateKey: wrong.PEM, Agent: &off, Origins: map[string]string{"PrivateKey": "LAB_SSH_PRIVATE_KEY"}},
			[]string{"refused to log in user tester", "tried LAB_SSH_PRIVATE_KEY (ssh-rsa " + wrong.Fingerprint + ")", "agent (switched off)", "password (none is configured)", "accepts publickey"},
		},
		"wrong password": {
			hosttest.ServerOptions{Password: "right", Interactive: "right"},
			host.Credentials{Password: "wrong-canary", Agent: &off},
			[]string{"tried password (password), keyboard-interactive (password)", "accepts password, keyboard-interactive"},
		},
		"nothing to try": {
			hosttest.ServerOptions{AuthorizedKeys: []string{right.Public}},
			host.Credentials{Agent: &off},
			[]string{"there was nothing to try"},
		},
		"file that is not there": {
			hosttest.ServerOptions{AuthorizedKeys: []string{right.Public}},
			host.Credentials{PrivateKeyPath: "/nowhere/key", Agent: &off},
			[]string{"private key file /nowhere/key (no such file)"},
		},
		"file that is no key": {
			hosttest.ServerOptions{AuthorizedKeys: []string{right.Public}},
			host.Credentials{PrivateKeyPath: keyFile(t, []byte("canary no key")), Agent: &off},
			[]string{"could not try private key file ", "(no key found)"},
		},
		"passphrase missing": {
			hosttest.ServerOptions{AuthorizedKeys: []string{right.Public}},
			host.Credentials{PrivateKeyPath: locked, Agent: &off},
			[]string{locked + " (encrypted, and no passphrase is configured)"},
		},
		"passphrase wrong": {
			hosttest.ServerOptions{AuthorizedKeys: []string{right.Public}},
			host.Credentials{PrivateKeyPath: locked, Passphrase: "canary", Agent: &off},
			[]string{locked + " (x509: decryption password incorrect)"},
		},
		"agent that is gone": {
			hosttest.ServerOptions{AuthorizedKeys: []string{right.Public}},
			host.Credentials{AgentSocket: "/nowhere/agent"},
			[]string{"agent (dial unix /nowhere/agent"},
		},
		"agent without keys": {
			hosttest.ServerOptions{AuthorizedKeys: []string{right.Public}},
			host.Credentials{AgentSocket: startAgent(t)},
			[]string{"it has no keys"},
		},
		"agent with too many keys": {
			hosttest.ServerOptions{AuthorizedKeys: []string{right.Public}},
			host.Credentials{AgentSocket: startAgent(t, many(t, 8)...)},
			[]string{"more than 5 keys"},
		},
		"host that counts strictly": {
			hosttest.ServerOptions{AuthorizedKeys: []string{right.Public}, MaxAuthTries: 2},
			host.Credentials{AgentSocket: startAgent(t, many(t, 4)...)},
			[]string{"refused to log in user tester", "too many authentication failures"},
		},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := hosttest.NewServer(t, c.server)
			o := s.Options()
			o.Credentials = c.creds
			_, err := newPool(t, o).Host(s.Target()).Run(t.Context(), hello)
			wantKind(t, err, fault.Auth, append(c.texts, "connecting to tester@"+s.Addr())...)
			if strings.Contains(err.Error(), "canary") || strings.Contains(err.Error(), "PRIVATE KEY-") {
				t.Errorf("a secret is in the error: %v", err)
			}
			if s.Accepted() != 1 {
				t.Errorf("%d tries", s.Accepted())
			}
		})
	}
}

func many(t *testing.T, n int) []hosttest.Key {
	t.Helper()
	var keys []hosttest.Key
	for range n {
		keys = append(keys, hosttest.NewKey(t, "ed25519"))
	}
	return keys
}

// Wrong credentials are not offered again and again by everybody who wants the host: hosts count that.
func TestAuth_RefusalIsRemembered(t *testing.T) {
	t.Parallel()
	s := hosttest.NewServer(t, hosttest.ServerOptions{Password: "right"})
	o := s.Options()
	o.Password = "wrong"
	pool := newPool(t, o)
	for range 5 {
		_, err := pool.Host(s.Target()).Run(t.Context(), hello)
		wantKind(t, err, fault.Auth)
	}
	if s.Accepted() != 1 {
		t.Errorf("%d tries", s.Accepted())
	}
}

func TestAuth_DefaultIdentities(t *testing.T) {
	t.Parallel()
	key := hosttest.NewKey(t, "ecdsa")
	s := hosttest.NewServer(t, hosttest.ServerOptions{AuthorizedKeys: []string{key.Public}})
	o := s.Options()
	if err := os.MkdirAll(filepath.Join(o.Home, ".ssh"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(o.Home, ".ssh", "id_ecdsa"), key.PEM, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := newPool(t, o).Host(s.Target()).Run(t.Context(), hello); err != nil {
		t.Error(err)
	}
}
