package pki

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"fmt"
	"net"
	"slices"
	"time"
)

var authorityNames = []string{"server-ca", "client-ca", "request-header-ca", "etcd/server-ca", "etcd/peer-ca"}

// leaf is one certificate of this server.
type leaf struct {
	name      string
	authority string
	subject   pkix.Name
	dns       []string
	ips       []net.IP
	usages    []x509.ExtKeyUsage
}

// leaves lists the certificates of one server, named as in RKE2's server/tls.
func leaves(opts Options) []leaf {
	client := []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}
	both := []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth}
	dns, ips := servingNames(opts)
	etcdDNS := []string{"localhost", opts.NodeName}
	etcdIPs := []net.IP{net.IPv4(127, 0, 0, 1), opts.NodeIP}
	user := func(name, common string, groups ...string) leaf {
		return leaf{name: name, authority: "client-ca", subject: pkix.Name{CommonName: common, Organization: groups}, usages: client}
	}
	return []leaf{
		user("client-admin", "system:admin", "system:masters"),
		user("client-supervisor", "system:rke2-supervisor", "system:masters"),
		user("client-kube-apiserver", "system:apiserver", "system:masters"),
		user("client-controller", "system:kube-controller-manager"),
		user("client-scheduler", "system:kube-scheduler"),
		{name: "client-auth-proxy", authority: "request-header-ca", subject: pkix.Name{CommonName: "system:auth-proxy"}, usages: client},
		{name: "serving-kube-apiserver", authority: "server-ca", subject: pkix.Name{CommonName: "kube-apiserver"}, dns: dns, ips: ips, usages: both[:1]},
		{name: "etcd/client", authority: "etcd/server-ca", subject: pkix.Name{CommonName: "etcd-client"}, usages: client},
		{name: "etcd/server-client", authority: "etcd/server-ca", subject: pkix.Name{CommonName: "etcd-server"}, dns: etcdDNS, ips: etcdIPs, usages: both},
		{name: "etcd/peer-server-client", authority: "etcd/peer-ca", subject: pkix.Name{CommonName: "etcd-peer"}, dns: etcdDNS, ips: etcdIPs, usages: both},
	}
}

func servingNames(opts Options) ([]string, []net.IP) {
	dns := []string{
		"kubernetes", "kubernetes.default", "kubernetes.default.svc", "kubernetes.default.svc.cluster.local", "localhost", opts.NodeName,
	}
	ips := []net.IP{net.IPv4(127, 0, 0, 1), opts.ServiceIP, opts.NodeIP}
	for _, san := range opts.SANs {
		if ip := net.ParseIP(san); ip != nil {
			ips = append(ips, ip)
		} else {
			dns = append(dns, san)
		}
	}
	return dns, ips
}

func ensureLeaf(dir string, l leaf, authority *pair) error {
	if have, err := load(dir, l.name); err == nil && fits(have.certificate, l, authority.certificate) {
		return nil
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return fmt.Errorf("making the key of %s: %w", l.name, err)
	}
	now := time.Now()
	template := &x509.Certificate{
		SerialNumber: serial(),
		Subject:      l.subject,
		NotBefore:    now.Add(-time.Minute),
		NotAfter:     now.Add(leafLifetime),
		KeyUsage:     x509.KeyUsageDigitalSignature | x509.KeyUsageKeyEncipherment,
		ExtKeyUsage:  l.usages,
		DNSNames:     l.dns,
		IPAddresses:  l.ips,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, authority.certificate, key.Public(), authority.key)
	if err != nil {
		return fmt.Errorf("making %s: %w", l.name, err)
	}
	return save(dir, l.name, key, append(certificatePEM(der), authority.pem...))
}

// fits tells whether a leaf on disk still serves: signed by this authority, far from its end, with every name that is wanted.
func fits(have *x509.Certificate, want leaf, authority *x509.Certificate) bool {
	if have.CheckSignatureFrom(authority) != nil || time.Until(have.NotAfter) < renewBefore {
		return false
	}
	for _, name := range want.dns {
		if !slices.Contains(have.DNSNames, name) {
			return false
		}
	}
	for _, ip := range want.ips {
		if !slices.ContainsFunc(have.IPAddresses, ip.Equal) {
			return false
		}
	}
	return true
}
