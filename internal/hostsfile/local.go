package hostsfile

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"github.com/dxlab/terraform-provider-lab/internal/fault"
	"github.com/dxlab/terraform-provider-lab/internal/wait"
)

// Here returns a file on the machine that this program runs on.
func Here(path string) File { return local{path: path} }

type local struct{ path string }

func (f local) String() string { return f.path + " on this machine" }

func (f local) Read(context.Context) ([]byte, error) {
	content, err := os.ReadFile(f.path)
	return content, f.explain("reading", err)
}

// explain gives an error of the file system its kind. Rights are the most likely trouble here, and nobody becomes
// another user on the machine of the person who runs Terraform.
func (f local) explain(doing string, err error) error {
	if err == nil {
		return nil
	}
	var cause *fs.PathError
	if errors.As(err, &cause) {
		err = cause.Err
	}
	switch {
	case errors.Is(err, fs.ErrPermission):
		return fault.Newf(fault.Denied, "%s %s: %w. Run Terraform as a user who may write it, or choose another file with path", doing, f, err)
	case errors.Is(err, fs.ErrNotExist):
		return fault.Newf(fault.NotFound, "%s %s: %w", doing, f, err)
	case errors.Is(err, syscall.ENOSPC):
		return fault.Newf(fault.NoSpace, "%s %s: %w", doing, f, err)
	}
	return fmt.Errorf("%s %s: %w", doing, f, err)
}

// lockWait is how long another program may hold the lock.
const lockWait = time.Minute

func (f local) Swap(ctx context.Context, old, next []byte) error {
	path := f.path
	if target, err := filepath.EvalSymlinks(path); err == nil {
		path = target
	}
	unlock, err := lock(ctx, filepath.Dir(path))
	if err != nil {
		return f.explain("locking the directory of", err)
	}
	defer unlock()
	now, err := os.ReadFile(path)
	absent := errors.Is(err, fs.ErrNotExist)
	if err != nil && !absent {
		return f.explain("reading", err)
	}
	if absent != (old == nil) || !bytes.Equal(now, old) {
		return ErrChanged
	}
	if err := renamed(path, next); err == nil {
		return nil
	}
	// A mount point cannot be renamed over (EBUSY), a directory may be read-only, an owner not ours to give.
	return f.explain("writing", os.WriteFile(path, next, 0o644)) //nolint:gosec // everybody reads a hosts file
}

// lock takes the lock on a directory, which leaves no file behind.
func lock(ctx context.Context, dir string) (func(), error) {
	folder, err := os.Open(dir)
	if err != nil {
		return nil, err
	}
	fd := int(folder.Fd())
	err = wait.Until(ctx, wait.Options{For: "the lock on " + dir, Timeout: lockWait, Interval: 50 * time.Millisecond}, func(context.Context) error {
		err := syscall.Flock(fd, syscall.LOCK_EX|syscall.LOCK_NB)
		if errors.Is(err, syscall.EWOULDBLOCK) {
			return wait.Pending("another program holds it")
		}
		return err
	})
	if err != nil {
		return nil, errors.Join(err, folder.Close())
	}
	return func() { _ = folder.Close() }, nil
}

// renamed writes a new file with mode and owner of the old one and puts it into its place. On an error nothing has
// changed.
func renamed(path string, content []byte) (err error) {
	temporary, err := os.CreateTemp(filepath.Dir(path), ".lab-*")
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			_ = os.Remove(temporary.Name())
		}
	}()
	mode := fs.FileMode(0o644)
	info, statErr := os.Stat(path)
	if statErr == nil {
		mode = info.Mode().Perm()
		if stat, ok := info.Sys().(*syscall.Stat_t); ok {
			if stat.Nlink > 1 {
				return errors.Join(errors.New("the file has another name"), temporary.Close())
			}
			err = temporary.Chown(int(stat.Uid), int(stat.Gid))
		}
	}
	if err == nil {
		_, err = temporary.Write(content)
	}
	if err = errors.Join(err, temporary.Chmod(mode), temporary.Sync(), temporary.Close()); err != nil {
		return err
	}
	return os.Rename(temporary.Name(), path)
}
