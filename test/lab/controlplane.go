package lab

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"github.com/dxlab/terraform-provider-lab/test/lab/internal/cache"
)

// ErrNoControlPlane says that the control plane binary has not been built.
var ErrNoControlPlane = errors.New("the lab's control plane has not been built: run test/lab/controlplane/build.sh, or name the binary in LAB_CONTROLPLANE")

const controlPlaneBinary = "lab-controlplane"

// FindControlPlane returns the path of the control plane binary: $LAB_CONTROLPLANE, else the newest in the cache, else
// ErrNoControlPlane.
func FindControlPlane() (string, error) {
	if path := os.Getenv("LAB_CONTROLPLANE"); path != "" {
		if _, err := os.Stat(path); err != nil {
			return "", fmt.Errorf("looking for LAB_CONTROLPLANE: %w", err)
		}
		return filepath.Abs(path)
	}
	root, err := cache.Root()
	if err != nil {
		return "", err
	}
	paths, err := filepath.Glob(filepath.Join(root, "controlplane-*", controlPlaneBinary))
	if err != nil {
		return "", fmt.Errorf("looking for the control plane: %w", err)
	}
	newest, at := "", time.Time{}
	for _, path := range paths {
		if info, err := os.Stat(path); err == nil && info.ModTime().After(at) {
			newest, at = path, info.ModTime()
		}
	}
	if newest == "" {
		return "", ErrNoControlPlane
	}
	return newest, nil
}

// BuildControlPlane builds the control plane when it is not in the cache (about ten minutes the first time) and returns the path
// of the binary. LAB_CONTROLPLANE names one that is used instead. Without the sources it is FindControlPlane.
func BuildControlPlane(ctx context.Context, progress func(string)) (string, error) {
	_, file, _, ok := runtime.Caller(0)
	script := filepath.Join(filepath.Dir(file), "controlplane", "build.sh")
	if _, err := os.Stat(script); !ok || errors.Is(err, fs.ErrNotExist) || os.Getenv("LAB_CONTROLPLANE") != "" {
		return FindControlPlane()
	}
	cmd := exec.CommandContext(ctx, script)
	var out bytes.Buffer
	cmd.Stdout = &out
	messages, err := cmd.StderrPipe()
	if err != nil {
		return "", fmt.Errorf("building the control plane: %w", err)
	}
	if err := cmd.Start(); err != nil {
		return "", fmt.Errorf("building the control plane: %w", err)
	}
	var last string
	lines := bufio.NewScanner(messages)
	for lines.Scan() {
		last = strings.TrimPrefix(lines.Text(), controlPlaneBinary+": ")
		progress("control plane: " + last)
	}
	if err := cmd.Wait(); err != nil {
		return "", fmt.Errorf("building the control plane: %w: %s", err, last)
	}
	return strings.TrimSpace(out.String()), nil
}
