package containers

import (
	"net"
	"strings"
	"testing"

	"sigs.k8s.io/yaml"

	"github.com/dxlab/terraform-provider-lab/test/lab/release/rke2/internal/kubelet"
)

func TestPodRange(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ name, cluster, address, want string }{
		{"first host", "10.42.0.0/16", "10.88.0.11", "10.42.200.0/24"},
		{"second host", "10.42.0.0/16", "10.88.0.12", "10.42.201.0/24"},
		{"last of its own", "10.42.0.0/16", "10.88.0.65", "10.42.254.0/24"},
		{"an address below the lab's first", "10.42.0.0/16", "10.0.0.3", "10.42.247.0/24"},
		{"a larger cluster", "10.0.0.0/8", "10.88.0.11", "10.0.200.0/24"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			got, err := podRange(test.cluster, net.ParseIP(test.address))
			if err != nil || got.String() != test.want {
				t.Errorf("%v, %v, want %s", got, err, test.want)
			}
		})
	}
	for _, cluster := range []string{"10.42.0.0/20", "fd00::/48", "pods"} {
		if got, err := podRange(cluster, net.ParseIP("10.88.0.11")); err == nil {
			t.Errorf("%s: %s", cluster, got)
		}
	}
}

func TestRender_Kubelet(t *testing.T) {
	t.Parallel()
	content, err := render("kubelet.yaml.tmpl", values{
		Socket: "/s", Agent: "/data/agent", Address: "10.0.0.1", Domain: "example.org",
		Taints: []kubelet.Taint{{Key: "dedicated", Value: "true", Effect: "NoExecute"}, {Key: "empty", Effect: "NoSchedule"}},
	})
	if err != nil {
		t.Fatal(err)
	}
	var got struct {
		ContainerRuntimeEndpoint, TLSCertFile string
		ClusterDNS                            []string
		RegisterWithTaints                    []struct{ Key, Value, Effect string }
	}
	if err := yaml.Unmarshal(content, &got); err != nil {
		t.Fatalf("%v\n%s", err, content)
	}
	if got.ContainerRuntimeEndpoint != "unix:///s" || got.TLSCertFile != "/data/agent/serving-kubelet.crt" || strings.Join(got.ClusterDNS, "") != "10.0.0.1" {
		t.Errorf("%+v", got)
	}
	// values are texts, whatever they look like
	if taints := got.RegisterWithTaints; len(taints) != 2 || taints[0].Value != "true" || taints[1].Value != "" || taints[1].Key != "empty" {
		t.Errorf("taints %+v", taints)
	}
}

func TestRender_FillsEverything(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"containerd.toml.tmpl", "kube-proxy.yaml.tmpl", "network.conflist.tmpl"} {
		content, err := render(name, values{Root: "/root", Name: "h1", Pods: "10.42.200.0/24", ClusterCIDR: "10.42.0.0/16"})
		if err != nil || strings.Contains(string(content), "{{") || strings.Contains(string(content), "<no value>") {
			t.Errorf("%s: %v\n%s", name, err, content)
		}
	}
}
