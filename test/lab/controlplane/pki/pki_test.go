package pki

import (
	"crypto/x509"
	"net"
	"os"
	"path/filepath"
	"testing"

	"k8s.io/client-go/tools/clientcmd"
)

func options(name, ip string, sans ...string) Options {
	return Options{NodeName: name, NodeIP: net.ParseIP(ip), ServiceIP: net.ParseIP("10.43.0.1"), SANs: sans}
}

func TestEnsure_MakesAChainForEveryName(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if err := Ensure(dir, options("one", "192.0.2.1", "api.example.test", "192.0.2.9")); err != nil {
		t.Fatal(err)
	}
	authority, err := load(dir, "server-ca")
	if err != nil {
		t.Fatal(err)
	}
	serving, err := load(dir, "serving-kube-apiserver")
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AddCert(authority.certificate)
	for _, name := range []string{"kubernetes.default.svc", "one", "api.example.test", "127.0.0.1", "192.0.2.1", "192.0.2.9", "10.43.0.1"} {
		if _, err := serving.certificate.Verify(x509.VerifyOptions{DNSName: name, Roots: roots}); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	info, err := os.Stat(filepath.Join(dir, "server-ca.key"))
	if err != nil {
		t.Fatal(err)
	}
	if info.Mode().Perm() != 0o600 {
		t.Errorf("server-ca.key has mode %v", info.Mode())
	}
}

func TestEnsure_KeepsWhatServes(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if err := Ensure(dir, options("one", "192.0.2.1")); err != nil {
		t.Fatal(err)
	}
	before := read(t, dir)
	if err := Ensure(dir, options("one", "192.0.2.1")); err != nil {
		t.Fatal(err)
	}
	for name, content := range read(t, dir) {
		if content != before[name] {
			t.Errorf("%s was made anew", name)
		}
	}
}

func TestEnsure_GivesAFurtherServerItsOwnLeaves(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if err := Ensure(dir, options("one", "192.0.2.1")); err != nil {
		t.Fatal(err)
	}
	before := read(t, dir)
	if err := Ensure(dir, options("two", "192.0.2.2")); err != nil {
		t.Fatal(err)
	}
	after := read(t, dir)
	for name, renewed := range map[string]bool{
		"server-ca.crt": false, "etcd/peer-ca.key": false, "service.key": false, "client-admin.crt": false,
		"serving-kube-apiserver.crt": true, "etcd/peer-server-client.crt": true,
	} {
		if (before[name] != after[name]) != renewed {
			t.Errorf("%s: made anew is %v, want %v", name, !renewed, renewed)
		}
	}
}

func TestEnsure_FollowsANewAuthority(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if err := Ensure(dir, options("one", "192.0.2.1")); err != nil {
		t.Fatal(err)
	}
	before := read(t, dir)
	for _, name := range []string{"client-ca.crt", "client-ca.key"} {
		if err := os.Remove(filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	if err := Ensure(dir, options("one", "192.0.2.1")); err != nil {
		t.Fatal(err)
	}
	after := read(t, dir)
	if before["client-admin.crt"] == after["client-admin.crt"] {
		t.Error("a client certificate of the old authority was kept")
	}
	if before["serving-kube-apiserver.crt"] != after["serving-kube-apiserver.crt"] {
		t.Error("a certificate of another authority was made anew")
	}
}

func TestKubeconfig_CarriesItsCertificates(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if err := Ensure(dir, options("one", "192.0.2.1")); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, "cred", "admin.kubeconfig")
	kubeconfig := Kubeconfig{Path: path, Server: "https://127.0.0.1:6443", TLSDir: dir, User: "client-admin"}
	if err := kubeconfig.Write(); err != nil {
		t.Fatal(err)
	}
	config, err := clientcmd.BuildConfigFromFlags("", path)
	if err != nil {
		t.Fatal(err)
	}
	if config.Host != "https://127.0.0.1:6443" || len(config.CAData) == 0 || len(config.CertData) == 0 || len(config.KeyData) == 0 {
		t.Errorf("incomplete kubeconfig for %q", config.Host)
	}
}

func read(t *testing.T, dir string) map[string]string {
	t.Helper()
	contents := map[string]string{}
	for _, pattern := range []string{"*", "etcd/*"} {
		paths, err := filepath.Glob(filepath.Join(dir, pattern))
		if err != nil {
			t.Fatal(err)
		}
		for _, path := range paths {
			if content, err := os.ReadFile(path); err == nil {
				name, _ := filepath.Rel(dir, path)
				contents[name] = string(content)
			}
		}
	}
	return contents
}
