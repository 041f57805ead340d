package host

import (
	"errors"
	"fmt"
	"net"
	"os"
	"slices"
	"strings"

	"github.com/skeema/knownhosts"
	"golang.org/x/crypto/ssh"
	xknownhosts "golang.org/x/crypto/ssh/knownhosts"

	"github.com/dxlab/terraform-provider-lab/internal/fault"
)

// plainAlgorithms are the host key algorithms without certificates, best first; the first of each family that a host
// has is the key that it shows.
var plainAlgorithms = []string{
	ssh.KeyAlgoED25519,
	ssh.KeyAlgoECDSA256, ssh.KeyAlgoECDSA384, ssh.KeyAlgoECDSA521,
	ssh.KeyAlgoRSASHA512, ssh.KeyAlgoRSASHA256,
}

// certAlgorithms are asked for only where known_hosts names an authority for the host.
var certAlgorithms = []string{
	ssh.CertAlgoED25519v01,
	ssh.CertAlgoECDSA256v01, ssh.CertAlgoECDSA384v01, ssh.CertAlgoECDSA521v01,
	ssh.CertAlgoRSASHA512v01, ssh.CertAlgoRSASHA256v01,
}

// guard checks the key that one hop shows, by its pin or else by known_hosts.
type guard struct {
	hop  *hop
	pins []pin
	db   *knownhosts.HostKeyDB
	// without are types of key that the host has shown before and that did not match.
	without []string
}

func newGuard(h *hop) (*guard, error) {
	if h.pin != "" {
		pins, err := parsePins(h.pin)
		if err != nil {
			return nil, fault.Newf(fault.Invalid, "pinned host key of %s: %w", h.name, err)
		}
		return &guard{hop: h, pins: pins}, nil
	}
	var files []string
	for _, file := range h.knownHosts {
		if _, err := os.Stat(file); err == nil {
			files = append(files, file)
		}
	}
	db, err := knownhosts.NewDB(files...)
	if err != nil {
		return nil, fault.Newf(fault.HostKey, "reading known hosts: %w", err)
	}
	return &guard{hop: h, db: db}, nil
}

// algorithms orders what the host is asked for: kinds of key that are known come first, so that it shows one that
// can be checked; the others follow, so that a host that lost that key is told from one that cannot be talked to.
func (g *guard) algorithms() []string {
	var first []string
	for _, p := range g.pins {
		first = append(first, p.algorithms()...)
	}
	if g.db != nil {
		first = g.known()
	}
	var all []string
	for _, algorithm := range append(first, plainAlgorithms...) {
		if !slices.Contains(all, algorithm) && !slices.Contains(g.without, keyType(algorithm)) {
			all = append(all, algorithm)
		}
	}
	return all
}

// with returns a guard that asks for other types of key than these.
func (g *guard) with(without []string) *guard {
	other := *g
	other.without = without
	return &other
}

// known are the algorithms for what known_hosts has. An authority vouches for keys of any type, not only of its own.
func (g *guard) known() []string {
	authority := func(key knownhosts.PublicKey) bool { return key.Cert }
	if slices.ContainsFunc(g.db.HostKeys(g.hop.keyAddr()), authority) {
		return append(slices.Clone(certAlgorithms), g.db.HostKeyAlgorithms(g.hop.keyAddr())...)
	}
	return g.db.HostKeyAlgorithms(g.hop.keyAddr())
}

// keyType is the type of key that an algorithm signs with.
func keyType(algorithm string) string {
	if algorithm == ssh.KeyAlgoRSASHA256 || algorithm == ssh.KeyAlgoRSASHA512 {
		return ssh.KeyAlgoRSA
	}
	return algorithm
}

// check returns nil for a key that may be trusted. A key seen for the first time is recorded under AcceptNew.
func (g *guard) check(key ssh.PublicKey) error {
	if g.db == nil {
		return g.checkPins(key)
	}
	// The address of the peer plays no part: names are looked up, and behind a bastion there is no address.
	err := g.db.HostKeyCallback()(g.hop.keyAddr(), &net.TCPAddr{IP: net.IPv4zero}, key)
	var revoked *xknownhosts.RevokedError
	var known *xknownhosts.KeyError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &revoked):
		return fault.Newf(fault.HostKey, "host key %s of %s is marked as revoked in %s:%d",
			fingerprint(key), g.hop.name, revoked.Revoked.Filename, revoked.Revoked.Line)
	case !errors.As(err, &known):
		return fault.Newf(fault.HostKey, "host key %s of %s: %w", fingerprint(key), g.hop.name, err)
	case len(known.Want) > 0:
		return g.changed(key, known.Want)
	case g.hop.policy == AcceptNew:
		return g.record(key)
	}
	return fault.Newf(fault.HostKey, "host %s is not known: it shows key %s, which is in none of %s; compare it on the host "+
		"(ssh-keygen -lf /etc/ssh/ssh_host_*_key.pub), then add it to known_hosts, pin it as host_key, or allow trust on first use (host_key_policy = %q)",
		g.hop.keyAddr(), fingerprint(key), filesOr(g.hop.knownHosts), AcceptNew)
}

func (g *guard) changed(key ssh.PublicKey, want []xknownhosts.KnownKey) error {
	var known []string
	for _, w := range want {
		known = append(known, fmt.Sprintf("%s (%s:%d)", fingerprint(w.Key), w.Filename, w.Line))
	}
	return fault.Newf(fault.HostKey, "the host key of %s has changed: it shows %s, known is %s; somebody may be in between, "+
		"or the host was reinstalled: compare the key on the host and remove the old one (ssh-keygen -f %s -R '%s')",
		g.hop.keyAddr(), fingerprint(key), strings.Join(known, ", "), want[0].Filename, knownhosts.Normalize(g.hop.keyAddr()))
}

func (g *guard) checkPins(key ssh.PublicKey) error {
	var want []string
	for _, p := range g.pins {
		if p.matches(key) {
			return nil
		}
		want = append(want, p.fingerprint)
	}
	return fault.Newf(fault.HostKey, "host %s shows key %s, which is not the pinned host key %s",
		g.hop.addr(), fingerprint(key), strings.Join(want, ", "))
}

// pinsWithoutType reports whether another key of the same host may still match: a fingerprint does not tell which of
// its keys it belongs to.
func (g *guard) pinsWithoutType() bool {
	return slices.ContainsFunc(g.pins, func(p pin) bool { return p.key == nil })
}

// pin is one pinned key, or only its fingerprint.
type pin struct {
	key         ssh.PublicKey
	fingerprint string
}

func (p pin) matches(key ssh.PublicKey) bool {
	return ssh.FingerprintSHA256(bare(key)) == p.fingerprint
}

func (p pin) algorithms() []string {
	switch {
	case p.key == nil:
		return nil
	case p.key.Type() == ssh.KeyAlgoRSA:
		return []string{ssh.KeyAlgoRSASHA512, ssh.KeyAlgoRSASHA256}
	}
	return []string{p.key.Type()}
}

// parsePins reads authorized_keys lines and SHA256 fingerprints, one a line.
func parsePins(text string) ([]pin, error) {
	var pins []pin
	for _, line := range strings.Split(text, "\n") {
		line = strings.TrimSpace(line)
		switch {
		case line == "":
		case strings.HasPrefix(line, "SHA256:") && !strings.ContainsAny(line, " \t"):
			pins = append(pins, pin{fingerprint: strings.TrimRight(line, "=")})
		default:
			key, _, _, _, err := ssh.ParseAuthorizedKey([]byte(line))
			if err != nil {
				return nil, fmt.Errorf("neither a public key (\"ssh-ed25519 AAAA...\") nor a fingerprint (\"SHA256:...\"): %q", line)
			}
			pins = append(pins, pin{key: key, fingerprint: ssh.FingerprintSHA256(key)})
		}
	}
	return pins, nil
}

// CheckHostKey reports why text is not acceptable as Target.HostKey; nil when it is.
func CheckHostKey(text string) error {
	pins, err := parsePins(text)
	if err == nil && len(pins) == 0 {
		err = errors.New("it is empty")
	}
	return err
}

// bare takes a key out of its certificate.
func bare(key ssh.PublicKey) ssh.PublicKey {
	if cert, ok := key.(*ssh.Certificate); ok {
		return cert.Key
	}
	return key
}

func fingerprint(key ssh.PublicKey) string {
	key = bare(key)
	return key.Type() + " " + ssh.FingerprintSHA256(key)
}

func filesOr(files []string) string {
	if len(files) == 0 {
		return "no file"
	}
	return strings.Join(files, ", ")
}
