package hosttest

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"encoding/pem"
	"strings"
	"testing"

	"golang.org/x/crypto/ssh"
)

// Key is a key pair, for a user, a host or an authority.
type Key struct {
	// PEM is the private key in OpenSSH form, Public the authorized_keys line without a comment.
	PEM    []byte
	Public string
	// Fingerprint is "SHA256:...".
	Fingerprint string

	private crypto.Signer
	signer  ssh.Signer
}

// NewKey makes a key pair of a kind: "ed25519", "ecdsa" or "rsa".
func NewKey(tb testing.TB, kind string) Key {
	tb.Helper()
	var private crypto.Signer
	var err error
	switch kind {
	case "ed25519":
		_, private, err = ed25519.GenerateKey(rand.Reader)
	case "ecdsa":
		private, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	case "rsa":
		private, err = rsa.GenerateKey(rand.Reader, 2048)
	default:
		tb.Fatalf("no such kind of key: %s", kind)
	}
	if err != nil {
		tb.Fatal(err)
	}
	signer, err := ssh.NewSignerFromSigner(private)
	if err != nil {
		tb.Fatal(err)
	}
	block, err := ssh.MarshalPrivateKey(private, "")
	if err != nil {
		tb.Fatal(err)
	}
	return Key{
		PEM:         pem.EncodeToMemory(block),
		Public:      strings.TrimSpace(string(ssh.MarshalAuthorizedKey(signer.PublicKey()))),
		Fingerprint: ssh.FingerprintSHA256(signer.PublicKey()),
		private:     private,
		signer:      signer,
	}
}

// Encrypted returns the private key under a passphrase.
func (k Key) Encrypted(tb testing.TB, passphrase string) []byte {
	tb.Helper()
	block, err := ssh.MarshalPrivateKeyWithPassphrase(k.private, "", []byte(passphrase))
	if err != nil {
		tb.Fatal(err)
	}
	return pem.EncodeToMemory(block)
}

// Private returns the key for an agent.
func (k Key) Private() crypto.Signer { return k.private }

// certify makes a host certificate for names, signed by an authority.
func (k Key) certify(authority Key, names []string) (ssh.Signer, error) {
	cert := &ssh.Certificate{
		Key: k.signer.PublicKey(), CertType: ssh.HostCert, ValidPrincipals: names,
		ValidBefore: ssh.CertTimeInfinity, KeyId: "test host",
	}
	if err := cert.SignCert(rand.Reader, authority.signer); err != nil {
		return nil, err
	}
	return ssh.NewCertSigner(cert, k.signer)
}
