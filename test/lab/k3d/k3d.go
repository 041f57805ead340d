// Package k3d knows how to make the stand-ins for Docker and k3d: one program that is either, by the name it is called by, and whose
// clusters are the lab's control plane.
package k3d

import (
	"context"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"

	"github.com/dxlab/terraform-provider-lab/test/lab/hosts"
	"github.com/dxlab/terraform-provider-lab/test/lab/internal/cache"
)

//go:embed program
var sources embed.FS

// Version is what the stand-in for k3d says it is.
const Version = "v5.9.0"

// Program builds the program, or finds it in the lab's cache, and returns its path.
func Program(ctx context.Context) (string, error) {
	h := sha256.New()
	_, _ = fmt.Fprintln(h, runtime.Version(), Version)
	err := fs.WalkDir(sources, ".", func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		content, err := sources.ReadFile(path)
		_, _ = fmt.Fprintln(h, path, len(content))
		_, _ = h.Write(content)
		return err
	})
	if err != nil {
		return "", fmt.Errorf("reading the sources of the stand-in for k3d: %w", err)
	}
	dir, err := cache.Dir(ctx, "k3d-"+hex.EncodeToString(h.Sum(nil))[:12], compile)
	return filepath.Join(dir, "k3d"), err
}

func compile(ctx context.Context, dir string) error {
	_, file, _, ok := runtime.Caller(0)
	if !ok {
		return fmt.Errorf("finding the sources of the stand-in for k3d: %w", fs.ErrNotExist)
	}
	cmd := exec.CommandContext(ctx, "go", "build", "-trimpath", "-buildvcs=false", "-ldflags", "-s -w -X main.version="+Version, "-o", filepath.Join(dir, "k3d"), "./program")
	cmd.Dir = filepath.Dir(file)
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOFLAGS=-mod=readonly", "GOWORK=off")
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("compiling the stand-in for k3d: %w: %s", err, out)
	}
	return nil
}

// Docker gives a host the stand-in for Docker, whose daemon runs unless /run/docker-is-down is there.
func Docker(program string) hosts.Bind { return hosts.Bind{Source: program, Target: "/usr/bin/docker"} }
