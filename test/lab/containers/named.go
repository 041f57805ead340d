package containers

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
)

// namedBinary is a statically linked program that the user has and names in a variable.
type namedBinary struct {
	name   string // for people and in the cache
	path   string // on this machine
	target string // path in the image
}

func (p namedBinary) key() (key string, err error) {
	file, err := os.Open(p.path)
	if err != nil {
		return "", fmt.Errorf("looking for %s: %w", p.name, err)
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	h := sha256.New()
	if _, err := io.Copy(h, file); err != nil {
		return "", fmt.Errorf("reading %s: %w", p.path, err)
	}
	return p.name + "-" + hex.EncodeToString(h.Sum(nil))[:12], nil
}

func (p namedBinary) contents() string { return p.name + " of " + p.path }

func (p namedBinary) build(_ context.Context, _ string, layer *layerWriter) error {
	return layer.file(p.target, p.path, 0o755)
}
