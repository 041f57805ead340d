package webhook

import (
	"crypto/x509"
	"encoding/pem"
	"fmt"
)

// Issue makes a certificate for several host names and returns it, and its key, as PEM.
func (i *Issuer) Issue(hosts []string) (certificate, key []byte, err error) {
	leaf, err := i.leaf(hosts)
	if err != nil {
		return nil, nil, err
	}
	der, err := x509.MarshalPKCS8PrivateKey(leaf.PrivateKey)
	if err != nil {
		return nil, nil, fmt.Errorf("writing a key for %v: %w", hosts, err)
	}
	for _, raw := range leaf.Certificate {
		certificate = append(certificate, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: raw})...)
	}
	return certificate, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}), nil
}
