package host_test

import (
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/dxlab/terraform-provider-lab/internal/fault"
	"github.com/dxlab/terraform-provider-lab/internal/host"
	"github.com/dxlab/terraform-provider-lab/internal/host/hosttest"
)

func TestSudo(t *testing.T) {
	t.Parallel()
	const password = "pa ss'w\\ord %s"
	cases := map[string]struct {
		kind     hosttest.SudoKind
		password string
		root     string
		errors   []string
	}{
		"without password":         {kind: hosttest.SudoFree, root: "sudo"},
		"with a needless password": {kind: hosttest.SudoFree, password: "other", root: "sudo"},
		"with password":            {kind: hosttest.SudoPassword, password: password, root: "sudo with password"},
		"with wrong password":      {kind: hosttest.SudoPassword, password: "wrong-secret", errors: []string{"user tester cannot become root", "the sudo password was refused"}},
		"password missing":         {kind: hosttest.SudoPassword, errors: []string{"sudo asks for a password and none is configured (sudo_password)"}},
		"requiretty":               {kind: hosttest.SudoTTY, password: password, errors: []string{"requiretty"}},
		"not in sudoers":           {kind: hosttest.SudoNotInSudoers, password: password, errors: []string{"no right", "not in the sudoers file"}},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := hosttest.NewServer(t, hosttest.ServerOptions{Bin: hosttest.Sudo(c.kind, password)})
			o := s.Options()
			o.SudoPassword = c.password
			h := newPool(t, o).Host(s.Target())
			for range 2 {
				r, err := h.Run(t.Context(), host.Command{
					Name: "look", Script: `id -u; cat; printf %s "$X"`, Stdin: strings.NewReader("input\n"), Sudo: true, Env: map[string]string{"X": "y"},
				})
				if c.errors != nil {
					wantKind(t, err, fault.Denied, append(c.errors, "look on 127.0.0.1")...)
					if c.password != "" && strings.Contains(err.Error(), c.password) {
						t.Errorf("the password is in the error: %v", err)
					}
					continue
				}
				if err != nil || r.Stdout != "0\ninput\ny" || r.Stderr != "" {
					t.Fatalf("got %+v, %v", r, err)
				}
			}
			facts, err := h.Facts(t.Context())
			if strings.HasPrefix(c.password, "wrong") {
				// Somebody meant this password to work: going on without it would only hide that.
				wantKind(t, err, fault.Denied, "the sudo password was refused")
				return
			}
			if err != nil || facts.Root != c.root || facts.User != "tester" {
				t.Errorf("facts say %q for user %q, %v", facts.Root, facts.User, err)
			}
		})
	}
}

func TestSudo_MissingProgram(t *testing.T) {
	t.Parallel()
	bin := hosttest.Sudo(hosttest.SudoFree, "")
	bin["command"] = "exit 1"
	delete(bin, "sudo")
	// A path without sudo: the stand-in for id hides that the test may run as root.
	s := hosttest.NewServer(t, hosttest.ServerOptions{Bin: bin})
	if _, err := os.Stat("/usr/bin/sudo"); err == nil {
		t.Skip("this machine has a sudo of its own, which the stand-in cannot hide")
	}
	_, err := reach(t, s).Run(t.Context(), host.Command{Args: []string{"true"}, Sudo: true})
	wantKind(t, err, fault.Denied, "sudo is not installed")
}

// Several wrong tries lock an account, so even many commands at once try a password once.
func TestSudo_ProbesOnce(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		password string
		tries    int
	}{
		"right password": {"right", 1 + 8},
		"wrong password": {"wrong", 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := hosttest.NewServer(t, hosttest.ServerOptions{Bin: hosttest.Sudo(hosttest.SudoPassword, "right")})
			o := s.Options()
			o.SudoPassword = c.password
			h := newPool(t, o).Host(s.Target())
			var all sync.WaitGroup
			for range 8 {
				all.Go(func() {
					_, err := h.Run(t.Context(), host.Command{Args: []string{"true"}, Sudo: true})
					if (err == nil) != (c.password == "right") {
						t.Errorf("error: %v", err)
					}
				})
			}
			all.Wait()
			log, err := os.ReadFile(filepath.Join(s.Dir, "sudo.log"))
			if err != nil {
				t.Fatal(err)
			}
			// The first tries it out and each command uses it; a wrong one is not tried again.
			if tries := strings.Count(string(log), "tried"); tries != c.tries {
				t.Errorf("%d tries, want %d", tries, c.tries)
			}
			if s.Accepted() != 1 {
				t.Errorf("%d connections", s.Accepted())
			}
		})
	}
}

// The password goes to sudo alone: not to the command's input, arguments or environment.
func TestSudo_PasswordGoesNowhereElse(t *testing.T) {
	t.Parallel()
	const password = "canary-sudo-8812"
	for _, kind := range []hosttest.SudoKind{hosttest.SudoFree, hosttest.SudoPassword} {
		t.Run(string(kind), func(t *testing.T) {
			t.Parallel()
			s := hosttest.NewServer(t, hosttest.ServerOptions{Bin: hosttest.Sudo(kind, password)})
			o := s.Options()
			o.SudoPassword = password
			h := newPool(t, o).Host(s.Target())
			for range 2 {
				r, err := h.Run(t.Context(), host.Command{
					Script: "cat; set; env; for p in $$ $PPID; do tr '\\0' '\\n' </proc/$p/cmdline; tr '\\0' '\\n' </proc/$p/environ; done 2>/dev/null", Sudo: true,
				})
				if err != nil {
					t.Fatal(err)
				}
				if !strings.Contains(r.Stdout, "LAB_COMMAND") || strings.Contains(r.Stdout+r.Stderr, password) {
					t.Errorf("the command saw the password:\n%s", r.Stdout)
				}
			}
		})
	}
}

func TestFiles_WithoutAnyWayToRoot(t *testing.T) {
	t.Parallel()
	s := hosttest.NewServer(t, hosttest.ServerOptions{Bin: hosttest.Sudo(hosttest.SudoPassword, "x")})
	h := reach(t, s)
	path := filepath.Join(s.Dir, "own")
	if _, err := h.WriteFile(t.Context(), host.File{Path: path, Content: []byte("mine"), Owner: idOf(t, "-un"), Group: idOf(t, "-gn")}); err != nil {
		t.Fatalf("a file of one's own: %v", err)
	}
	if content, err := h.ReadFile(t.Context(), path); err != nil || string(content) != "mine" {
		t.Errorf("got %q, %v", content, err)
	}
}
