// Package kubetest knows how a test gets a real Kubernetes control plane on loopback: etcd, API server, controllers, scheduler and one
// simulated node on which pods go Ready at once, from the test lab's single binary.
package kubetest

import (
	"errors"
	"os"
	"strings"
	"sync"
	"testing"
)

// Cluster is a running control plane.
type Cluster struct {
	// Kubeconfig is the administrator's, KubeconfigPath the file that holds it, URL the address of the API.
	Kubeconfig     []byte
	KubeconfigPath string
	URL            string
	// Older says that it is the release that LAB_KUBERNETES asked for: discovery takes a request for each group version, and streams
	// go over SPDY.
	Older bool

	process *process
}

// Start starts a control plane for one test and ends it with the test; it takes about five seconds and 0.4 GiB. Tests may call it in
// parallel. Without a control plane binary the test is skipped, or fails when CI=true. When the test fails the ends of the components'
// logs are in its output. LAB_KUBERNETES=1.24 in the environment makes it a control plane of that release.
func Start(t testing.TB) *Cluster {
	t.Helper()
	from := need(t)
	cluster, err := start(from, t.TempDir())
	if err != nil {
		t.Fatalf("starting a control plane: %v", err)
	}
	t.Cleanup(func() {
		if err := cluster.process.stop(); err != nil {
			t.Errorf("ending the control plane: %v", err)
		}
		if t.Failed() {
			t.Log(cluster.process.report())
		}
	})
	return cluster
}

// need returns the binaries, or ends the test as the house rules say: a skip on a developer's machine, a failure where everything must run.
func need(t testing.TB) binaries {
	t.Helper()
	from, err := find()
	switch {
	case err == nil:
	case (errors.Is(err, errNoBinary) || errors.Is(err, errNoKubernetes)) && !inCI():
		t.Skip(err)
	default:
		t.Fatal(err)
	}
	return from
}

func inCI() bool { return strings.EqualFold(os.Getenv("CI"), "true") }

// Shared is one control plane for all tests of a package. The zero value is ready:
//
//	var controlPlane kubetest.Shared
//
//	func TestMain(m *testing.M) { os.Exit(controlPlane.Main(m)) }
//
// A test takes it with Get and should work in a namespace of its own (Cluster.Namespace).
type Shared struct {
	once    sync.Once
	cluster *Cluster
	dir     string
	err     error
}

// Main runs the tests and ends the control plane if one of them started it. It returns the exit code.
func (s *Shared) Main(m *testing.M) int {
	code := m.Run()
	if s.cluster == nil {
		return code
	}
	err := s.cluster.process.stop()
	if err != nil {
		_, _ = os.Stderr.WriteString("ending the control plane: " + err.Error() + "\n")
		code = max(code, 1)
	}
	if code != 0 {
		_, _ = os.Stderr.WriteString(s.cluster.process.report())
	}
	if err := os.RemoveAll(s.dir); err != nil {
		_, _ = os.Stderr.WriteString("removing the control plane's files: " + err.Error() + "\n")
		code = max(code, 1)
	}
	return code
}

// Get returns the package's control plane, started by the first test that asks. Without a binary it skips or fails as Start does.
func (s *Shared) Get(t testing.TB) *Cluster {
	t.Helper()
	from := need(t)
	s.once.Do(func() {
		if s.dir, s.err = os.MkdirTemp("", "kubetest-"); s.err == nil { //nolint:usetesting // it outlives the test that makes it
			s.cluster, s.err = start(from, s.dir)
		}
	})
	if s.err != nil {
		t.Fatalf("starting the control plane: %v", s.err)
	}
	return s.cluster
}
