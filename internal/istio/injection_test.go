package istio_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/dxlab/terraform-provider-lab/internal/component/componenttest"
	"github.com/dxlab/terraform-provider-lab/internal/fault"
	"github.com/dxlab/terraform-provider-lab/internal/istio"
	"github.com/dxlab/terraform-provider-lab/internal/object"
)

func TestInjection_Golden(t *testing.T) {
	t.Parallel()
	for name, injection := range map[string]istio.Injection{
		"injection-sidecar":         {Namespace: "shop", Mode: istio.Sidecar},
		"injection-of-a-revision":   {Namespace: "shop", Mode: istio.Sidecar, Revision: "canary", Restart: true},
		"injection-ambient":         {Namespace: "shop", Mode: istio.Ambient, Create: true, MeshNamespace: "mesh"},
		"injection-disabled":        {Namespace: "shop", Mode: istio.Disabled},
		"injection-of-another-mesh": {Namespace: "shop", Mode: istio.Sidecar, MeshNamespace: "mesh"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c, err := injection.Component()
			if err != nil {
				t.Fatal(err)
			}
			componenttest.Golden(t, name, c)
			read, err := istio.ReadInjection(labelled(c.Labels[0].Labels))
			want := istio.Injection{Namespace: "shop", Mode: injection.Mode, Revision: injection.Revision}
			if diff := cmp.Diff(want, read); err != nil || diff != "" {
				t.Errorf("%v\n%s", err, diff)
			}
		})
	}
}

func labelled(labels map[string]string) object.Object {
	o := object.New(istio.Injection{Namespace: "shop"}.Ref())
	for name, value := range labels {
		object.Set(o, value, "metadata", "labels", name)
	}
	return o
}

func TestInjection_RefusesWhatMakesNoSense(t *testing.T) {
	t.Parallel()
	for name, injection := range map[string]istio.Injection{
		"no mode":             {Namespace: "shop"},
		"revision of ambient": {Namespace: "shop", Mode: istio.Ambient, Revision: "canary"},
		"revision of nothing": {Namespace: "shop", Mode: istio.Disabled, Revision: "canary"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if _, err := injection.Component(); !fault.Is(err, fault.Invalid) {
				t.Errorf("got %v", err)
			}
		})
	}
	if _, err := istio.ReadInjection(labelled(map[string]string{"team": "a"})); !fault.Is(err, fault.NotFound) {
		t.Errorf("got %v", err)
	}
}

// pod is written as key=value words: the containers and init containers with their images, labels and annotations.
func pod(words ...string) object.Object {
	o := object.New(object.Ref{APIVersion: "v1", Kind: "Pod", Namespace: "shop", Name: "web"})
	for _, word := range words {
		kind, rest, _ := strings.Cut(word, " ")
		name, value, _ := strings.Cut(rest, "=")
		switch kind {
		case "container", "init":
			list := map[string]string{"container": "containers", "init": "initContainers"}[kind]
			object.Set(o, append(object.List(o, "spec", list), map[string]any{"name": name, "image": value}), "spec", list)
		case "label":
			object.Set(o, value, "metadata", "labels", name)
		case "annotation":
			object.Set(o, value, "metadata", "annotations", name)
		case "host":
			object.Set(o, true, "spec", "hostNetwork")
		case "phase":
			object.Set(o, name, "status", "phase")
		}
	}
	return o
}

func TestInjection_KnowsStalePods(t *testing.T) {
	t.Parallel()
	const proxy = "istio-proxy=registry.istio.io/release/proxyv2:1.30.3"
	const injected = `annotation sidecar.istio.io/status={"revision":"default"}`
	sidecar := istio.Injection{Namespace: "shop", Mode: istio.Sidecar}
	pinned, canary, ambient := sidecar, sidecar, istio.Injection{Mode: istio.Ambient}
	pinned.ProxyVersion, canary.Revision = "v1.30.3", "canary"
	for name, c := range map[string]struct {
		injection istio.Injection
		pod       object.Object
		want      string
	}{
		"without a sidecar":           {sidecar, pod("container web=nginx"), "has no sidecar"},
		"with a sidecar":              {sidecar, pod("container web=nginx", "container "+proxy, injected), ""},
		"with a native sidecar":       {sidecar, pod("container web=nginx", "init "+proxy, injected), ""},
		"on the host's network":       {sidecar, pod("container web=nginx", "host"), ""},
		"that wants none":             {sidecar, pod("container web=nginx", "label sidecar.istio.io/inject=false"), ""},
		"that wants none, as of old":  {sidecar, pod("container web=nginx", "annotation sidecar.istio.io/inject=false"), ""},
		"that is done":                {sidecar, pod("container web=nginx", "phase Succeeded"), ""},
		"of another revision":         {canary, pod("init "+proxy, injected), "has a sidecar of revision default"},
		"of a revision untold":        {canary, pod("init " + proxy), ""},
		"of the wanted version":       {pinned, pod("init "+proxy, injected), ""},
		"of a variant of it":          {pinned, pod("init "+proxy+"-distroless", injected), ""},
		"of another version":          {pinned, pod("init istio-proxy=docker.io/istio/proxyv2:1.17.1", injected), "has a sidecar of version 1.17.1"},
		"of a registry with a port":   {pinned, pod("init istio-proxy=mirror:5000/istio/proxyv2:1.17.1@sha256:0", injected), "has a sidecar of version 1.17.1"},
		"ambient with a sidecar":      {ambient, pod("init "+proxy, injected), "has a sidecar"},
		"ambient without":             {ambient, pod("container web=nginx"), ""},
		"ambient with a gateway":      {ambient, pod("container "+proxy, injected, "annotation inject.istio.io/templates=gateway"), ""},
		"ambient, by the pod's label": {ambient, pod("init "+proxy, injected, "label sidecar.istio.io/inject=true"), ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := c.injection.Stale(c.pod); got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}
