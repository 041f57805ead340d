package rke2_test

import (
	"strings"
	"testing"

	"github.com/dxlab/terraform-provider-lab/internal/fault"
	"github.com/dxlab/terraform-provider-lab/internal/rke2"
)

func TestKubeconfigAt_ReplacesTheServer(t *testing.T) {
	t.Parallel()
	in := "apiVersion: v1\nkind: Config\nclusters:\n- name: default\n  cluster:\n    server: https://127.0.0.1:6443\n    certificate-authority-data: QQ==\n"
	for address, want := range map[string]string{"10.0.0.1": "https://10.0.0.1:6443", "fd00::1": "https://[fd00::1]:6443"} {
		out, err := rke2.KubeconfigAt([]byte(in), address)
		if err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(string(out), want) || strings.Contains(string(out), "127.0.0.1") || !strings.Contains(string(out), "QQ==") {
			t.Errorf("unexpected kubeconfig for %s:\n%s", address, out)
		}
	}
}

func TestKubeconfigAt_NeverQuotesWhatItCannotRead(t *testing.T) {
	t.Parallel()
	_, err := rke2.KubeconfigAt([]byte("secret: [unclosed"), "10.0.0.1")
	if !fault.Is(err, fault.Invalid) || strings.Contains(err.Error(), "unclosed") {
		t.Errorf("unexpected error: %v", err)
	}
}
