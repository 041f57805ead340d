package containers

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
)

// goProgram is a program in a Go module of this repository, statically linked.
type goProgram struct {
	name    string // in messages and in the cache
	folder  string // of the module, from this package's
	command string // package of the program, "" for the module's own
	target  string // path in the image
	tags    string // for the compiler
	stamps  string // for the linker: variables and what they are set to
	what    string // for people
	of      string // module whose version is the program's, "" for none
}

func (p goProgram) key() (string, error) {
	dir, err := p.dir()
	if err != nil {
		return "", err
	}
	h := sha256.New()
	_, _ = fmt.Fprintln(h, runtime.Version(), platform, p.command, p.target, p.tags, p.stamps)
	err = filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || strings.HasSuffix(path, "_test.go") {
			return err
		}
		content, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		_, _ = fmt.Fprintln(h, strings.TrimPrefix(path, dir), len(content))
		_, _ = h.Write(content)
		return nil
	})
	if err != nil {
		return "", fmt.Errorf("reading the sources of %s: %w", p.name, err)
	}
	return p.name + "-" + hex.EncodeToString(h.Sum(nil))[:12], nil
}

func (p goProgram) contents() string {
	if version := p.version(); version != "" {
		return p.what + " " + version
	}
	return p.what
}

// version is what the program's go.mod says of the module that it is made of.
func (p goProgram) version() string {
	dir, err := p.dir()
	if err != nil || p.of == "" {
		return ""
	}
	text, err := os.ReadFile(filepath.Join(dir, "go.mod"))
	if err != nil {
		return ""
	}
	for line := range strings.Lines(string(text)) {
		if fields := strings.Fields(strings.TrimPrefix(line, "require")); len(fields) > 1 && fields[0] == p.of {
			return fields[1]
		}
	}
	return ""
}

func (p goProgram) build(ctx context.Context, work string, layer *layerWriter) error {
	dir, err := p.dir()
	if err != nil {
		return err
	}
	binary := filepath.Join(work, p.name)
	command := p.command
	if command == "" {
		command = "."
	}
	cmd := exec.CommandContext(ctx, "go", "build", "-trimpath", "-buildvcs=false", "-tags", p.tags, "-ldflags", "-s -w "+p.stamps, "-o", binary, command)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOOS=linux", "GOARCH="+platform, "GOWORK=off")
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("compiling %s: %w: %s", p.name, err, out)
	}
	return layer.file(p.target, binary, 0o755)
}

// dir is the folder of the program's sources.
func (p goProgram) dir() (string, error) {
	_, file, _, ok := runtime.Caller(0)
	dir := filepath.Join(filepath.Dir(file), filepath.FromSlash(p.folder))
	if _, err := os.Stat(filepath.Join(dir, "go.mod")); !ok || err != nil {
		return "", fmt.Errorf("finding the sources of %s: they are not where this program was compiled (%s)", p.name, dir)
	}
	return dir, nil
}
