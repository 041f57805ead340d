package cache_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/dxlab/terraform-provider-lab/test/lab/internal/cache"
)

func TestDir_BuiltOnce(t *testing.T) {
	t.Setenv("LAB_CACHE", t.TempDir())
	var builds atomic.Int32
	build := func(_ context.Context, dir string) error {
		builds.Add(1)
		return os.WriteFile(filepath.Join(dir, "file"), []byte("content"), 0o600)
	}
	var callers sync.WaitGroup
	for range 5 {
		callers.Go(func() {
			dir, err := cache.Dir(t.Context(), "thing-1", build)
			if err != nil {
				t.Error(err)
				return
			}
			if text, err := os.ReadFile(filepath.Join(dir, "file")); err != nil || string(text) != "content" {
				t.Errorf("the file holds %q (%v)", text, err)
			}
		})
	}
	callers.Wait()
	if n := builds.Load(); n != 1 {
		t.Errorf("built %d times", n)
	}
}

func TestDir_FailedBuildLeavesNothing(t *testing.T) {
	root := t.TempDir()
	t.Setenv("LAB_CACHE", root)
	broken := errors.New("broken")
	_, err := cache.Dir(t.Context(), "thing-2", func(_ context.Context, dir string) error {
		return errors.Join(broken, os.WriteFile(filepath.Join(dir, "half"), nil, 0o600))
	})
	if !errors.Is(err, broken) {
		t.Fatalf("error %v", err)
	}
	if paths, _ := filepath.Glob(filepath.Join(root, "thing-2*", "*")); len(paths) > 0 {
		t.Errorf("left: %v", paths)
	}
	if _, err := cache.Dir(t.Context(), "thing-2", func(context.Context, string) error { return nil }); err != nil {
		t.Errorf("a second try gives %v", err)
	}
}

func TestDir_RemovesWhatIsNotUsed(t *testing.T) {
	root := t.TempDir()
	t.Setenv("LAB_CACHE", root)
	build := func(context.Context, string) error { return nil }
	ages := map[string]time.Duration{"old": 40 * 24 * time.Hour, "recent": 24 * time.Hour, "used": 40 * 24 * time.Hour}
	for name, age := range ages {
		dir, err := cache.Dir(t.Context(), name, build)
		if err != nil {
			t.Fatal(err)
		}
		at := time.Now().Add(-age)
		if err := os.Chtimes(dir, at, at); err != nil {
			t.Fatal(err)
		}
		if err := os.MkdirAll(filepath.Join(root, "tools"), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range []string{"used", "new"} {
		if _, err := cache.Dir(t.Context(), name, build); err != nil {
			t.Fatal(err)
		}
	}
	for name, want := range map[string]bool{"old": false, "recent": true, "used": true, "new": true, "tools": true} {
		if _, err := os.Stat(filepath.Join(root, name)); (err == nil) != want {
			t.Errorf("%s is there: %v, want %v", name, err == nil, want)
		}
	}
}

func TestLock_WaitEndsWithContext(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "lock")
	unlock, err := cache.Lock(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if _, err := cache.Lock(ctx, path); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("a held lock gives %v", err)
	}
	unlock()
	again, err := cache.Lock(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	again()
}
