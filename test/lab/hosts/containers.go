package hosts

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/dxlab/terraform-provider-lab/test/lab/internal/cgroup"
	"github.com/dxlab/terraform-provider-lab/test/lab/internal/image"
)

// ContainerRoot is where a host with Options.Containers can keep containers' file systems. It is part of the host's disk but no overlay:
// a container runtime mounts overlays of its own, and their upper layers cannot be on another one.
const ContainerRoot = "/var/lib/lab-containerd"

// BuildContainers builds what hosts with Options.Containers need besides the image, when it is not in the cache. It is for Main's prepare:
// inside there are no package sources.
func BuildContainers(ctx context.Context) error {
	_, err := image.EnsureContainers(ctx, image.Spec{}, func(line string) { fmt.Fprintln(os.Stderr, "hosts:", line) })
	return err
}

// MissingForContainers says what this machine lacks for hosts with Options.Containers, nil when nothing.
func MissingForContainers() error { return cgroup.MissingForContainers() }

// containerLayer is the folder that is mounted over the image of a host that runs containers.
func (h *Host) containerLayer() (string, error) {
	if err := MissingForContainers(); err != nil {
		return "", err
	}
	if h.options.Init != Systemd {
		return "", errors.New("containers need a host with systemd")
	}
	return image.FindContainers(image.Spec{Suite: h.options.Suite})
}

// containerDir holds the ContainerRoot on the host's disk.
func (h *Host) containerDir() string { return filepath.Join(h.layer(), "containers") }

// containerArguments are those of systemd-nspawn that let containers run: system calls of container runtimes, and a folder that is no overlay.
func (h *Host) containerArguments() []string {
	return []string{
		"--system-call-filter=@keyring", "--system-call-filter=bpf", "--bind=" + h.containerDir() + ":" + ContainerRoot,
	}
}
