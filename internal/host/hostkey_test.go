package host_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"golang.org/x/crypto/ssh/knownhosts"

	"github.com/dxlab/terraform-provider-lab/internal/fault"
	"github.com/dxlab/terraform-provider-lab/internal/host"
	"github.com/dxlab/terraform-provider-lab/internal/host/hosttest"
)

var hello = host.Command{Args: []string{"true"}}

func writeFile(t *testing.T, content string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "known_hosts")
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestHostKey(t *testing.T) {
	t.Parallel()
	ed, ecdsa, rsa := hosttest.NewKey(t, "ed25519"), hosttest.NewKey(t, "ecdsa"), hosttest.NewKey(t, "rsa")
	other, authority := hosttest.NewKey(t, "ed25519"), hosttest.NewKey(t, "ecdsa")
	all := []hosttest.Key{ed, ecdsa, rsa}
	cases := map[string]struct {
		keys      []hosttest.Key
		authority *hosttest.Key
		// known is the known_hosts file; NAME stands for the server's name there, HASH for its hash.
		known string
		pin   string
		errs  []string
		used  string
	}{
		"known":                           {keys: all, known: "NAME " + ed.Public, used: ed.Public},
		"known under a hashed name":       {keys: all, known: "HASH " + ed.Public, used: ed.Public},
		"known by its RSA key only":       {keys: all, known: "# comment\n\nNAME " + rsa.Public, used: rsa.Public},
		"known by its ECDSA key only":     {keys: all, known: "NAME " + ecdsa.Public, used: ecdsa.Public},
		"known by a wildcard":             {keys: all, known: "127.0.0.* " + ed.Public, used: ed.Public},
		"authority":                       {keys: all, authority: &authority, known: "@cert-authority NAME " + authority.Public, used: ed.Public},
		"authority of another type":       {keys: []hosttest.Key{rsa}, authority: &authority, known: "@cert-authority NAME " + authority.Public, used: rsa.Public},
		"other authority":                 {keys: all, authority: &other, known: "@cert-authority NAME " + authority.Public, errs: []string{"host key"}},
		"revoked":                         {keys: all, known: "@revoked NAME " + ed.Public, errs: []string{"revoked", ":1"}},
		"unknown":                         {keys: all, known: "", errs: []string{"not known", ed.Fingerprint, "accept-new"}},
		"known as another host":           {keys: all, known: "10.1.1.1 " + ed.Public, errs: []string{"not known"}},
		"changed":                         {keys: all, known: "\nNAME " + other.Public, errs: []string{"has changed", ed.Fingerprint, other.Fingerprint, "known_hosts:2"}},
		"changed, and of another type":    {keys: []hosttest.Key{rsa}, known: "NAME " + other.Public, errs: []string{"has changed", rsa.Fingerprint, other.Fingerprint}},
		"broken file":                     {keys: all, known: "NAME ssh-ed25519 !!!", errs: []string{"reading known hosts", "known_hosts:1"}},
		"pinned line":                     {keys: all, pin: ed.Public, used: ed.Public},
		"pinned line with a comment":      {keys: all, pin: rsa.Public + " root@host\n", used: rsa.Public},
		"pinned fingerprint":              {keys: all, pin: ed.Fingerprint, used: ed.Public},
		"pinned fingerprint of any key":   {keys: all, pin: rsa.Fingerprint, used: rsa.Public},
		"one of two pins":                 {keys: all, pin: other.Public + "\n" + ecdsa.Fingerprint, used: ecdsa.Public},
		"pin overrules known_hosts":       {keys: all, known: "NAME " + other.Public, pin: ed.Public, used: ed.Public},
		"other pin":                       {keys: all, pin: other.Public, errs: []string{"not the pinned host key", ed.Fingerprint, other.Fingerprint}},
		"other fingerprint":               {keys: all, pin: other.Fingerprint, errs: []string{"not the pinned host key", other.Fingerprint}},
		"other fingerprint, one key only": {keys: []hosttest.Key{ed}, pin: other.Fingerprint, errs: []string{"not the pinned host key", ed.Fingerprint}},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := hosttest.NewServer(t, hosttest.ServerOptions{HostKeys: c.keys, Authority: c.authority})
			o := s.Options()
			address := fmt.Sprintf("[127.0.0.1]:%d", s.Port())
			o.KnownHosts = []string{writeFile(t, strings.NewReplacer("NAME", address, "HASH", knownhosts.HashHostname(address)).Replace(c.known))}
			target := s.Target()
			target.HostKey = c.pin
			h := newPool(t, o).Host(target)
			key, err := h.HostKey(t.Context())
			if c.errs != nil {
				wantKind(t, err, fault.HostKey, c.errs...)
				return
			}
			if err != nil || key != c.used {
				t.Errorf("got %q, %v; want %q", key, err, c.used)
			}
		})
	}
}

func TestHostKey_MalformedPin(t *testing.T) {
	t.Parallel()
	s := hosttest.NewServer(t, hosttest.ServerOptions{})
	target := s.Target()
	target.HostKey = "ab:cd:ef"
	_, err := newPool(t, s.Options()).Host(target).Run(t.Context(), hello)
	wantKind(t, err, fault.Invalid, "pinned host key")
	if s.Accepted() != 0 {
		t.Error("the host was dialled all the same")
	}
	for text, ok := range map[string]bool{"": false, "ab:cd": false, "SHA256:abc": true, hosttest.NewKey(t, "rsa").Public: true} {
		if err := host.CheckHostKey(text); (err == nil) != ok {
			t.Errorf("CheckHostKey(%q): %v", text, err)
		}
	}
}

func TestHostKey_AcceptNewRecords(t *testing.T) {
	t.Parallel()
	key, later := hosttest.NewKey(t, "ed25519"), hosttest.NewKey(t, "ecdsa")
	s := hosttest.NewServer(t, hosttest.ServerOptions{HostKeys: []hosttest.Key{key}})
	file := filepath.Join(t.TempDir(), "new", "known_hosts")
	o := s.Options()
	o.KnownHosts, o.HostKeyPolicy = []string{file}, host.AcceptNew
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() {
			if _, err := newPool(t, o).Host(s.Target()).Run(t.Context(), hello); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	content, err := os.ReadFile(file)
	if want := fmt.Sprintf("[127.0.0.1]:%d %s\n", s.Port(), key.Public); err != nil || string(content) != want {
		t.Fatalf("recorded %q, %v; want %q", content, err, want)
	}
	o.HostKeyPolicy = host.Strict
	if _, err := newPool(t, o).Host(s.Target()).Run(t.Context(), hello); err != nil {
		t.Errorf("the recorded key does not count: %v", err)
	}

	// Another key is refused under every policy, also one of another type.
	o.HostKeyPolicy = host.AcceptNew
	if err := os.WriteFile(file, []byte(fmt.Sprintf("[127.0.0.1]:%d %s", s.Port(), later.Public)), 0o600); err != nil {
		t.Fatal(err)
	}
	_, err = newPool(t, o).Host(s.Target()).Run(t.Context(), hello)
	wantKind(t, err, fault.HostKey, key.Fingerprint, later.Fingerprint, file+":1")
}

func TestHostKey_AcceptNewKeepsWhatIsThere(t *testing.T) {
	t.Parallel()
	key := hosttest.NewKey(t, "ed25519")
	s := hosttest.NewServer(t, hosttest.ServerOptions{HostKeys: []hosttest.Key{key}})
	other := "10.9.8.7 " + hosttest.NewKey(t, "ecdsa").Public
	file := writeFile(t, other) // without a line end
	o := s.Options()
	o.KnownHosts, o.HostKeyPolicy = []string{file}, host.AcceptNew
	if _, err := newPool(t, o).Host(s.Target()).Run(t.Context(), hello); err != nil {
		t.Fatal(err)
	}
	content, err := os.ReadFile(file)
	if want := fmt.Sprintf("%s\n[127.0.0.1]:%d %s\n", other, s.Port(), key.Public); err != nil || string(content) != want {
		t.Errorf("file is %q, %v; want %q", content, err, want)
	}
}

func TestHostKey_AcceptNewNeedsAPlaceToRecord(t *testing.T) {
	t.Parallel()
	s := hosttest.NewServer(t, hosttest.ServerOptions{})
	o := s.Options()
	o.KnownHosts, o.HostKeyPolicy = []string{"/proc/nowhere/known_hosts"}, host.AcceptNew
	_, err := newPool(t, o).Host(s.Target()).Run(t.Context(), hello)
	wantKind(t, err, fault.HostKey, "cannot be recorded")
}

func TestHostKey_DifferentPinsShareAConnectionIfItSatisfiesThem(t *testing.T) {
	t.Parallel()
	ed, rsa, other := hosttest.NewKey(t, "ed25519"), hosttest.NewKey(t, "rsa"), hosttest.NewKey(t, "ed25519")
	s := hosttest.NewServer(t, hosttest.ServerOptions{HostKeys: []hosttest.Key{ed, rsa}})
	pool := newPool(t, s.Options())
	for _, step := range []struct {
		pin         string
		connections int64
		ok          bool
	}{
		{"", 1, true}, {ed.Public, 1, true}, {ed.Fingerprint, 1, true}, {rsa.Public, 2, true}, {rsa.Fingerprint, 2, true}, {other.Public, 2, false}, {"", 2, true},
	} {
		target := s.Target()
		target.HostKey = step.pin
		_, err := pool.Host(target).Run(t.Context(), hello)
		if (err == nil) != step.ok || pool.Stats().Connections != step.connections {
			t.Fatalf("pin %q: %v, %d connections, want %d", step.pin, err, pool.Stats().Connections, step.connections)
		}
	}
}
