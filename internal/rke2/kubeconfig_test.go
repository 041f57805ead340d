package rke2

import (
	"testing"

	"github.com/dxlab/terraform-provider-lab/internal/fault"
	"github.com/dxlab/terraform-provider-lab/internal/host/hosttest"
)

func TestKubeconfig_FindsIt(t *testing.T) {
	t.Parallel()
	h := hosttest.NewFake(t, "10.0.0.1")
	h.SetFile(kubeconfigFile, hosttest.File{Content: []byte("usual")})
	if got, err := Kubeconfig(t.Context(), h); err != nil || string(got) != "usual" {
		t.Errorf("in its usual place: %q, %v", got, err)
	}
	moved := hosttest.NewFake(t, "10.0.0.1")
	moved.SetFile("/root/.kube/config", hosttest.File{Content: []byte("moved")})
	moved.On(hosttest.Named("read RKE2"), withFile(foreignServer(testVersion), configFile, "644", "write-kubeconfig: /root/.kube/config\n").Answer())
	if got, err := Kubeconfig(t.Context(), moved); err != nil || string(got) != "moved" {
		t.Errorf("in another place: %q, %v", got, err)
	}
}

func TestKubeconfig_SaysWhyThereIsNone(t *testing.T) {
	t.Parallel()
	h := hosttest.NewFake(t, "10.0.0.1")
	h.On(hosttest.Named("read RKE2"), bare().Answer(), running(t, agent(), testVersion).Answer())
	_, err := Kubeconfig(t.Context(), h)
	expectFault(t, err, fault.NotFound, "read the kubeconfig on 10.0.0.1: RKE2 is not installed there")
	_, err = Kubeconfig(t.Context(), h)
	expectFault(t, err, fault.NotFound, "read the kubeconfig on 10.0.0.1: found RKE2 "+testVersion+" agent")
	h.Fail("read", kubeconfigFile, fault.Newf(fault.Unreachable, "gone"))
	_, err = Kubeconfig(t.Context(), h)
	expectFault(t, err, fault.Unreachable, "gone")
}

func TestAddress(t *testing.T) {
	t.Parallel()
	h := hosttest.NewFake(t, "10.0.0.1")
	h.On(hosttest.Named("read RKE2"), bare().Answer(), told{}.Say("hostname", "x").Answer())
	if got, err := Address(t.Context(), h); err != nil || got != "10.0.0.7" {
		t.Errorf("got %q, %v", got, err)
	}
	_, err := Address(t.Context(), h)
	expectFault(t, err, fault.NotFound, "find the node's address on 10.0.0.1")
}
