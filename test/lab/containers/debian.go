package containers

import (
	"context"
	"debug/elf"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

// debianPackage is a program of the distribution, taken out of its package together with the C library that it is linked with.
// Nothing is installed on the machine; the packages come from wherever the machine's own do.
type debianPackage struct {
	name    string // of the package and, below /usr/bin, of the program
	target  string // path in the image
	what    string // for people
	folders string // further folders of the package that the program reads, with blanks between them
}

// cLibrary is the package with the C library and the loader.
const cLibrary = "libc6"

// key is the same for all versions of a release, which only change by security updates: asking for the version would need the
// package lists of a machine that has the program already.
func (p debianPackage) key() (string, error) {
	text, err := os.ReadFile("/etc/os-release")
	if err != nil {
		return "", fmt.Errorf("finding out the distribution: %w", err)
	}
	for line := range strings.Lines(string(text)) {
		if suite, ok := strings.CutPrefix(strings.TrimSpace(line), "VERSION_CODENAME="); ok {
			return p.name + "-" + strings.Trim(suite, `"`) + "-" + platform, nil
		}
	}
	return "", errors.New("finding out the distribution: no VERSION_CODENAME in /etc/os-release (Debian or Ubuntu is needed)")
}

func (p debianPackage) contents() string { return p.what + " of the distribution" }

func (p debianPackage) build(ctx context.Context, work string, layer *layerWriter) error {
	if err := download(ctx, work, p.name, cLibrary); err != nil {
		return fmt.Errorf("fetching the packages of %s: %w", p.what, err)
	}
	root, libraries := filepath.Join(work, p.name), filepath.Join(work, cLibrary)
	binary := filepath.Join(root, "usr/bin", p.name)
	if err := addLibraries(layer, binary, libraries); err != nil {
		return fmt.Errorf("finding the libraries of %s: %w", p.what, err)
	}
	for _, folder := range strings.Fields(p.folders) {
		if err := layer.tree(folder, filepath.Join(root, folder)); err != nil {
			return fmt.Errorf("taking %s of package %s: %w", folder, p.name, err)
		}
	}
	return layer.file(p.target, binary, 0o755)
}

// download fetches packages and unpacks each into a folder of its name below dir. Where the machine has no package lists, or old
// ones, they are fetched first.
func download(ctx context.Context, dir string, names ...string) error {
	if err := output(ctx, dir, "apt-get", append([]string{"download"}, names...)...); err != nil {
		if err := output(ctx, dir, "apt-get", "update"); err != nil {
			return err
		}
		if err := output(ctx, dir, "apt-get", append([]string{"download"}, names...)...); err != nil {
			return err
		}
	}
	for _, name := range names {
		archives, err := filepath.Glob(filepath.Join(dir, name+"_*.deb"))
		if err != nil {
			return fmt.Errorf("looking for package %s: %w", name, err)
		}
		if len(archives) != 1 {
			return fmt.Errorf("package %s came as %d archives", name, len(archives))
		}
		if err := output(ctx, dir, "dpkg-deb", "--extract", archives[0], name); err != nil {
			return err
		}
	}
	return nil
}

func output(ctx context.Context, dir, name string, args ...string) error {
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Dir = dir
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("%s %s: %w: %s", name, args[0], err, out)
	}
	return nil
}

// addLibraries adds the loader that a program asks for, and the libraries that it and they are linked with, which all have to be
// below root. They go where the loader of Debian looks for them first.
func addLibraries(layer *layerWriter, binary, root string) error {
	loader, wanted, err := linked(binary)
	if err != nil {
		return err
	}
	if loader == "" {
		return nil
	}
	if err := addLibrary(layer, root, loader); err != nil {
		return err
	}
	for done := []string{filepath.Base(loader)}; len(wanted) > 0; wanted = wanted[1:] {
		if slices.Contains(done, wanted[0]) {
			continue
		}
		done = append(done, wanted[0])
		path, err := find(root, wanted[0])
		if err != nil {
			return err
		}
		if err := addLibrary(layer, root, filepath.Join("/lib", filepath.Base(filepath.Dir(path)), wanted[0])); err != nil {
			return err
		}
		_, further, err := linked(path)
		if err != nil {
			return err
		}
		wanted = append(wanted, further...)
	}
	return nil
}

// addLibrary adds the library of that name under its path in the image.
func addLibrary(layer *layerWriter, root, target string) error {
	source, err := find(root, filepath.Base(target))
	if err != nil {
		return err
	}
	return layer.file(target, source, 0o755)
}

// find returns the file of that name below root. Links to it, which may be absolute, are passed by.
func find(root, name string) (string, error) {
	var found string
	err := filepath.WalkDir(root, func(path string, entry os.DirEntry, err error) error {
		if err == nil && entry.Name() == name && entry.Type().IsRegular() {
			found = path
			return filepath.SkipAll
		}
		return err
	})
	if err == nil && found == "" {
		err = fmt.Errorf("no %s in package %s", name, filepath.Base(root))
	}
	return found, err
}

// linked reads which loader and libraries a program or library needs.
func linked(path string) (loader string, libraries []string, err error) {
	file, err := elf.Open(path)
	if err != nil {
		return "", nil, err
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	if libraries, err = file.ImportedLibraries(); err != nil {
		return "", nil, err
	}
	for _, part := range file.Progs {
		if part.Type != elf.PT_INTERP {
			continue
		}
		text := make([]byte, part.Filesz)
		if _, err := part.ReadAt(text, 0); err != nil {
			return "", nil, err
		}
		loader = strings.TrimRight(string(text), "\x00")
	}
	return loader, libraries, nil
}
