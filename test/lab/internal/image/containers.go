package image

import (
	"bytes"
	"context"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/dxlab/terraform-provider-lab/test/lab/internal/cache"
)

// containerFiles are the files of our own in the layer.
//
//go:embed containers
var containerFiles embed.FS

// containerPackages run containers: Debian's containerd starts them with runc, the plugins connect them to the network.
func containerPackages() []string {
	return []string{"containerd", "runc", "containernetworking-plugins"}
}

// ErrNoContainers says that the layer with a container runtime has not been built.
var ErrNoContainers = errors.New("the container runtime of the hosts has not been built: run lab image --containers, or give hosts.BuildContainers to hosts.Main")

// EnsureContainers returns a folder to be mounted over the image, which adds containerd, runc, network plugins and what a kubelet expects
// of a machine. It is built when it is not in the cache (about ten seconds, and as long as the image when that is missing too).
func EnsureContainers(ctx context.Context, spec Spec, progress func(string)) (string, error) {
	root, err := Ensure(ctx, spec, progress)
	if err != nil {
		return "", err
	}
	key, err := containersKey(spec)
	if err != nil {
		return "", err
	}
	dir, err := cache.Dir(ctx, key, func(ctx context.Context, dir string) error {
		progress("fetching the container runtime for the hosts (once)")
		return buildContainers(ctx, spec, root, dir)
	})
	if err != nil {
		return "", fmt.Errorf("preparing the container runtime of the hosts: %w", err)
	}
	return filepath.Join(dir, layerFolder), nil
}

// FindContainers returns the folder of EnsureContainers when it is in the cache, else ErrNoContainers.
func FindContainers(spec Spec) (string, error) {
	root, err := cache.Root()
	if err != nil {
		return "", err
	}
	key, err := containersKey(spec)
	if err != nil {
		return "", err
	}
	layer := filepath.Join(root, key, layerFolder)
	if _, err := os.Stat(layer); err != nil {
		return "", ErrNoContainers
	}
	return layer, nil
}

const layerFolder = "layer"

// containersKey covers the image below, the packages and our own files.
func containersKey(spec Spec) (string, error) {
	base, err := imageKey(spec)
	if err != nil {
		return "", err
	}
	sum := sha256.New()
	_, _ = fmt.Fprintln(sum, base, containerPackages())
	err = fs.WalkDir(containerFiles, ".", func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		text, err := containerFiles.ReadFile(path)
		_, _ = fmt.Fprintf(sum, "%s %d\n%s", path, len(text), text)
		return err
	})
	if err != nil {
		return "", fmt.Errorf("reading the files of the container runtime: %w", err)
	}
	return "containers-" + strings.TrimPrefix(base, "image-") + "-" + hex.EncodeToString(sum.Sum(nil)[:6]), nil
}

func buildContainers(ctx context.Context, spec Spec, root, dir string) error {
	from, err := machineSources(spec.Suite)
	if err != nil {
		return err
	}
	apt := filepath.Join(dir, "apt")
	packages, err := download(ctx, from, root, apt)
	if err != nil {
		return err
	}
	layer := filepath.Join(dir, layerFolder)
	if err := os.Mkdir(layer, 0o755); err != nil {
		return fmt.Errorf("making the layer: %w", err)
	}
	for _, file := range packages {
		if err := unpack(ctx, file, layer); err != nil {
			return err
		}
	}
	if err := trim(layer); err != nil {
		return err
	}
	if err := writeContainerFiles(layer); err != nil {
		return err
	}
	return os.RemoveAll(apt)
}

// download fetches the packages and what they need and the image lacks. Apt works in a folder of its own: this machine's lists and
// packages play no part.
func download(ctx context.Context, from sources, root, dir string) ([]string, error) {
	archives := filepath.Join(dir, "archives")
	for _, folder := range []string{filepath.Join(dir, "lists", "partial"), filepath.Join(archives, "partial")} {
		if err := os.MkdirAll(folder, 0o755); err != nil {
			return nil, fmt.Errorf("making a folder for apt: %w", err)
		}
	}
	list := filepath.Join(dir, from.name())
	if err := os.WriteFile(list, []byte(from.text), 0o644); err != nil {
		return nil, fmt.Errorf("writing the package sources: %w", err)
	}
	var options []string
	for _, option := range []string{
		"Dir::Etc::sourcelist=" + list, "Dir::Etc::sourceparts=-", "Dir::State::lists=" + filepath.Join(dir, "lists"),
		"Dir::State::status=" + filepath.Join(root, "var/lib/dpkg/status"), "Dir::Cache=" + filepath.Join(dir, "cache"),
		"Dir::Cache::archives=" + archives, "Debug::NoLocking=1",
		"APT::Sandbox::User=root", // the user of downloads may not read the cache of root
		"Acquire::Languages=none", `Acquire::Check-Valid-Until=false`,
	} {
		options = append(options, "-o", option)
	}
	install := append([]string{"install", "--yes", "--no-install-recommends", "--download-only"}, containerPackages()...)
	for _, args := range [][]string{{"update"}, install} {
		if err := tool(exec.CommandContext(ctx, "apt-get", append(append([]string{"-q"}, options...), args...)...)); err != nil {
			return nil, err
		}
	}
	found, err := filepath.Glob(filepath.Join(archives, "*.deb"))
	if err != nil || len(found) == 0 {
		return nil, fmt.Errorf("apt-get has downloaded nothing: %w", errors.Join(err, fs.ErrNotExist))
	}
	return found, nil
}

// unpack adds a package to the layer. Packages may hold /bin, /lib and /sbin as folders, which would hide the links of the image.
func unpack(ctx context.Context, file, layer string) error {
	if err := tool(exec.CommandContext(ctx, "dpkg-deb", "--extract", file, layer)); err != nil {
		return err
	}
	for _, name := range []string{"bin", "lib", "lib64", "sbin"} {
		old := filepath.Join(layer, name)
		if _, err := os.Stat(old); errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err := os.CopyFS(filepath.Join(layer, "usr", name), os.DirFS(old)); err != nil {
			return fmt.Errorf("moving /%s of %s: %w", name, filepath.Base(file), err)
		}
		if err := os.RemoveAll(old); err != nil {
			return fmt.Errorf("moving /%s of %s: %w", name, filepath.Base(file), err)
		}
	}
	return nil
}

// trim takes out what no host needs, and the service of containerd: whoever needs a containerd runs its own.
func trim(layer string) error {
	for _, path := range []string{
		"usr/share/doc", "usr/share/man", "usr/share/lintian", "usr/lib/systemd/system/containerd.service", "etc/containerd",
	} {
		if err := os.RemoveAll(filepath.Join(layer, path)); err != nil {
			return fmt.Errorf("trimming the container runtime: %w", err)
		}
	}
	return nil
}

// writeContainerFiles adds our own files and has their unit started at boot.
func writeContainerFiles(layer string) error {
	files, err := fs.Sub(containerFiles, "containers")
	if err != nil {
		return fmt.Errorf("reading the files of the container runtime: %w", err)
	}
	if err := os.CopyFS(layer, files); err != nil {
		return fmt.Errorf("writing the files of the container runtime: %w", err)
	}
	if err := os.Chmod(filepath.Join(layer, "usr/libexec/lab/containers-host"), 0o755); err != nil {
		return fmt.Errorf("writing the files of the container runtime: %w", err)
	}
	wants := filepath.Join(layer, "usr/lib/systemd/system/sysinit.target.wants")
	if err := os.MkdirAll(wants, 0o755); err != nil {
		return fmt.Errorf("writing the files of the container runtime: %w", err)
	}
	if err := os.Symlink("../lab-containers.service", filepath.Join(wants, "lab-containers.service")); err != nil {
		return fmt.Errorf("writing the files of the container runtime: %w", err)
	}
	return nil
}

// tool runs a program; what it printed is in the error.
func tool(cmd *exec.Cmd) error {
	cmd.Env = append(os.Environ(), "DEBIAN_FRONTEND=noninteractive", "LC_ALL=C.UTF-8")
	out, err := cmd.CombinedOutput()
	if err != nil {
		return fmt.Errorf("running %s: %w\n%s", filepath.Base(cmd.Path), err, tail(string(bytes.TrimSpace(out)), 20))
	}
	return nil
}
