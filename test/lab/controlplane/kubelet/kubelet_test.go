package kubelet

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"k8s.io/kubernetes/cmd/kubelet/app/options"
)

func TestRun_RefusesWhatItCannotRun(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	names := write(t, dir, "containers", "library/nginx\n")
	cases := map[string]struct {
		args []string
		want string
	}{
		"no configuration":   {[]string{"--containers=" + names, "--kubeconfig=k"}, "--config"},
		"no kubeconfig":      {[]string{"--containers=" + names, "--config=c"}, "--kubeconfig"},
		"no names of images": {[]string{"--config=c", "--kubeconfig=k"}, "--containers"},
		"an argument":        {[]string{"--containers=" + names, "--config=c", "--kubeconfig=k", "now"}, "no arguments"},
		"an unknown flag":    {[]string{"--pods=all"}, "unknown flag"},
		"no version":         {[]string{"--containers=" + names, "--config=c", "--kubeconfig=k", "--node-version=new"}, "--node-version"},
		"a wrong name":       {[]string{"--containers=" + names, "--config=c", "--kubeconfig=k"}, `"library/nginx"`},
	}
	for name, test := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			err := Run(t.Context(), test.args)
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("error %v, want one with %q", err, test.want)
			}
		})
	}
}

//nolint:paralleltest // it sets the feature gates and the logger of the process
func TestServer_ReadsTheConfiguration(t *testing.T) {
	dir := t.TempDir()
	const head = "apiVersion: kubelet.config.k8s.io/v1beta1\nkind: KubeletConfiguration\n"
	cases := map[string]struct{ content, want string }{
		"a good one":      {head + "maxPods: 250\nfailCgroupV1: false\nclusterDNS: [192.0.2.11]\ncontainerRuntimeEndpoint: unix:///run/c.sock\n", ""},
		"a wrong value":   {head + "maxPods: -1\nfailCgroupV1: false\n", "maxPods"},
		"not a kubelet's": {"apiVersion: v1\nkind: ConfigMap\n", "ConfigMap"},
	}
	for name, test := range cases {
		t.Run(name, func(t *testing.T) {
			c := command{flags: options.NewKubeletFlags()}
			c.flags.KubeletConfigFile = write(t, dir, "kubelet.yaml", test.content)
			server, err := c.server(t.Context())
			if test.want != "" {
				if err == nil || !strings.Contains(err.Error(), test.want) {
					t.Errorf("error %v, want one with %q", err, test.want)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if server.MaxPods != 250 || len(server.EvictionHard) == 0 {
				t.Errorf("%d pods, evictions at %v", server.MaxPods, server.EvictionHard)
			}
		})
	}
}

func write(t *testing.T, dir, name, content string) string {
	t.Helper()
	path := filepath.Join(dir, name)
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}
