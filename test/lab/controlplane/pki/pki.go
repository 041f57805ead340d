// Package pki knows the certificates, keys and kubeconfigs of one control plane server,
// under the file names that RKE2 gives them below its server directory.
package pki

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"time"
)

const (
	caLifetime   = 10 * 365 * 24 * time.Hour
	leafLifetime = 365 * 24 * time.Hour
	// renewBefore is how long before its end a leaf is made anew at start-up; k3s uses 90 days (k3s:pkg/util/services).
	renewBefore = 90 * 24 * time.Hour
)

// Options says for which server the leaf certificates are made.
type Options struct {
	// NodeName and NodeIP name the server in its serving and peer certificates.
	NodeName string
	NodeIP   net.IP
	// ServiceIP is the cluster address of the API service, the first address of the service range.
	ServiceIP net.IP
	// SANs are further names and addresses of the API server.
	SANs []string
}

// Ensure makes what is absent in dir: the authorities and the service account key once, the leaves of this server when they
// are absent, near their end, signed by another authority or do not carry the names asked for. A directory that holds only
// the authorities of another server gives this server its own leaves, which is how a further server joins.
func Ensure(dir string, opts Options) error {
	if err := os.MkdirAll(filepath.Join(dir, "etcd"), 0o700); err != nil {
		return fmt.Errorf("making %s: %w", dir, err)
	}
	authorities := map[string]*pair{}
	for _, name := range authorityNames {
		authority, err := ensureAuthority(dir, name)
		if err != nil {
			return err
		}
		authorities[name] = authority
	}
	for _, key := range []string{"service.key", "service.current.key"} {
		if err := ensureServiceKey(dir, key); err != nil {
			return err
		}
	}
	for _, l := range leaves(opts) {
		if err := ensureLeaf(dir, l, authorities[l.authority]); err != nil {
			return err
		}
	}
	return nil
}

// pair is a certificate with its key.
type pair struct {
	certificate *x509.Certificate
	key         *ecdsa.PrivateKey
	pem         []byte
}

func ensureAuthority(dir, name string) (*pair, error) {
	have, err := load(dir, name)
	if err == nil {
		return have, nil
	}
	if !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("making the key of %s: %w", name, err)
	}
	now := time.Now()
	template := &x509.Certificate{
		SerialNumber:          serial(),
		Subject:               pkix.Name{CommonName: fmt.Sprintf("rke2-%s@%d", filepath.Base(name), now.Unix())},
		NotBefore:             now.Add(-time.Minute),
		NotAfter:              now.Add(caLifetime),
		KeyUsage:              x509.KeyUsageDigitalSignature | x509.KeyUsageKeyEncipherment | x509.KeyUsageCertSign,
		BasicConstraintsValid: true,
		IsCA:                  true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return nil, fmt.Errorf("making %s: %w", name, err)
	}
	if err := save(dir, name, key, certificatePEM(der)); err != nil {
		return nil, err
	}
	return load(dir, name)
}

// ensureServiceKey makes the key that signs service account tokens. service.current.key signs, service.key holds every key
// that verifies; as long as nobody rotates them they are the same key.
func ensureServiceKey(dir, name string) error {
	path := filepath.Join(dir, name)
	if _, err := os.Stat(path); err == nil {
		return nil
	}
	if name == "service.current.key" {
		content, err := os.ReadFile(filepath.Join(dir, "service.key"))
		if err != nil {
			return fmt.Errorf("reading the service account key: %w", err)
		}
		return write(path, content, 0o600)
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return fmt.Errorf("making the service account key: %w", err)
	}
	content, err := keyPEM(key)
	if err != nil {
		return err
	}
	return write(path, content, 0o600)
}

func load(dir, name string) (*pair, error) {
	chain, err := os.ReadFile(filepath.Join(dir, name+".crt"))
	if err != nil {
		return nil, fmt.Errorf("reading %s: %w", name, err)
	}
	block, _ := pem.Decode(chain)
	if block == nil {
		return nil, fmt.Errorf("reading %s.crt: no PEM block", name)
	}
	certificate, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		return nil, fmt.Errorf("reading %s.crt: %w", name, err)
	}
	content, err := os.ReadFile(filepath.Join(dir, name+".key"))
	if err != nil {
		return nil, fmt.Errorf("reading %s: %w", name, err)
	}
	keyBlock, _ := pem.Decode(content)
	if keyBlock == nil {
		return nil, fmt.Errorf("reading %s.key: no PEM block", name)
	}
	key, err := x509.ParseECPrivateKey(keyBlock.Bytes)
	if err != nil {
		return nil, fmt.Errorf("reading %s.key: %w", name, err)
	}
	return &pair{certificate: certificate, key: key, pem: chain}, nil
}

func save(dir, name string, key *ecdsa.PrivateKey, chain []byte) error {
	content, err := keyPEM(key)
	if err != nil {
		return err
	}
	if err := write(filepath.Join(dir, name+".key"), content, 0o600); err != nil {
		return err
	}
	return write(filepath.Join(dir, name+".crt"), chain, 0o644)
}

// write replaces path in one step, so that a server killed half-way never leaves half a key.
func write(path string, content []byte, mode fs.FileMode) error {
	temporary := path + ".new"
	if err := os.WriteFile(temporary, content, mode); err != nil {
		return fmt.Errorf("writing %s: %w", path, err)
	}
	if err := os.Rename(temporary, path); err != nil {
		return fmt.Errorf("writing %s: %w", path, err)
	}
	return nil
}

func certificatePEM(der []byte) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
}

func keyPEM(key *ecdsa.PrivateKey) ([]byte, error) {
	der, err := x509.MarshalECPrivateKey(key)
	if err != nil {
		return nil, fmt.Errorf("encoding a key: %w", err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: der}), nil
}

func serial() *big.Int {
	n, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 120))
	if err != nil {
		panic(err) // crypto/rand does not fail on Linux
	}
	return n
}
