package acceptance_test

import (
	"testing"

	"github.com/dxlab/terraform-provider-lab/internal/kube"
	"github.com/dxlab/terraform-provider-lab/internal/object"
	"github.com/dxlab/terraform-provider-lab/internal/rke2"
	"github.com/dxlab/terraform-provider-lab/test/lab/hosts"
)

// bystander is somebody who works on the cluster beside Terraform.
type bystander struct {
	t      testing.TB
	client *kube.Client
}

// beside reaches the cluster of a server with its administrator's kubeconfig.
func beside(t testing.TB, host *hosts.Host) bystander {
	t.Helper()
	text, err := host.Run(t.Context(), "cat /etc/rancher/rke2/rke2.yaml")
	if err != nil {
		t.Fatal(err)
	}
	config, err := rke2.KubeconfigAt([]byte(text), host.Address().String())
	if err != nil {
		t.Fatal(err)
	}
	client, err := kube.New(kube.Config{Kubeconfig: config})
	if err != nil {
		t.Fatal(err)
	}
	return bystander{t: t, client: client}
}

func ref(apiVersion, kind, namespace, name string) object.Ref {
	return object.Ref{APIVersion: apiVersion, Kind: kind, Namespace: namespace, Name: name}
}

func (b bystander) delete(r object.Ref) {
	b.t.Helper()
	if err := b.client.Delete(b.t.Context(), r, kube.DeleteOptions{}); err != nil {
		b.t.Fatal(err)
	}
}

func (b bystander) patch(r object.Ref, merge string) {
	b.t.Helper()
	if _, err := b.client.Patch(b.t.Context(), r, kube.MergePatch, []byte(merge)); err != nil {
		b.t.Fatal(err)
	}
}

func (b bystander) get(r object.Ref) object.Object {
	b.t.Helper()
	o, err := b.client.Get(b.t.Context(), r)
	if err != nil {
		b.t.Fatal(err)
	}
	return o
}

func (b bystander) apply(o object.Object) {
	b.t.Helper()
	if _, err := b.client.Apply(b.t.Context(), o, kube.ApplyOptions{FieldManager: "bystander"}); err != nil {
		b.t.Fatal(err)
	}
}
