package kubelet

import (
	"testing"

	"k8s.io/component-base/version"
)

//nolint:paralleltest // it changes what the process calls itself
func TestReport_IsWhatTheNodeSays(t *testing.T) {
	before := version.Get().GitVersion
	t.Cleanup(func() { reported.Store(before) })
	if err := report("v1.30.1+rke2r1"); err != nil {
		t.Fatal(err)
	}
	if got := version.Get().String(); got != "v1.30.1+rke2r1" {
		t.Errorf("version %q", got)
	}
	if err := report("latest"); err == nil {
		t.Error("latest is taken for a version")
	}
}
