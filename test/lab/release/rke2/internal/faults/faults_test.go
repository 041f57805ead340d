package faults_test

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/dxlab/terraform-provider-lab/test/lab/release/rke2/internal/faults"
)

func TestLoad(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "faults.yaml")
	if err := os.WriteFile(file, []byte("crash-before-ready: 2\nready-delay: 3s\nignore-sigterm: true\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	env := map[string]string{"LAB_FAULT_CRASH_BEFORE_READY": "5", "LAB_FAULT_NEVER_READY": "true"}
	got, err := faults.Load(file, func(name string) string { return env[name] })
	want := faults.Faults{CrashBeforeReady: 5, NeverReady: true, ReadyDelay: 3 * time.Second, IgnoreSIGTERM: true}
	if err != nil || got != want {
		t.Errorf("got %+v, %v", got, err)
	}
}

func TestLoad_NoFileNoFaults(t *testing.T) {
	t.Parallel()
	got, err := faults.Load(filepath.Join(t.TempDir(), "none"), func(string) string { return "" })
	if err != nil || got != (faults.Faults{}) {
		t.Errorf("got %+v, %v", got, err)
	}
}

func TestLoad_Refuses(t *testing.T) {
	t.Parallel()
	for _, content := range []string{"explode: true\n", "never-ready: perhaps\n", "ready-delay: 3\n", "[]"} {
		file := filepath.Join(t.TempDir(), "faults.yaml")
		if err := os.WriteFile(file, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := faults.Load(file, func(string) string { return "" }); err == nil {
			t.Errorf("%q: no error", content)
		}
	}
}

func TestFaults_CrashCounts(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	f := faults.Faults{CrashBeforeReady: 2}
	for i, wantError := range []bool{true, true, false, false} {
		if err := f.Crash(dir); (err != nil) != wantError {
			t.Errorf("start %d: %v", i+1, err)
		}
	}
	always := faults.Faults{CrashBeforeReady: -1}
	if always.Crash(dir) == nil || (faults.Faults{}).Crash(dir) != nil {
		t.Error("always and never")
	}
}
