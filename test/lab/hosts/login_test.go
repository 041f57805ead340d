package hosts_test

import (
	"errors"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/crypto/ssh"

	"github.com/dxlab/terraform-provider-lab/test/lab/hosts"
)

// login connects as user with the rack's key, or with the given methods.
func login(t *testing.T, h *hosts.Host, user string, methods ...ssh.AuthMethod) (*ssh.Client, error) {
	t.Helper()
	if len(methods) == 0 {
		signer, err := ssh.ParsePrivateKey(hosts.Shared(t).Key().Private)
		if err != nil {
			t.Fatal(err)
		}
		methods = []ssh.AuthMethod{ssh.PublicKeys(signer)}
	}
	client, err := ssh.Dial("tcp", net.JoinHostPort(h.Address().String(), "22"), &ssh.ClientConfig{
		User: user, Auth: methods, HostKeyCallback: ssh.FixedHostKey(h.HostKey().Public), Timeout: 10 * time.Second,
	})
	if err == nil {
		t.Cleanup(func() { _ = client.Close() })
	}
	return client, err
}

// command runs one command as user and returns its output.
func command(t *testing.T, h *hosts.Host, user, line string) (string, error) {
	t.Helper()
	client, err := login(t, h, user)
	if err != nil {
		t.Fatalf("login as %s: %v", user, err)
	}
	session, err := client.NewSession()
	if err != nil {
		t.Fatal(err)
	}
	defer session.Close()
	out, err := session.CombinedOutput(line)
	return strings.TrimSpace(string(out)), err
}

func TestHost_UsersBehave(t *testing.T) {
	t.Parallel()
	h := hosts.New(t, hosts.Options{})
	for _, test := range []struct {
		name, user, command, want string
		code                      int
	}{
		{"root", "root", "id -u", "0", 0},
		{"sudo without password", "ops", "sudo -n id -u", "0", 0},
		{"sudo asks for a password", "opspw", "sudo -n id -u", "a password is required", 1},
		{"sudo with the password", "opspw", "echo " + hosts.OpsPassword + " | sudo -S -p '' id -u", "0", 0},
		{"no sudo right", "nosudo", "echo " + hosts.OpsPassword + " | sudo -S -p '' id -u", "nosudo is not in the sudoers file", 1},
		{"expired password", "expired", "id -u", "Password change required but no TTY available", 1},
		{"no shell", "noshell", "id -u", "This account is currently not available", 1},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			out, err := command(t, h, test.user, test.command)
			code := 0
			var exit *ssh.ExitError
			if errors.As(err, &exit) {
				code = exit.ExitStatus()
			} else if err != nil {
				t.Fatal(err)
			}
			if code != test.code || !strings.Contains(out, test.want) {
				t.Errorf("exit code %d with %q, want %d with %q", code, out, test.code, test.want)
			}
		})
	}
	t.Run("password login", func(t *testing.T) {
		t.Parallel()
		if _, err := login(t, h, "root", ssh.Password(hosts.RootPassword)); err != nil {
			t.Error(err)
		}
	})
}

// TestHost_EverySuite boots a host of each release that LAB_SUITES names.
func TestHost_EverySuite(t *testing.T) {
	t.Parallel()
	for _, suite := range hosts.Shared(t).Suites() {
		t.Run("suite "+suite, func(t *testing.T) {
			t.Parallel()
			h := hosts.New(t, hosts.Options{Suite: suite})
			release := must(t, h, "systemctl is-system-running --wait; . /etc/os-release; echo $VERSION_CODENAME; ssh -V 2>&1; systemctl --version | head -n 1")
			t.Log(release)
			if !strings.HasPrefix(release, "running\n"+suite) {
				t.Errorf("the host is %q", release)
			}
			if out, err := command(t, h, "ops", "sudo -n id -u"); err != nil || out != "0" {
				t.Errorf("sudo says %q (%v)", out, err)
			}
			var failing sync.WaitGroup
			for range 8 { // an sshd that locks out addresses would do so now
				failing.Go(func() {
					if _, err := login(t, h, "root", ssh.Password("wrong")); err == nil {
						t.Error("a wrong password is taken")
					}
				})
			}
			failing.Wait()
			if err := h.Reboot(t.Context()); err != nil {
				t.Fatal(err)
			}
			if _, err := login(t, h, "root"); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestHost_SSHDConfiguration(t *testing.T) {
	t.Parallel()
	plain := hosts.New(t, hosts.Options{})
	strict := hosts.New(t, hosts.Options{SSHD: []string{"AllowTcpForwarding no"}, NoSFTP: true})
	for _, test := range []struct {
		name string
		host *hosts.Host
		want bool
	}{{"default", plain, true}, {"forbidden", strict, false}} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			client, err := login(t, test.host, "root")
			if err != nil {
				t.Fatal(err)
			}
			conn, err := client.Dial("tcp", test.host.Address().String()+":22")
			if (err == nil) != test.want {
				t.Errorf("forwarding works: %v, want %v (%v)", err == nil, test.want, err)
			}
			if err == nil {
				_ = conn.Close()
			}
			session, err := client.NewSession()
			if err != nil {
				t.Fatal(err)
			}
			defer session.Close()
			if err := session.RequestSubsystem("sftp"); (err == nil) != test.want {
				t.Errorf("sftp works: %v, want %v", err == nil, test.want)
			}
		})
	}
}

func TestHost_WithoutSystemd(t *testing.T) {
	t.Parallel()
	h := hosts.New(t, hosts.Options{Init: hosts.PlainInit})
	out, err := command(t, h, "root", "systemctl is-system-running; systemctl daemon-reload")
	if err == nil || !strings.Contains(out, "has not been booted with systemd") {
		t.Errorf("systemctl says %q (%v), want a refusal", out, err)
	}
	if out, err := command(t, h, "ops", "sudo -n cat /proc/1/comm"); err != nil || strings.Contains(out, "systemd") {
		t.Errorf("the first process is %q (%v)", out, err)
	}
	if err := h.PowerCut(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := h.PowerOn(t.Context()); err != nil {
		t.Error(err)
	}
}
