package hosts

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
)

// defaultDiskMiB is room enough for a cluster: RKE2 wants several GiB.
const defaultDiskMiB = 16384

// mountDisk puts a layer in memory over the image: fast, limited in size, and gone with the mount.
func (h *Host) mountDisk() error {
	layer := h.layer()
	for _, dir := range []string{layer, h.Root()} {
		if err := os.MkdirAll(dir, 0o755); err != nil {
			return fmt.Errorf("making a folder for the disk: %w", err)
		}
	}
	size := h.options.DiskMiB
	if size == 0 {
		size = defaultDiskMiB
	}
	if err := syscall.Mount("disk", layer, "tmpfs", 0, fmt.Sprintf("size=%dm,mode=755", size)); err != nil {
		return fmt.Errorf("making the disk: %w", err)
	}
	upper, work := filepath.Join(layer, "upper"), filepath.Join(layer, "work")
	for _, dir := range []string{upper, work, h.containerDir()} {
		if err := os.Mkdir(dir, 0o755); err != nil {
			return fmt.Errorf("making a folder on the disk: %w", err)
		}
	}
	image, ok := h.rack.images[h.options.Suite]
	if !ok {
		return fmt.Errorf("there is no image of %s: name it in %s", h.options.Suite, suitesVariable)
	}
	if h.options.Containers {
		over, err := h.containerLayer()
		if err != nil {
			return err
		}
		image = over + ":" + image
	}
	data := "lowerdir=" + image + ",upperdir=" + upper + ",workdir=" + work
	if err := syscall.Mount("overlay", h.Root(), "overlay", 0, data); err != nil {
		return fmt.Errorf("mounting the disk over the image: %w", err)
	}
	return nil
}

func (h *Host) unmountDisk() error {
	var errs []error
	for _, path := range []string{h.Root(), h.layer()} {
		// EINVAL: not mounted
		err := syscall.Unmount(path, syscall.MNT_DETACH)
		if err != nil && !errors.Is(err, syscall.EINVAL) && !errors.Is(err, syscall.ENOENT) {
			errs = append(errs, fmt.Errorf("unmounting %s: %w", path, err))
		}
	}
	return errors.Join(errs...)
}

func (h *Host) layer() string { return filepath.Join(h.dir, "disk") }

// FillDisk leaves only free bytes (rounded up to whole pages) on the host's disk, as if the rest were full.
func (h *Host) FillDisk(free int64) error {
	var stat syscall.Statfs_t
	if err := syscall.Statfs(h.layer(), &stat); err != nil {
		return fmt.Errorf("looking at the disk of %s: %w", h.name, err)
	}
	used := int64(stat.Blocks-stat.Bfree) * stat.Bsize
	return h.resize(used + max(free, stat.Bsize))
}

// FreeDisk gives the disk its size back.
func (h *Host) FreeDisk() error {
	size := h.options.DiskMiB
	if size == 0 {
		size = defaultDiskMiB
	}
	return h.resize(int64(size) << 20)
}

func (h *Host) resize(bytes int64) error {
	if err := syscall.Mount("", h.layer(), "", syscall.MS_REMOUNT, fmt.Sprintf("size=%d", bytes)); err != nil {
		return fmt.Errorf("resizing the disk of %s: %w", h.name, err)
	}
	return nil
}
