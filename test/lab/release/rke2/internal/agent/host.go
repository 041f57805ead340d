package agent

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base32"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"go.yaml.in/yaml/v2"

	"github.com/dxlab/terraform-provider-lab/test/lab/release/rke2/internal/containers"
	"github.com/dxlab/terraform-provider-lab/test/lab/release/rke2/internal/kubeapi"
	"github.com/dxlab/terraform-provider-lab/test/lab/release/rke2/internal/layout"
	"github.com/dxlab/terraform-provider-lab/test/lab/release/rke2/internal/pki"
	"github.com/dxlab/terraform-provider-lab/test/lab/release/rke2/internal/settings"
	"github.com/dxlab/terraform-provider-lab/test/lab/release/rke2/internal/supervisor"
)

const cniDir = "/etc/cni/net.d"

// certificate makes a key, has it signed and stores both below agent/.
func (o Options) certificate(ctx context.Context, client *supervisor.Client, kind string, who supervisor.Node) (cert, keyPEM []byte, err error) {
	key, keyPEM, err := pki.NewKey()
	if err != nil {
		return nil, nil, err
	}
	csr, err := x509.CreateCertificateRequest(rand.Reader, &x509.CertificateRequest{Subject: pkix.Name{CommonName: who.Name}}, key)
	if err != nil {
		return nil, nil, err
	}
	cert, err = client.Certificate(ctx, kind, who, csr)
	if err != nil {
		return nil, nil, err
	}
	if err := writeFile(o.Data.Agent(kind+".key"), keyPEM, 0o600); err != nil {
		return nil, nil, err
	}
	return cert, keyPEM, writeFile(o.Data.Agent(kind+".crt"), cert, 0o600)
}

// kubectl is the one in a node's bin folder: the real program, linked into the control plane's binary.
const kubectl = "#!/bin/sh\nexec " + layout.ControlPlane + " kubectl \"$@\"\n"

// prepareHost leaves on the host what a starting node leaves there: the kubelet's kubeconfig, the registries that containerd would use,
// the network plugin's configuration, and the place of kubectl.
func prepareHost(o Options, node joined) error {
	content, err := kubeapi.Kubeconfig(kubeapi.Options{
		Server: "https://127.0.0.1:6443", CA: node.serverCA, Cert: node.cert, Key: node.key,
	}, "local")
	if err != nil {
		return err
	}
	if err := writeFile(o.Data.Agent("kubelet.kubeconfig"), content, 0o600); err != nil {
		return err
	}
	if err := writeFile(o.Data.Bin("kubectl"), []byte(kubectl), 0o755); err != nil {
		return err
	}
	registries, err := readRegistries(o.Settings.String("private-registry"))
	if err != nil {
		return err
	}
	upstream := ""
	if o.realPods() {
		upstream = containers.Registry()
		if err := writeProxyKubeconfig(o, node); err != nil {
			return err
		}
	}
	if err := writeRegistries(o.Data.Agent("etc", "containerd", "certs.d"), registries, upstream); err != nil {
		return err
	}
	for _, dir := range []string{"/var/lib/kubelet/pods", "/run/k3s/containerd", o.Data.Agent("logs"), o.Data.Agent("images"), o.Data.Agent("pod-manifests")} {
		if err := os.MkdirAll(dir, 0o755); err != nil {
			return err
		}
	}
	if node.cluster.CNI == "none" || o.realPods() {
		return nil
	}
	conflist := fmt.Sprintf(`{"cniVersion":"1.0.0","name":"k8s-pod-network","plugins":[{"type":%q}]}`+"\n", node.cluster.CNI)
	return writeFile(filepath.Join(cniDir, "10-"+node.cluster.CNI+".conflist"), []byte(conflist), 0o644)
}

func cniInstalled() bool {
	found, err := filepath.Glob(filepath.Join(cniDir, "*.conf*"))
	return err == nil && len(found) > 0
}

// registries is the part of registries.yaml that reaches containerd.
type registries struct {
	Mirrors map[string]struct {
		Endpoint []string          `yaml:"endpoint"`
		Rewrite  map[string]string `yaml:"rewrite"`
	} `yaml:"mirrors"`
	Configs map[string]any `yaml:"configs"`
}

func readRegistries(path string) (registries, error) {
	var r registries
	content, err := os.ReadFile(path)
	if os.IsNotExist(err) {
		return r, nil
	}
	if err != nil {
		return r, err
	}
	if err := yaml.UnmarshalStrict(content, &r); err != nil {
		return r, fmt.Errorf("failed to load private registry configuration from %s: %w", path, err)
	}
	return r, nil
}

// everyRegistry is the name of the folder with what holds for registries without a folder of their own.
const everyRegistry = "_default"

// writeRegistries writes one hosts.toml a mirrored registry, in the form that containerd reads. What no mirror has is asked of the registry
// itself, or of upstream when that is set: the registry that stands for the internet.
func writeRegistries(dir string, r registries, upstream string) error {
	if err := os.RemoveAll(dir); err != nil {
		return err
	}
	endpoints := map[string][]string{}
	if upstream != "" {
		endpoints[everyRegistry] = nil
	}
	for host, mirror := range r.Mirrors {
		if host == "*" {
			host = everyRegistry
		}
		endpoints[host] = mirror.Endpoint
	}
	for host, mirrors := range endpoints {
		server := upstream
		if server == "" {
			server = "https://" + strings.Replace(host, everyRegistry, "*", 1)
		}
		var b strings.Builder
		fmt.Fprintf(&b, "server = \"%s/v2\"\ncapabilities = [\"pull\", \"resolve\", \"push\"]\n\n[host]\n", server)
		for _, endpoint := range mirrors {
			fmt.Fprintf(&b, "[host.\"%s/v2\"]\n  capabilities = [\"pull\", \"resolve\"]\n", strings.TrimRight(endpoint, "/"))
		}
		if err := writeFile(filepath.Join(dir, host, "hosts.toml"), []byte(b.String()), 0o600); err != nil {
			return err
		}
	}
	return nil
}

// secretFlags are the flags whose values never show on a Node.
var secretFlags = []string{"token", "t", "agent-token", "etcd-s3-access-key", "etcd-s3-secret-key", "datastore-endpoint"}

// annotations are those by which RKE2 nodes show how they were configured (k3s-io/k3s pkg/nodeconfig/nodeconfig.go).
func annotations(s *settings.Settings, id Identity) map[string]string {
	args := []string{}
	for _, p := range s.Pairs() {
		value := p[1]
		if slices.Contains(secretFlags, p[0]) {
			value = "********"
		}
		args = append(args, "--"+p[0], value)
	}
	encoded, err := json.Marshal(args)
	if err != nil {
		encoded = []byte("[]")
	}
	sum := sha256.Sum256(encoded)
	out := map[string]string{
		"rke2.io/node-args":        string(encoded),
		"rke2.io/node-env":         "{}",
		"rke2.io/node-config-hash": base32.StdEncoding.EncodeToString(sum[:]),
		"rke2.io/hostname":         id.Name,
		"rke2.io/internal-ip":      join(id.IPs),
	}
	if len(id.ExternalIPs) > 0 {
		out["rke2.io/external-ip"] = strings.Join(id.ExternalIPs, ",")
	}
	return out
}
