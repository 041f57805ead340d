package supervisor

import (
	"crypto/x509"
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"

	"github.com/dxlab/terraform-provider-lab/test/lab/release/rke2/internal/pki"
)

// The headers by which a node names itself and proves that it is the one that took the name.
const (
	HeaderNodeName     = "rke2-Node-Name"
	HeaderNodePassword = "rke2-Node-Password"
	HeaderNodeIP       = "rke2-Node-IP"
)

func file(path string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		content, err := os.ReadFile(path)
		if err != nil {
			refuse(w, http.StatusInternalServerError, err.Error())
			return
		}
		plain(w, string(content))
	}
}

// nodeCert signs the certificate request of a node whose password matches the one that the cluster keeps for its name.
func (o Options) nodeCert(request func(name, ips string) pki.Request) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		name := strings.ToLower(r.Header.Get(HeaderNodeName))
		if name == "" {
			refuse(w, http.StatusBadRequest, "node name not set")
			return
		}
		if err := o.Nodes.Verify(r.Context(), name, r.Header.Get(HeaderNodePassword)); err != nil {
			code := http.StatusServiceUnavailable
			if errors.Is(err, ErrPassword) {
				code = http.StatusForbidden
			}
			refuse(w, code, "unable to verify password for node "+name+": "+err.Error())
			return
		}
		body, err := io.ReadAll(io.LimitReader(r.Body, 1<<20))
		if err != nil {
			refuse(w, http.StatusBadRequest, err.Error())
			return
		}
		csr, err := x509.ParseCertificateRequest(body)
		if err != nil {
			refuse(w, http.StatusBadRequest, err.Error())
			return
		}
		o.sign(w, request(name, r.Header.Get(HeaderNodeIP)), csr)
	}
}

func kubeletClient(name, _ string) pki.Request {
	return pki.Request{CommonName: "system:node:" + name, Organization: []string{"system:nodes"}, Usage: x509.ExtKeyUsageClientAuth}
}

func kubeletServing(name, ips string) pki.Request {
	req := pki.Request{
		CommonName: name, DNSNames: []string{name, "localhost"}, IPs: []net.IP{net.IPv4(127, 0, 0, 1)}, Usage: x509.ExtKeyUsageServerAuth,
	}
	for text := range strings.SplitSeq(ips, ",") {
		if ip := net.ParseIP(text); ip != nil {
			req.IPs = append(req.IPs, ip)
		}
	}
	return req
}

// proxyClient is the same on all nodes (k3s-io/k3s pkg/daemons/control/deps/deps.go: user system:kube-proxy).
func proxyClient(string, string) pki.Request {
	return pki.Request{CommonName: "system:kube-proxy", Usage: x509.ExtKeyUsageClientAuth}
}

func (o Options) sign(w http.ResponseWriter, req pki.Request, csr *x509.CertificateRequest) {
	authority := "server-ca"
	if req.Usage == x509.ExtKeyUsageClientAuth {
		authority = "client-ca"
	}
	ca, err := pki.Load(filepath.Join(o.TLSDir, authority))
	if err == nil {
		var cert []byte
		if cert, err = ca.Sign(req, csr.PublicKey); err == nil {
			plain(w, string(cert))
			return
		}
	}
	refuse(w, http.StatusInternalServerError, err.Error())
}

// bootstrap hands a joining server the files that all servers share.
func (o Options) bootstrap(w http.ResponseWriter, _ *http.Request) {
	files := map[string][]byte{}
	for _, name := range pki.SharedFiles {
		content, err := os.ReadFile(filepath.Join(o.TLSDir, filepath.FromSlash(name)))
		if err != nil {
			refuse(w, http.StatusServiceUnavailable, err.Error())
			return
		}
		files[name] = content
	}
	answer(w, files)
}
