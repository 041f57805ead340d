package pki

import (
	"fmt"
	"os"
	"path/filepath"

	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"
)

// Kubeconfig says which kubeconfig is written.
type Kubeconfig struct {
	// Path is the file, mode 0600.
	Path string
	// Server is the address of the API, https://host:port.
	Server string
	// TLSDir holds the certificates, User is the name of the client certificate in it ("client-admin").
	TLSDir string
	User   string
}

// Write puts the kubeconfig in place with its certificates inside, so that the file can be copied elsewhere.
func (k Kubeconfig) Write() error {
	authority, err := os.ReadFile(filepath.Join(k.TLSDir, "server-ca.crt"))
	if err != nil {
		return fmt.Errorf("writing %s: %w", k.Path, err)
	}
	user, err := load(k.TLSDir, k.User)
	if err != nil {
		return fmt.Errorf("writing %s: %w", k.Path, err)
	}
	key, err := keyPEM(user.key)
	if err != nil {
		return err
	}
	config := clientcmdapi.NewConfig()
	config.Clusters["default"] = &clientcmdapi.Cluster{Server: k.Server, CertificateAuthorityData: authority}
	config.AuthInfos["default"] = &clientcmdapi.AuthInfo{ClientCertificateData: user.pem, ClientKeyData: key}
	config.Contexts["default"] = &clientcmdapi.Context{Cluster: "default", AuthInfo: "default"}
	config.CurrentContext = "default"
	content, err := clientcmd.Write(*config)
	if err != nil {
		return fmt.Errorf("writing %s: %w", k.Path, err)
	}
	if err := os.MkdirAll(filepath.Dir(k.Path), 0o700); err != nil {
		return fmt.Errorf("writing %s: %w", k.Path, err)
	}
	return write(k.Path, content, 0o600)
}
