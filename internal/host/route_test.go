package host_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/dxlab/terraform-provider-lab/internal/fault"
	"github.com/dxlab/terraform-provider-lab/internal/host"
	"github.com/dxlab/terraform-provider-lab/internal/host/hosttest"
)

// home makes a home directory with an SSH configuration and key files.
func home(t *testing.T, config string, files map[string][]byte) string {
	t.Helper()
	dir := t.TempDir()
	if err := os.MkdirAll(filepath.Join(dir, ".ssh"), 0o700); err != nil {
		t.Fatal(err)
	}
	if files == nil {
		files = map[string][]byte{}
	}
	files["config"] = []byte(config)
	for name, content := range files {
		if err := os.WriteFile(filepath.Join(dir, ".ssh", name), content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func TestConfig_IsFollowed(t *testing.T) {
	t.Parallel()
	key, other := hosttest.NewKey(t, "ed25519"), hosttest.NewKey(t, "ed25519")
	hostKey := hosttest.NewKey(t, "ed25519")
	s := hosttest.NewServer(t, hosttest.ServerOptions{AuthorizedKeys: []string{key.Public}, HostKeys: []hosttest.Key{hostKey}, MaxAuthTries: 1})
	config := fmt.Sprintf(`
Match host other exec "true"
  Port 1
Host web*
  HostName 127.0.0.1
  Port %d
  User alice
  IdentityFile ~/.ssh/%%n_key
  IdentitiesOnly yes
  UserKnownHostsFile %%d/.ssh/hosts
Host aliased
  HostName 127.0.0.1
  Port %d
  IdentityFile ~/.ssh/web1_key
  HostKeyAlias the-web
  UserKnownHostsFile ~/.ssh/aliases
`, s.Port(), s.Port())
	dir := home(t, config, map[string][]byte{
		"web1_key": key.PEM, "hosts": fmt.Appendf(nil, "[127.0.0.1]:%d %s\n", s.Port(), hostKey.Public), "aliases": []byte("the-web " + hostKey.Public + "\n"),
	})
	// With only one try, the agent's key must not come first.
	o := host.Options{Home: dir, Credentials: host.Credentials{AgentSocket: startAgent(t, other)}}
	h := newPool(t, o).Host(host.Target{Host: "web1"})
	if facts, err := h.Facts(t.Context()); err != nil || facts.User != "alice" {
		t.Errorf("user %q, %v", facts.User, err)
	}
	if _, err := newPool(t, o).Host(host.Target{Host: "aliased", User: "bob"}).Run(t.Context(), hello); err != nil {
		t.Errorf("alias: %v", err)
	}
	o.ConfigPath = host.None
	o.ConnectTimeout = 1
	_, err := newPool(t, o).Host(host.Target{Host: "web1"}).Run(t.Context(), hello)
	wantKind(t, err, fault.Unreachable, "web1:22")
}

func TestConfig_ArgumentsOverruleIt(t *testing.T) {
	t.Parallel()
	s := hosttest.NewServer(t, hosttest.ServerOptions{})
	o := s.Options()
	o.ConfigPath, o.Home = "", home(t, "Host *\n  User alice\n  Port 1\n", nil)
	o.User, o.Port = "carol", s.Port()
	for target, user := range map[host.Target]string{
		{Host: "127.0.0.1"}:              "carol",
		{Host: "127.0.0.1", User: "dan"}: "dan",
	} {
		facts, err := newPool(t, o).Host(target).Facts(t.Context())
		if err != nil || facts.User != user {
			t.Errorf("user %q, %v; want %q", facts.User, err, user)
		}
	}
}

func TestConfig_AgentKeyForALockedIdentity(t *testing.T) {
	t.Parallel()
	key, other := hosttest.NewKey(t, "ed25519"), hosttest.NewKey(t, "ed25519")
	s := hosttest.NewServer(t, hosttest.ServerOptions{AuthorizedKeys: []string{key.Public}, MaxAuthTries: 1})
	o := s.Options()
	o.ConfigPath, o.Home = "", home(t, "Host *\n  IdentityFile ~/.ssh/mine\n  IdentitiesOnly yes\n", map[string][]byte{
		"mine": key.Encrypted(t, "secret"), "mine.pub": []byte(key.Public + " me@home\n"),
	})
	o.Credentials = host.Credentials{AgentSocket: startAgent(t, other, key)}
	if _, err := newPool(t, o).Host(s.Target()).Run(t.Context(), hello); err != nil {
		t.Error(err)
	}
}

func TestConfig_UnreadableFileIsMentioned(t *testing.T) {
	t.Parallel()
	s := hosttest.NewServer(t, hosttest.ServerOptions{})
	s.Stop()
	o := s.Options()
	o.ConfigPath, o.Home = "", home(t, "Host *\n  ProxyCommand nc %h %p\n", nil)
	_, err := newPool(t, o).Host(s.Target()).Run(t.Context(), hello)
	wantKind(t, err, fault.Unreachable, "ProxyCommand", "is not supported")
	o.Home = home(t, "Match nonsense x\n", nil)
	if _, err := newPool(t, o).Host(s.Target()).Run(t.Context(), hello); err == nil || !strings.Contains(err.Error(), "was not used") {
		t.Errorf("error: %v", err)
	}
}

func TestBastion_Chain(t *testing.T) {
	t.Parallel()
	key, hop := hosttest.NewKey(t, "ed25519"), hosttest.NewKey(t, "ed25519")
	first := hosttest.NewServer(t, hosttest.ServerOptions{AuthorizedKeys: []string{hop.Public}})
	second := hosttest.NewServer(t, hosttest.ServerOptions{AuthorizedKeys: []string{key.Public}})
	target := hosttest.NewServer(t, hosttest.ServerOptions{AuthorizedKeys: []string{key.Public}})
	o := target.Options()
	o.PrivateKey = key.PEM
	o.KnownHosts = append(o.KnownHosts, first.KnownHosts(), second.KnownHosts())
	o.Bastions = []host.Bastion{
		{Target: first.Target(), Credentials: host.Credentials{PrivateKey: hop.PEM, Agent: o.Agent}},
		{Target: second.Target()},
	}
	pool := newPool(t, o)
	for range 3 {
		if _, err := pool.Host(target.Target()).Run(t.Context(), hello); err != nil {
			t.Fatal(err)
		}
	}
	other := hosttest.NewServer(t, hosttest.ServerOptions{})
	withOther := other.Target()
	withOther.HostKey = hostKeyOf(t, other)
	if _, err := pool.Host(withOther).Run(t.Context(), hello); err != nil {
		t.Fatal(err)
	}
	if first.Accepted() != 1 || second.Accepted() != 1 || target.Accepted() != 1 || pool.Stats().Connections != 4 {
		t.Errorf("%d, %d and %d connections, %+v", first.Accepted(), second.Accepted(), target.Accepted(), pool.Stats())
	}
	// A bastion that restarts takes everything behind it along, and all of it comes back.
	first.Stop()
	first.Start()
	if _, err := pool.Host(target.Target()).Run(t.Context(), hello); err != nil {
		t.Errorf("after the bastion's restart: %v", err)
	}
}

func hostKeyOf(t *testing.T, s *hosttest.Server) string {
	t.Helper()
	key, err := reach(t, s).HostKey(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func TestBastion_Failures(t *testing.T) {
	t.Parallel()
	target := hosttest.NewServer(t, hosttest.ServerOptions{})
	through := func(bastion *hosttest.Server, change func(*host.Options)) error {
		o := target.Options()
		o.KnownHosts = append(o.KnownHosts, bastion.KnownHosts())
		o.Bastions = []host.Bastion{{Target: bastion.Target()}}
		if change != nil {
			change(&o)
		}
		_, err := newPool(t, o).Host(target.Target()).Run(t.Context(), hello)
		return err
	}
	t.Run("forwarding is forbidden", func(t *testing.T) {
		t.Parallel()
		bastion := hosttest.NewServer(t, hosttest.ServerOptions{NoForwarding: true})
		wantKind(t, through(bastion, nil), fault.Denied, "connecting to tester@"+target.Addr()+" through tester@"+bastion.Addr(), "AllowTcpForwarding")
	})
	t.Run("bastion's host key is unknown", func(t *testing.T) {
		t.Parallel()
		bastion := hosttest.NewServer(t, hosttest.ServerOptions{})
		err := through(bastion, func(o *host.Options) { o.KnownHosts = o.KnownHosts[:1] })
		wantKind(t, err, fault.HostKey, "connecting to tester@"+bastion.Addr(), "not known")
	})
	t.Run("bastion is down", func(t *testing.T) {
		t.Parallel()
		bastion := hosttest.NewServer(t, hosttest.ServerOptions{})
		err := through(bastion, func(*host.Options) { bastion.Stop() })
		wantKind(t, err, fault.Unreachable, "connecting to tester@"+bastion.Addr())
	})
	t.Run("target's host key is unknown", func(t *testing.T) {
		t.Parallel()
		bastion := hosttest.NewServer(t, hosttest.ServerOptions{})
		err := through(bastion, func(o *host.Options) { o.KnownHosts = o.KnownHosts[1:] })
		wantKind(t, err, fault.HostKey, "connecting to tester@"+target.Addr()+" through")
	})
}

func TestProxyJump(t *testing.T) {
	t.Parallel()
	first, second, target := hosttest.NewServer(t, hosttest.ServerOptions{}), hosttest.NewServer(t, hosttest.ServerOptions{}), hosttest.NewServer(t, hosttest.ServerOptions{})
	config := fmt.Sprintf(`
Host inner
  HostName 127.0.0.1
  Port %d
  ProxyJump jim@middle
Host middle
  HostName 127.0.0.1
  Port %d
  ProxyJump ssh://joe@127.0.0.1:%d
Host direct
  HostName 127.0.0.1
  Port %d
  ProxyJump none
Host round
  ProxyJump round
Host list
  HostName 127.0.0.1
  Port %d
  ProxyJump 127.0.0.1:%d,middle
`, target.Port(), second.Port(), first.Port(), target.Port(), target.Port(), first.Port())
	o := target.Options()
	o.ConfigPath, o.Home, o.User = "", home(t, config, nil), "tester"
	o.KnownHosts = append(o.KnownHosts, first.KnownHosts(), second.KnownHosts())
	for name, counts := range map[string][2]int64{"inner": {3, 1}, "direct": {1, 1}, "list": {3, 1}} {
		pool := newPool(t, o)
		if _, err := pool.Host(host.Target{Host: name}).Run(t.Context(), hello); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if got := pool.Stats(); got.Connections != counts[0] || got.Commands != counts[1] {
			t.Errorf("%s: %+v", name, got)
		}
	}
	_, err := newPool(t, o).Host(host.Target{Host: "round"}).Run(t.Context(), hello)
	wantKind(t, err, fault.Invalid, "circle")
}
