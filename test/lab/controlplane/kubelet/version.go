package kubelet

import (
	"fmt"
	"sync/atomic"
	_ "unsafe" // for go:linkname

	"k8s.io/apimachinery/pkg/util/version"
)

// reported is the version that the kubelet writes into the status of its node (kubernetes:pkg/kubelet/nodestatus/setters.go VersionInfo).
// component-base has SetDynamicVersion for it, which takes no other number than the one that was built; a release of the lab has its own,
// whatever Kubernetes runs in it.
//
//go:linkname reported k8s.io/component-base/version.dynamicGitVersion
var reported atomic.Value

// report makes the kubelet of this process call itself name, a version like v1.36.3+rke2r1.
func report(name string) error {
	if _, err := version.ParseSemantic(name); err != nil {
		return fmt.Errorf("reading --node-version: %w", err)
	}
	reported.Store(name)
	return nil
}
