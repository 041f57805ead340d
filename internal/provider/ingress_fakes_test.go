package provider_test

import (
	"strings"
	"testing"

	"sigs.k8s.io/yaml"

	"github.com/dxlab/terraform-provider-lab/internal/object"
)

// bundledTraefik is what a cluster shows of RKE2's Traefik.
const bundledTraefik = `
apiVersion: networking.k8s.io/v1
kind: IngressClass
metadata: {name: traefik, annotations: {ingressclass.kubernetes.io/is-default-class: "true"}}
spec: {controller: traefik.io/ingress-controller}
---
apiVersion: apps/v1
kind: DaemonSet
metadata: {name: rke2-traefik, namespace: kube-system, annotations: {meta.helm.sh/release-name: rke2-traefik, meta.helm.sh/release-namespace: kube-system}}
spec:
  template:
    metadata: {labels: {app: rke2-traefik}}
    spec:
      containers:
      - image: rancher/hardened-traefik:v3.7.0
        args: ["--providers.kubernetesingress.ingressClass=traefik"]
        ports: [{containerPort: 8000, hostPort: 80}]
---
apiVersion: v1
kind: Pod
metadata: {name: rke2-traefik-x, namespace: kube-system, labels: {app: rke2-traefik}}
status: {phase: Running, hostIP: 10.0.0.1}
---
apiVersion: helm.cattle.io/v1
kind: HelmChart
metadata: {name: rke2-traefik, namespace: kube-system}
`

// has puts objects on a fake cluster.
func (e *fakeEngine) has(t *testing.T, text string) {
	t.Helper()
	for _, doc := range strings.Split(text, "\n---\n") {
		var o object.Object
		if err := yaml.Unmarshal([]byte(doc), &o); err != nil {
			t.Fatal(err)
		}
		e.set(func(e *fakeEngine) { e.live[object.RefOf(o)] = o })
	}
}
