// Package netnstest knows how to run a test in a network namespace of its own, where it may have any port and change the rules.
package netnstest

import (
	"os"
	"os/exec"
	"syscall"
	"testing"
)

// insideVariable tells a test's second run that it is in the namespace.
const insideVariable = "LAB_TEST_INSIDE"

// Inside tells whether the test runs in a network namespace of its own, in which no interface is up. Outside it runs the test once more
// in one, with env added to the environment, and fails with it; the caller then has nothing left to do. Without root the test is
// skipped, but fails when CI is true.
func Inside(t *testing.T, env ...string) bool {
	t.Helper()
	if os.Getenv(insideVariable) != "" {
		return true
	}
	if os.Getuid() != 0 {
		if os.Getenv("CI") == "true" {
			t.Fatal("network namespaces need root")
		}
		t.Skip("network namespaces need root")
	}
	self := exec.CommandContext(t.Context(), "/proc/self/exe", "-test.run=^"+t.Name()+"$", "-test.v")
	self.Env = append(append(os.Environ(), insideVariable+"=1"), env...)
	self.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNET, Pdeathsig: syscall.SIGKILL}
	if out, err := self.CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
	return false
}
