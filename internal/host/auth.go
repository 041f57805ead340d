package host

import (
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/agent"

	"github.com/dxlab/terraform-provider-lab/internal/fault"
)

func (c Credentials) empty() bool {
	return len(c.PrivateKey) == 0 && c.PrivateKeyPath == "" && c.Password == "" && c.Agent == nil && c.AgentSocket == ""
}

// from names a credential for messages: the origin that the caller told, or what.
func (c Credentials) from(field, what string) string {
	if origin := c.Origins[field]; origin != "" {
		return origin
	}
	return what
}

// login collects the credentials for one hop and keeps a record of them, so that a refusal can say what was tried
// and what could not be.
type login struct {
	hop  *hop
	home string

	mu      sync.Mutex
	tried   []string
	skipped []string
	allowed []string
	banner  string
	agent   net.Conn
}

func (a *login) try(format string, args ...any) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.tried = append(a.tried, fmt.Sprintf(format, args...))
}

func (a *login) skip(format string, args ...any) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.skipped = append(a.skipped, fmt.Sprintf(format, args...))
}

// methods are what the SSH library tries, keys first. Keys are looked for only when the host asks for one.
func (a *login) methods() []ssh.AuthMethod {
	methods := []ssh.AuthMethod{ssh.PublicKeysCallback(func() ([]ssh.Signer, error) { return a.signers(), nil })}
	password := a.hop.creds.Password
	if password == "" {
		return methods
	}
	from := a.hop.creds.from("Password", "password")
	return append(methods,
		ssh.PasswordCallback(func() (string, error) {
			a.try("password (%s)", from)
			return password, nil
		}),
		ssh.KeyboardInteractive(func(_, _ string, questions []string, echos []bool) ([]string, error) {
			if len(questions) > 0 {
				a.try("keyboard-interactive (%s)", from)
			}
			answers := make([]string, len(questions))
			for i := range questions {
				if !echos[i] {
					answers[i] = password
				}
			}
			return answers, nil
		}))
}

// maxSigners is below OpenSSH's MaxAuthTries of 6, because the password is a try as well.
const maxSigners = 5

// signers lists the keys to offer: configured ones, those of ~/.ssh/config, the agent's, and the default files.
func (a *login) signers() []ssh.Signer {
	var found []ssh.Signer
	add := func(from string, signer ssh.Signer) {
		key := ssh.FingerprintSHA256(signer.PublicKey())
		same := func(s ssh.Signer) bool { return ssh.FingerprintSHA256(s.PublicKey()) == key }
		switch {
		case slices.ContainsFunc(found, same):
		case len(found) == maxSigners:
			a.skip("%s (more than %d keys)", from, maxSigners)
		default:
			a.try("%s (%s %s)", from, signer.PublicKey().Type(), key)
			found = append(found, signer)
		}
	}
	creds := a.hop.creds
	if len(creds.PrivateKey) > 0 {
		a.addPEM(creds.from("PrivateKey", "private key"), creds.PrivateKey, add)
	}
	if creds.PrivateKeyPath != "" {
		path := expandHome(creds.PrivateKeyPath, a.home)
		a.addFile(creds.from("PrivateKeyPath", "private key file")+" "+path, path, true, add)
	}
	agentKeys := a.agentSigners()
	for _, path := range a.hop.identities {
		a.addIdentity("IdentityFile "+path, path, true, agentKeys, add)
	}
	if !a.hop.identitiesOnly {
		for _, signer := range agentKeys {
			add("agent", signer)
		}
	}
	for _, path := range a.defaultIdentities() {
		a.addIdentity(path, path, false, agentKeys, add)
	}
	return found
}

// defaultIdentities are the usual key files, for users who have named no credential at all.
func (a *login) defaultIdentities() []string {
	creds := a.hop.creds
	named := len(creds.PrivateKey) > 0 || creds.PrivateKeyPath != "" || creds.Password != "" || len(a.hop.identities) > 0
	if named || a.home == "" {
		return nil
	}
	var paths []string
	for _, name := range []string{"id_ed25519", "id_ecdsa", "id_rsa"} {
		paths = append(paths, filepath.Join(a.home, ".ssh", name))
	}
	return paths
}

// addIdentity adds a key file, or the agent's key of the same public key where the file itself cannot be opened.
func (a *login) addIdentity(from, path string, must bool, agentKeys []ssh.Signer, add func(string, ssh.Signer)) {
	if public := readPublic(path + ".pub"); public != nil {
		for _, signer := range agentKeys {
			if string(signer.PublicKey().Marshal()) == string(public.Marshal()) {
				add(from+" by the agent", signer)
				return
			}
		}
	}
	a.addFile(from, path, must, add)
}

func (a *login) addFile(from, path string, must bool, add func(string, ssh.Signer)) {
	data, err := os.ReadFile(path)
	switch {
	case errors.Is(err, fs.ErrNotExist) && !must:
	case errors.Is(err, fs.ErrNotExist):
		a.skip("%s (no such file)", from)
	case err != nil:
		a.skip("%s (%v)", from, err)
	default:
		if cert := readCertificate(path + "-cert.pub"); cert != nil {
			a.addPEM(from, data, func(from string, signer ssh.Signer) {
				if certified, err := ssh.NewCertSigner(cert, signer); err == nil {
					add(from+" with certificate", certified)
				}
				add(from, signer)
			})
			return
		}
		a.addPEM(from, data, add)
	}
}

func (a *login) addPEM(from string, data []byte, add func(string, ssh.Signer)) {
	signer, err := ssh.ParsePrivateKey(data)
	var missing *ssh.PassphraseMissingError
	if errors.As(err, &missing) {
		if a.hop.creds.Passphrase == "" {
			a.skip("%s (encrypted, and no passphrase is configured)", from)
			return
		}
		signer, err = ssh.ParsePrivateKeyWithPassphrase(data, []byte(a.hop.creds.Passphrase))
	}
	if err != nil {
		a.skip("%s (%s)", from, strings.TrimPrefix(err.Error(), "ssh: "))
		return
	}
	add(from, signer)
}

// agentSigners asks the agent, unless that is forbidden. The agent stays connected until close, because it signs.
func (a *login) agentSigners() []ssh.Signer {
	creds := a.hop.creds
	if creds.Agent != nil && !*creds.Agent {
		a.skip("agent (switched off)")
		return nil
	}
	socket := firstOf(creds.AgentSocket, a.hop.agentSocket)
	switch {
	case strings.EqualFold(socket, None):
		a.skip("agent (IdentityAgent is none)")
		return nil
	case socket == "", socket == "SSH_AUTH_SOCK":
		socket = os.Getenv("SSH_AUTH_SOCK")
	}
	if socket == "" {
		a.skip("agent (SSH_AUTH_SOCK is not set)")
		return nil
	}
	conn, err := net.Dial("unix", expandHome(socket, a.home)) //nolint:noctx,gosec // a local socket that the user names answers at once
	if err != nil {
		a.skip("agent (%v)", err)
		return nil
	}
	a.mu.Lock()
	a.agent = conn
	a.mu.Unlock()
	signers, err := agent.NewClient(conn).Signers()
	if err != nil {
		a.skip("agent at %s (%v)", socket, err)
	} else if len(signers) == 0 {
		a.skip("agent at %s (it has no keys)", socket)
	}
	return signers
}

func (a *login) close() {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.agent != nil {
		_ = a.agent.Close()
	}
}

// observe records which methods the host offers; it never picks one itself.
func (a *login) observe(c *ssh.ClientAuthContext) (ssh.AuthMethod, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.allowed = c.AllowedMethods
	return nil, nil
}

// hear keeps what the host says before the login, such as that it is booting.
func (a *login) hear(banner string) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.banner = strings.TrimSpace(banner)
	return nil
}

// refused is the error for a host that accepted nothing of it.
func (a *login) refused(cause error) error {
	if a.hop.creds.Password == "" {
		a.skip("password (none is configured)")
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	text := "the host refused to log in user " + a.hop.user
	if len(a.tried) == 0 {
		text += "; there was nothing to try"
	} else {
		text += "; tried " + strings.Join(a.tried, ", ")
	}
	if len(a.skipped) > 0 {
		text += "; could not try " + strings.Join(a.skipped, ", ")
	}
	if len(a.allowed) > 0 {
		text += "; the host accepts " + strings.Join(a.allowed, ", ")
	}
	return fault.Newf(fault.Auth, "%s: %w", text, cause)
}

func readPublic(path string) ssh.PublicKey {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil
	}
	key, _, _, _, err := ssh.ParseAuthorizedKey(data)
	if err != nil {
		return nil
	}
	return key
}

func readCertificate(path string) *ssh.Certificate {
	cert, _ := readPublic(path).(*ssh.Certificate)
	return cert
}
