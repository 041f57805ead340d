package hosttest

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"io/fs"
	"sort"
	"strings"

	"github.com/dxlab/terraform-provider-lab/internal/fault"
	"github.com/dxlab/terraform-provider-lab/internal/host"
)

// SetFile puts a file into the tree, owned by root and with mode 0644 unless it says otherwise.
func (f *Fake) SetFile(path string, file File) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.files[path] = withDefaults(file, 0o644)
}

// File returns a file of the tree.
func (f *Fake) File(path string) (File, bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	file, ok := f.files[path]
	return file, ok
}

// Files returns the paths of the tree, sorted.
func (f *Fake) Files() []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	var paths []string
	for path := range f.files {
		paths = append(paths, path)
	}
	sort.Strings(paths)
	return paths
}

// ReadFile returns the content of a file of the tree, or an error of kind fault.NotFound.
func (f *Fake) ReadFile(ctx context.Context, path string) ([]byte, error) {
	if err := f.enter(ctx, Call{Verb: "read", Text: path}); err != nil {
		return nil, err
	}
	file, ok := f.File(path)
	if !ok {
		return nil, fault.Newf(fault.NotFound, "reading %s on %s: no such file", path, f.name)
	}
	return bytes.Clone(file.Content), nil
}

// WriteFile puts a file into the tree and says whether content, mode or owner changed.
func (f *Fake) WriteFile(ctx context.Context, file host.File) (bool, error) {
	if err := f.enter(ctx, Call{Verb: "write", Text: file.Path, Stdin: string(file.Content)}); err != nil {
		return false, err
	}
	if err := host.CheckPath(file.Path); err != nil {
		return false, err
	}
	next := withDefaults(File{Content: bytes.Clone(file.Content), Mode: file.Mode, Owner: file.Owner, Group: file.Group}, 0o600)
	f.mu.Lock()
	defer f.mu.Unlock()
	last, ok := f.files[file.Path]
	f.files[file.Path] = next
	same := ok && bytes.Equal(last.Content, next.Content) && last.Mode == next.Mode && last.Owner == next.Owner && last.Group == next.Group
	return !same, nil
}

// Upload puts a file into the tree after checking its size and digest.
func (f *Fake) Upload(ctx context.Context, file host.UploadFile) error {
	if err := f.enter(ctx, Call{Verb: "upload", Text: file.Path}); err != nil {
		return err
	}
	if err := host.CheckPath(file.Path); err != nil {
		return err
	}
	content, err := io.ReadAll(file.Source)
	if err != nil {
		return fmt.Errorf("uploading %s to %s: %w", file.Path, f.name, err)
	}
	sum := sha256.Sum256(content)
	if got := hex.EncodeToString(sum[:]); got != strings.ToLower(file.SHA256) || int64(len(content)) != file.Size {
		return fault.Newf(fault.Integrity, "uploading %s to %s: %d bytes with sha256 %s, want %d bytes with %s",
			file.Path, f.name, len(content), got, file.Size, file.SHA256)
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.files[file.Path] = withDefaults(File{Content: content, Mode: file.Mode, Owner: file.Owner, Group: file.Group}, 0o600)
	return nil
}

// Remove takes files, and directories with all that is in them, out of the tree.
func (f *Fake) Remove(ctx context.Context, paths ...string) error {
	for _, path := range paths {
		if err := f.enter(ctx, Call{Verb: "remove", Text: path}); err != nil {
			return err
		}
		if err := host.CheckPath(path); err != nil {
			return err
		}
		f.mu.Lock()
		for name := range f.files {
			if name == path || strings.HasPrefix(name, path+"/") {
				delete(f.files, name)
			}
		}
		f.mu.Unlock()
	}
	return nil
}

func withDefaults(file File, mode fs.FileMode) File {
	if file.Mode.Perm() == 0 {
		file.Mode = mode
	}
	if file.Owner == "" {
		file.Owner = "root"
	}
	if file.Group == "" {
		file.Group = "root"
	}
	return file
}
