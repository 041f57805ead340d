package rke2

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "write the golden files")

func TestConfigYAML(t *testing.T) {
	t.Parallel()
	for name, node := range map[string]Node{
		"bare-server": {Role: Server},
		"first-server": {
			Role: Server, Name: "cp1", IP: "10.0.0.1", TLSSAN: []string{"lab.example.org", "10.0.0.100"},
			CNI: []string{"calico"}, IngressController: []string{"traefik"}, SystemDefaultRegistry: "mirror.example:5000",
			Labels: map[string]string{"zone": "a", "disk": "ssd", "empty": ""},
			Taints: []Taint{{Key: "only", Value: "me", Effect: "NoSchedule"}, {Key: "bare", Effect: "NoExecute"}},
			Config: map[string]any{"write-kubeconfig-mode": "0644", "disable": []any{"rke2-metrics-server"}, "etcd-snapshot-retention": 7, "debug": true},
		},
		"second-server":         {Role: Server, Join: &Join{Server: "10.0.0.1"}, CNI: []string{"multus", "calico"}},
		"agent":                 {Role: Agent, Join: &Join{Server: "https://cp1.example.org:9345/"}, Config: map[string]any{"kubelet-arg": []string{"max-pods=200"}}},
		"agent-by-ipv6":         {Role: Agent, Join: &Join{Server: "fd00::1"}, IP: "fd00::2,10.0.0.2"},
		"server-elsewhere":      {Role: Server, DataDir: "/data/rke2"},
		"text-that-looks-typed": {Role: Server, Config: map[string]any{"profile": "1.6", "node-external-dns": "yes", "debug": "on", "kube-apiserver-arg": []any{"a=b: c", "# x"}}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			content, err := node.ConfigYAML()
			if err != nil {
				t.Fatal(err)
			}
			golden(t, "config/"+name+".yaml", content)
		})
	}
}

func TestRegistriesYAML(t *testing.T) {
	t.Parallel()
	content, err := Node{Registries: registries()}.RegistriesYAML()
	if err != nil {
		t.Fatal(err)
	}
	golden(t, "registries/mirror-with-login.yaml", content)
	content, err = Node{}.RegistriesYAML()
	if err != nil || content != nil {
		t.Errorf("without registries: got %q, %v, want no file", content, err)
	}
}

func TestRegistryAuth_IsNeverFormatted(t *testing.T) {
	t.Parallel()
	auth := *registries().Configs["mirror.example.org:5000"].Auth
	for _, format := range []string{"%v", "%+v", "%#v", "%s"} {
		if text := fmt.Sprintf(format, auth); strings.Contains(text, "canary") {
			t.Errorf("%s shows the credentials: %s", format, text)
		}
	}
}

func registries() *Registries {
	return &Registries{
		Mirrors: map[string]Mirror{
			"docker.io": {Endpoints: []string{"https://mirror.example.org:5000"}, Rewrites: map[string]string{"^rancher/(.*)": "mirror/$1"}},
			"*":         {Endpoints: []string{"https://mirror.example.org:5000"}},
		},
		Configs: map[string]RegistryConfig{
			"mirror.example.org:5000": {
				Auth: &RegistryAuth{Username: "canary-user", Password: "canary-password"},
				TLS:  &RegistryTLS{CAFile: "/etc/ssl/mirror.pem", InsecureSkipVerify: true},
			},
		},
	}
}

func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	file := filepath.Join("testdata", name)
	if *update {
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, got, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Errorf("%s differs (-want +got):\n%s", file, diff)
	}
}
