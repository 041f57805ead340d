// Package cache knows where the test lab keeps what is built once and used by many runs, and lets only one run build it.
package cache

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// Root returns the folder of everything cached: $LAB_CACHE, else terraform-provider-lab below the user's cache folder.
func Root() (string, error) {
	if dir := os.Getenv("LAB_CACHE"); dir != "" {
		return filepath.Abs(dir)
	}
	dir, err := os.UserCacheDir()
	if err != nil {
		return "", fmt.Errorf("finding the cache folder (set LAB_CACHE): %w", err)
	}
	return filepath.Join(dir, "terraform-provider-lab"), nil
}

// Dir returns the cached folder called key, which build fills when it is not there yet. Build gets an empty folder beside the
// final one; the folder appears under its name only when build succeeded. Of several processes one builds, the others wait.
// A key holds a hash of all that goes into the folder, so what is found is never stale.
func Dir(ctx context.Context, key string, build func(ctx context.Context, dir string) error) (string, error) {
	root, err := Root()
	if err != nil {
		return "", err
	}
	dir := filepath.Join(root, key)
	if use(dir) {
		return dir, nil
	}
	if err := os.MkdirAll(root, 0o755); err != nil {
		return "", fmt.Errorf("making the cache folder: %w", err)
	}
	unlock, err := Lock(ctx, filepath.Join(root, key+".lock"))
	if err != nil {
		return "", err
	}
	defer unlock()
	if use(dir) {
		return dir, nil
	}
	partial := dir + ".partial"
	if err := os.RemoveAll(partial); err != nil {
		return "", fmt.Errorf("removing an unfinished build: %w", err)
	}
	if err := os.Mkdir(partial, 0o755); err != nil {
		return "", fmt.Errorf("making a folder to build in: %w", err)
	}
	if err := build(ctx, partial); err != nil {
		return "", errors.Join(fmt.Errorf("building %s: %w", key, err), os.RemoveAll(partial))
	}
	if err := os.Rename(partial, dir); err != nil {
		return "", fmt.Errorf("putting a finished build in place: %w", err)
	}
	return dir, prune(root)
}

// use tells whether a folder is there, and marks it as used now.
func use(dir string) bool {
	now := time.Now()
	return os.Chtimes(dir, now, now) == nil
}

// unused is how long a folder must not have been used to be removed: by then the sources that it was built from have changed.
const unused = 30 * 24 * time.Hour

// prune removes the folders of Dir that have not been used for long. Their locks stay: somebody may be waiting for one.
func prune(root string) error {
	locks, err := filepath.Glob(filepath.Join(root, "*.lock"))
	if err != nil {
		return fmt.Errorf("looking for old builds: %w", err)
	}
	for _, lock := range locks {
		dir := strings.TrimSuffix(lock, ".lock")
		info, err := os.Stat(dir)
		if err != nil || time.Since(info.ModTime()) < unused {
			continue
		}
		if err := os.RemoveAll(dir); err != nil {
			return fmt.Errorf("removing an old build: %w", err)
		}
	}
	return nil
}

// Lock takes the lock file at path and waits while another process holds it. The lock ends with the process that took it.
func Lock(ctx context.Context, path string) (unlock func(), err error) {
	file, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o644)
	if err != nil {
		return nil, fmt.Errorf("opening a lock file: %w", err)
	}
	tick := time.NewTicker(200 * time.Millisecond)
	defer tick.Stop()
	for {
		err := syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
		if err == nil {
			return func() { _ = file.Close() }, nil
		}
		if !errors.Is(err, syscall.EWOULDBLOCK) && !errors.Is(err, syscall.EINTR) {
			_ = file.Close()
			return nil, fmt.Errorf("locking %s: %w", path, err)
		}
		select {
		case <-ctx.Done():
			_ = file.Close()
			return nil, fmt.Errorf("waiting for %s: %w", path, ctx.Err())
		case <-tick.C:
		}
	}
}
