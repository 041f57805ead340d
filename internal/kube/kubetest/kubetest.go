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

	process *process
}

// Start starts a control plane for one test and ends it with the test; it takes about five seconds and 0.4 GiB. Tests may call it in
// parallel. Without a control plane binary the test is skipped, or fails when CI=true. When the test fails the ends of the components'
// logs are in its output.
func Start(t testing.TB) *Cluster {
	t.Helper()
	path := need(t)
	cluster, err := start(path, t.TempDir())
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

// need returns the binary, or ends the test as the house rules say: a skip on a developer's machine, a failure where everything must run.
func need(t testing.TB) string {
	t.Helper()
	path, err := binary()
	switch {
	case err == nil:
		return path
	case errors.Is(err, errNoBinary) && !inCI():
		t.Skip(err)
	default:
		t.Fatal(err)
	}
	return ""
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
	path := need(t)
	s.once.Do(func() {
		if s.dir, s.err = os.MkdirTemp("", "kubetest-"); s.err == nil { //nolint:usetesting // it outlives the test that makes it
			s.cluster, s.err = start(path, s.dir)
		}
	})
	if s.err != nil {
		t.Fatalf("starting the control plane: %v", s.err)
	}
	return s.cluster
}
