package samples_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/dxlab/terraform-provider-lab/internal/component/componenttest"
	"github.com/dxlab/terraform-provider-lab/internal/object"
	"github.com/dxlab/terraform-provider-lab/internal/samples"
)

// nginxes are written out in full, as they read back.
func nginxes() map[string]samples.Nginx {
	return map[string]samples.Nginx{
		"nginx-of-the-tutorial": {
			Name: "nginx", Namespace: "default", Image: samples.NginxImage, Replicas: 1,
			Ingress: &samples.Ingress{Name: "ingress-nginx-svc", Host: "nginx.dxlab.wistron.com"},
		},
		"nginx-elsewhere": {
			Name: "web", Namespace: "shop", Image: "registry.lab/nginx:1.28.0", Replicas: 3, Labels: map[string]string{"team": "shop"},
			Ingress: &samples.Ingress{Name: "web", ClassName: "traefik", Annotations: map[string]string{"a": "b"}},
		},
	}
}

func TestNginx_Golden(t *testing.T) {
	t.Parallel()
	all := nginxes()
	all["nginx-default"] = samples.Nginx{}
	for name, nginx := range all {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c, err := nginx.Component()
			if err != nil {
				t.Fatal(err)
			}
			componenttest.Golden(t, name, c)
		})
	}
}

func TestNginx_RoundTrip(t *testing.T) {
	t.Parallel()
	for name, nginx := range nginxes() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c, err := nginx.Component()
			if err != nil {
				t.Fatal(err)
			}
			back, err := samples.ReadNginx(c.Objects...)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(nginx, back); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestReadNginx_LooksPastAnInjectedProxy(t *testing.T) {
	t.Parallel()
	c, err := samples.Nginx{}.Component()
	if err != nil {
		t.Fatal(err)
	}
	deployment := c.Objects[0]
	path := []string{"spec", "template", "spec", "containers"}
	proxy := map[string]any{"name": "istio-proxy", "image": "proxyv2"}
	object.Set(deployment, append([]any{proxy}, object.List(deployment, path...)...), path...)
	back, err := samples.ReadNginx(deployment)
	if err != nil {
		t.Fatal(err)
	}
	if back.Image != samples.NginxImage {
		t.Errorf("read image %s", back.Image)
	}
}

func TestReadNginx_NeedsTheDeployment(t *testing.T) {
	t.Parallel()
	if _, err := samples.ReadNginx(object.New(object.Ref{Kind: "Service", Name: "nginx"})); err == nil {
		t.Error("a service was read as a sample")
	}
}

func TestNginx_Host(t *testing.T) {
	t.Parallel()
	for want, nginx := range map[string]samples.Nginx{
		"nginx.default.svc.cluster.local": {},
		"web.shop.svc.cluster.local":      {Name: "web", Namespace: "shop"},
	} {
		if got := nginx.Host(); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
}

func TestNginx_LeavesTheCallersIngressAlone(t *testing.T) {
	t.Parallel()
	ingress := &samples.Ingress{Host: "nginx.lab"}
	if _, err := (samples.Nginx{Ingress: ingress}).Component(); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(&samples.Ingress{Host: "nginx.lab"}, ingress); diff != "" {
		t.Error(diff)
	}
}
