package host_test

import (
	"os"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/dxlab/terraform-provider-lab/internal/host/hosttest"
)

func TestFacts(t *testing.T) {
	t.Parallel()
	s := hosttest.NewServer(t, hosttest.ServerOptions{Noise: "hello\n"})
	pool := newPool(t, s.Options())
	f, err := pool.Host(s.Target()).Facts(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if trips := pool.Stats().Commands; trips != 1 {
		t.Errorf("%d round trips", trips)
	}
	name, err := os.Hostname()
	if err != nil {
		t.Fatal(err)
	}
	boot, err := os.ReadFile("/proc/sys/kernel/random/boot_id")
	if err != nil {
		t.Fatal(err)
	}
	if f.Hostname != name || f.BootID != strings.TrimSpace(string(boot)) || f.Arch != runtime.GOARCH || f.CPUs < 1 || f.User != "tester" {
		t.Errorf("facts: %+v", f)
	}
	if f.OS == "" || f.Kernel == "" || f.Address == "" || f.Memory < 1<<20 || f.MemoryAvailable <= 0 || f.Cgroup == 0 {
		t.Errorf("something is missing: %+v", f)
	}
	for _, dir := range []string{"/var/lib", "/usr/local", "/tmp"} {
		if f.DiskFree[dir] <= 0 {
			t.Errorf("no space known in %s", dir)
		}
	}
	if age := time.Since(f.Time); age < -2*time.Second || age > time.Minute {
		t.Errorf("clock is %s off", age)
	}
}

// A host of another kind: facts that it does not have are empty, and nothing fails.
func TestFacts_OfAPoorHost(t *testing.T) {
	t.Parallel()
	bin := map[string]string{}
	for _, name := range []string{"ip", "systemctl", "getenforce", "df"} {
		bin[name] = "exit 127"
	}
	bin["uname"] = `case $1 in -m) echo riscv64 ;; -n) echo poor ;; esac`
	bin["getconf"] = "echo undefined"
	s := hosttest.NewServer(t, hosttest.ServerOptions{Bin: bin})
	f, err := reach(t, s).Facts(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if f.Hostname != "poor" || f.Arch != "riscv64" || f.CPUs != 0 || f.Interface != "" || len(f.DiskFree) != 0 {
		t.Errorf("facts: %+v", f)
	}
	if f.Address != "127.0.0.1" {
		t.Errorf("address %q is not the one that SSH came in on", f.Address)
	}
}
