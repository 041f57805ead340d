// Package inotify knows the one setting of the machine that test hosts need changed, the number of inotify instances a user may
// have, and how to put it back when the last lab is gone.
package inotify

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/dxlab/terraform-provider-lab/test/lab/internal/alive"
	"github.com/dxlab/terraform-provider-lab/test/lab/internal/cache"
)

// With the default of 128 the user manager of the fourth host or so fails ("Too many open files") and the host is degraded.
const (
	setting = "/proc/sys/fs/inotify/max_user_instances"
	wanted  = 8192
)

// Raise raises the limit and remembers what it was. It is safe with several labs at once.
func Raise(ctx context.Context) error {
	return locked(ctx, func(memory string) error {
		now, err := number(setting)
		if err != nil || now >= wanted {
			return err
		}
		if err := os.WriteFile(memory, []byte(strconv.Itoa(now)), 0o644); err != nil {
			return fmt.Errorf("remembering the limit of inotify instances: %w", err)
		}
		return set(wanted)
	})
}

// Restore puts the limit back unless a lab is running.
func Restore(ctx context.Context) error {
	return locked(ctx, func(memory string) error {
		before, err := number(memory)
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		if err != nil {
			return err
		}
		running, _, err := alive.Look()
		if err != nil || len(running) > 0 {
			return err
		}
		// somebody else may have set it meanwhile: theirs stays
		if now, err := number(setting); err != nil || now == wanted {
			if err := errors.Join(err, set(before)); err != nil {
				return err
			}
		}
		if err := os.Remove(memory); err != nil {
			return fmt.Errorf("forgetting the limit of inotify instances: %w", err)
		}
		return nil
	})
}

func locked(ctx context.Context, f func(memory string) error) error {
	root, err := cache.Root()
	if err != nil {
		return err
	}
	dir := filepath.Join(root, "running")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return fmt.Errorf("making a folder: %w", err)
	}
	unlock, err := cache.Lock(ctx, filepath.Join(dir, "lock"))
	if err != nil {
		return err
	}
	defer unlock()
	return f(filepath.Join(dir, "inotify"))
}

func number(path string) (int, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return 0, fmt.Errorf("reading the limit of inotify instances: %w", err)
	}
	value, err := strconv.Atoi(strings.TrimSpace(string(text)))
	if err != nil {
		return 0, fmt.Errorf("reading the limit of inotify instances: %w", err)
	}
	return value, nil
}

func set(value int) error {
	if err := os.WriteFile(setting, []byte(strconv.Itoa(value)), 0o644); err != nil {
		return fmt.Errorf("setting the limit of inotify instances: %w", err)
	}
	return nil
}
