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

// program is one of the lab's programs that are too big to be built with its tests: a script builds it once and keeps it in the cache.
type program struct {
	what    string // in messages
	binary  string // name of the file, and what the script's messages begin with
	folders string // pattern of its folders in the cache
	module  string // folder of its module, with build.sh, below this package's
	named   string // variable that names a binary to use instead, "" for none
	missing error  // when it has not been built
}

// find returns the path of the binary: the one that the variable names, else the newest in the cache, else the error for a missing one.
func (p program) find() (string, error) {
	if path := p.override(); path != "" {
		if _, err := os.Stat(path); err != nil {
			return "", fmt.Errorf("looking for %s: %w", p.named, err)
		}
		return filepath.Abs(path)
	}
	root, err := cache.Root()
	if err != nil {
		return "", err
	}
	paths, err := filepath.Glob(filepath.Join(root, p.folders, p.binary))
	if err != nil {
		return "", fmt.Errorf("looking for %s: %w", p.what, err)
	}
	newest, at := "", time.Time{}
	for _, path := range paths {
		if info, err := os.Stat(path); err == nil && info.ModTime().After(at) {
			newest, at = path, info.ModTime()
		}
	}
	if newest == "" {
		return "", p.missing
	}
	return newest, nil
}

func (p program) override() string {
	if p.named == "" {
		return ""
	}
	return os.Getenv(p.named)
}

// build builds the program when it is not in the cache and returns the path of the binary. Without the sources, or with a binary that the
// variable names, it is find.
func (p program) build(ctx context.Context, progress func(string)) (string, error) {
	_, file, _, ok := runtime.Caller(0)
	script := filepath.Join(filepath.Dir(file), p.module, "build.sh")
	if _, err := os.Stat(script); !ok || errors.Is(err, fs.ErrNotExist) || p.override() != "" {
		return p.find()
	}
	cmd := exec.CommandContext(ctx, script)
	var out bytes.Buffer
	cmd.Stdout = &out
	messages, err := cmd.StderrPipe()
	if err != nil {
		return "", fmt.Errorf("building %s: %w", p.what, err)
	}
	if err := cmd.Start(); err != nil {
		return "", fmt.Errorf("building %s: %w", p.what, err)
	}
	var last string
	lines := bufio.NewScanner(messages)
	for lines.Scan() {
		last = strings.TrimPrefix(lines.Text(), p.binary+": ")
		progress(p.what + ": " + last)
	}
	if err := cmd.Wait(); err != nil {
		return "", fmt.Errorf("building %s: %w: %s", p.what, err, last)
	}
	return strings.TrimSpace(out.String()), nil
}
