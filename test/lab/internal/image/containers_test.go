package image

import (
	"os"
	"path/filepath"
	"testing"
)

// TestWriteContainerFiles looks at what a boot needs: the script that may be run, and the unit through the link that starts it.
func TestWriteContainerFiles(t *testing.T) {
	t.Parallel()
	layer := t.TempDir()
	if err := writeContainerFiles(layer); err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(filepath.Join(layer, "usr/libexec/lab/containers-host"))
	if err != nil || info.Mode().Perm() != 0o755 {
		t.Errorf("script: %v, %v", info, err)
	}
	if _, err := os.Stat(filepath.Join(layer, "usr/lib/systemd/system/sysinit.target.wants/lab-containers.service")); err != nil {
		t.Error(err)
	}
}
