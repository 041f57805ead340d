package webhook

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"os"
	"strings"
	"sync"
	"time"
)

const servingLifetime = 30 * 24 * time.Hour

// Issuer makes the serving certificates of webhooks. Its authority is the cluster's own, which every server of a cluster has, so that the
// bundle that one server puts into a configuration verifies the webhooks of all.
type Issuer struct {
	authority tls.Certificate
	parsed    *x509.Certificate
	bundle    []byte

	mu     sync.Mutex
	leaves map[string]*tls.Certificate
}

// NewIssuer reads the authority.
func NewIssuer(certificateFile, keyFile string) (*Issuer, error) {
	authority, err := tls.LoadX509KeyPair(certificateFile, keyFile)
	if err != nil {
		return nil, fmt.Errorf("reading the webhooks' authority: %w", err)
	}
	parsed, err := x509.ParseCertificate(authority.Certificate[0])
	if err != nil {
		return nil, fmt.Errorf("reading the webhooks' authority: %w", err)
	}
	bundle, err := os.ReadFile(certificateFile)
	if err != nil {
		return nil, fmt.Errorf("reading the webhooks' authority: %w", err)
	}
	return &Issuer{authority: authority, parsed: parsed, bundle: bundle, leaves: map[string]*tls.Certificate{}}, nil
}

// Bundle is what goes into a caBundle.
func (i *Issuer) Bundle() []byte { return bytes.Clone(i.bundle) }

// Own tells whether a caBundle is one that an issuer of this lab put in, perhaps before the authority was rotated.
func (i *Issuer) Own(caBundle []byte) bool {
	block, _ := pem.Decode(caBundle)
	if block == nil {
		return false
	}
	certificate, err := x509.ParseCertificate(block.Bytes)
	return err == nil && prefix(certificate.Subject.CommonName) == prefix(i.parsed.Subject.CommonName)
}

// prefix is the part of an authority's name before the time at which it was made.
func prefix(name string) string {
	before, _, _ := strings.Cut(name, "@")
	return before
}

// For returns the certificate for a host name.
func (i *Issuer) For(host string) (*tls.Certificate, error) {
	i.mu.Lock()
	defer i.mu.Unlock()
	if leaf := i.leaves[host]; leaf != nil {
		return leaf, nil
	}
	leaf, err := i.leaf([]string{host})
	if err != nil {
		return nil, err
	}
	i.leaves[host] = leaf
	return leaf, nil
}

// leaf makes a certificate; the first host is its common name as well.
func (i *Issuer) leaf(hosts []string) (*tls.Certificate, error) {
	if len(hosts) == 0 {
		return nil, errors.New("making a certificate: no host name")
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("making a key for %v: %w", hosts, err)
	}
	number, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 120))
	if err != nil {
		return nil, fmt.Errorf("making a certificate for %v: %w", hosts, err)
	}
	now := time.Now()
	template := &x509.Certificate{
		SerialNumber: number, Subject: pkix.Name{CommonName: hosts[0]}, DNSNames: hosts,
		NotBefore: now.Add(-time.Minute), NotAfter: now.Add(servingLifetime),
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, i.parsed, key.Public(), i.authority.PrivateKey)
	if err != nil {
		return nil, fmt.Errorf("making a certificate for %v: %w", hosts, err)
	}
	return &tls.Certificate{Certificate: [][]byte{der, i.parsed.Raw}, PrivateKey: key}, nil
}
