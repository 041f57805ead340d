package release

import (
	"context"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"

	"github.com/dxlab/terraform-provider-lab/test/lab/internal/cache"
)

//go:embed bundle
var bundleFiles embed.FS

//go:embed all:rke2
var programFiles embed.FS

const programPackage = "github.com/dxlab/terraform-provider-lab/test/lab/release/rke2"

// format is part of the cache key; it changes when the builder's code changes what an artifact looks like.
const format = "1"

// building lets one goroutine of this process build at a time; the cache does the same for processes.
var building sync.Mutex

// build returns the cached folder with a version's artifacts.
func build(ctx context.Context, version, arch string, logger *slog.Logger) (string, error) {
	building.Lock()
	defer building.Unlock()
	hash, err := sourceHash()
	if err != nil {
		return "", err
	}
	key := fmt.Sprintf("release-%s-%s-%s", hash, strings.ReplaceAll(version, "+", "-"), arch)
	return cache.Dir(ctx, key, func(ctx context.Context, dir string) error {
		logger.InfoContext(ctx, "building release", "version", version)
		return makeRelease(ctx, dir, version, arch)
	})
}

// sourceHash covers all that goes into a release besides its version: the program's sources, the other files, the compiler.
func sourceHash() (string, error) {
	h := sha256.New()
	_, _ = fmt.Fprintln(h, format, runtime.Version())
	for _, files := range []embed.FS{bundleFiles, programFiles} {
		err := fs.WalkDir(files, ".", func(path string, entry fs.DirEntry, err error) error {
			if err != nil || entry.IsDir() || strings.HasSuffix(path, "_test.go") {
				return err
			}
			content, err := files.ReadFile(path)
			if err != nil {
				return err
			}
			_, _ = fmt.Fprintln(h, path, len(content))
			_, _ = h.Write(content)
			return nil
		})
		if err != nil {
			return "", err
		}
	}
	return hex.EncodeToString(h.Sum(nil))[:12], nil
}

func makeRelease(ctx context.Context, dir, version, arch string) error {
	platform := "linux-" + arch
	binary := filepath.Join(dir, "rke2."+platform)
	if err := compile(ctx, binary, version, arch); err != nil {
		return err
	}
	if err := writeBundle(filepath.Join(dir, "rke2."+platform+".tar.gz"), binary, version); err != nil {
		return err
	}
	if err := writeImages(dir, version, platform); err != nil {
		return err
	}
	return writeSums(dir, arch)
}

// compile builds the stand-in program: static, small, with the version in it.
func compile(ctx context.Context, output, version, arch string) error {
	dir, err := moduleDir(ctx)
	if err != nil {
		return err
	}
	commit := sha256.Sum256([]byte(version))
	cmd := exec.CommandContext(ctx, "go", "build", "-trimpath", "-buildvcs=false", "-o", output,
		"-ldflags", "-s -w -X main.version="+version+" -X main.commit="+hex.EncodeToString(commit[:20]), programPackage)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOOS=linux", "GOARCH="+arch, "GOFLAGS=-mod=readonly", "GOWORK=off")
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("compiling the stand-in program: %w: %s", err, out)
	}
	return nil
}

// moduleDir finds the sources of this package: where it was compiled, else through the go command.
func moduleDir(ctx context.Context) (string, error) {
	if _, file, _, ok := runtime.Caller(0); ok {
		if _, err := os.Stat(file); err == nil {
			return filepath.Dir(file), nil
		}
	}
	out, err := exec.CommandContext(ctx, "go", "list", "-f", "{{.Dir}}", programPackage).Output()
	if err != nil {
		return "", fmt.Errorf("finding the sources of the stand-in program: %w", err)
	}
	return strings.TrimSpace(string(out)), nil
}

// writeSums writes the sums of every artifact in the form of sha256sum: two blanks, bare names.
func writeSums(dir, arch string) error {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	var b strings.Builder
	for _, e := range entries {
		sum, err := fileSum(filepath.Join(dir, e.Name()))
		if err != nil {
			return err
		}
		_, _ = fmt.Fprintf(&b, "%s  %s\n", sum, e.Name())
	}
	return os.WriteFile(filepath.Join(dir, "sha256sum-"+arch+".txt"), []byte(b.String()), 0o644)
}

func fileSum(path string) (string, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", err
	}
	h := sha256.New()
	_, err = io.Copy(h, f)
	if err = errors.Join(err, f.Close()); err != nil {
		return "", err
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}
