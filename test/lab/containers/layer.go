package containers

import (
	"archive/tar"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"io"
	"os"
	"path"
	"path/filepath"
	"strings"
)

// layerFile is a layer in its folder of the cache: a plain tar, so that nothing is packed only to be unpacked on the same machine.
// Beside it is what the registry must know of it.
const (
	layerFile   = "layer.tar"
	layerSuffix = ".json"
)

// layerWriter writes the tar of a layer. Folders above an entry are made on the way.
type layerWriter struct {
	tar  *tar.Writer
	made map[string]bool
	sum  hash.Hash
	size int64
}

func newLayerWriter(w io.Writer) *layerWriter {
	l := &layerWriter{made: map[string]bool{".": true, "/": true}, sum: sha256.New()}
	l.tar = tar.NewWriter(io.MultiWriter(w, l.sum, (*counter)(&l.size)))
	return l
}

// counter counts the bytes that are written to it.
type counter int64

func (c *counter) Write(p []byte) (int, error) {
	*c += counter(len(p))
	return len(p), nil
}

// file adds a file of this machine under an absolute path.
func (l *layerWriter) file(target, source string, mode int64) (err error) {
	f, err := os.Open(source)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	info, err := f.Stat()
	if err != nil {
		return err
	}
	if err := l.header(tar.Header{Typeflag: tar.TypeReg, Name: target, Mode: mode, Size: info.Size()}); err != nil {
		return err
	}
	_, err = io.Copy(l.tar, f)
	return err
}

// text adds a small file that everybody can read.
func (l *layerWriter) text(target, content string) error {
	if err := l.header(tar.Header{Typeflag: tar.TypeReg, Name: target, Mode: 0o644, Size: int64(len(content))}); err != nil {
		return err
	}
	_, err := io.WriteString(l.tar, content)
	return err
}

// link adds a symbolic link.
func (l *layerWriter) link(target, to string) error {
	return l.header(tar.Header{Typeflag: tar.TypeSymlink, Name: target, Linkname: to, Mode: 0o777})
}

// folder adds a folder with a mode of its own, 0o1777 for one that all can write to.
func (l *layerWriter) folder(target string, mode int64) error {
	name := inTar(target)
	if l.made[name] {
		return nil
	}
	err := l.header(tar.Header{Typeflag: tar.TypeDir, Name: target, Mode: mode})
	l.made[name] = true
	return err
}

func (l *layerWriter) header(h tar.Header) error {
	h.Name = inTar(h.Name)
	if above := path.Dir(h.Name); !l.made[above] {
		if err := l.folder("/"+above, 0o755); err != nil {
			return err
		}
	}
	h.Format = tar.FormatPAX
	if h.Typeflag == tar.TypeDir {
		h.Name += "/"
	}
	return l.tar.WriteHeader(&h)
}

func inTar(target string) string { return strings.TrimPrefix(path.Clean(target), "/") }

// finish ends the tar and describes it; where its content is remains to be said.
func (l *layerWriter) finish() (blob, error) {
	if err := l.tar.Close(); err != nil {
		return blob{}, err
	}
	return blob{Digest: "sha256:" + hex.EncodeToString(l.sum.Sum(nil)), Size: l.size}, nil
}

// buildLayer writes a program's layer into its folder of the cache.
func buildLayer(ctx context.Context, p program, dir string) (err error) {
	work := filepath.Join(dir, "work")
	if err := os.Mkdir(work, 0o700); err != nil {
		return fmt.Errorf("making a folder to build in: %w", err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(work)) }()
	target := filepath.Join(dir, layerFile)
	file, err := os.Create(target)
	if err != nil {
		return fmt.Errorf("writing a layer: %w", err)
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	layer := newLayerWriter(file)
	if err := p.build(ctx, work, layer); err != nil {
		return err
	}
	described, err := layer.finish()
	if err != nil {
		return fmt.Errorf("writing a layer: %w", err)
	}
	text, err := json.Marshal(described)
	if err != nil {
		return fmt.Errorf("describing a layer: %w", err)
	}
	return os.WriteFile(target+layerSuffix, text, 0o644)
}

// openLayer returns a layer that buildLayer wrote to path.
func openLayer(path string) (blob, error) {
	text, err := os.ReadFile(path + layerSuffix)
	if err != nil {
		return blob{}, fmt.Errorf("reading what a layer is: %w", err)
	}
	b := blob{path: path}
	if err := json.Unmarshal(text, &b); err != nil {
		return blob{}, fmt.Errorf("reading what a layer is: %w", err)
	}
	return b, nil
}

// smallLayer is a layer that is made in memory.
func smallLayer(fill func(*layerWriter) error) (blob, error) {
	var content bytes.Buffer
	layer := newLayerWriter(&content)
	if err := fill(layer); err != nil {
		return blob{}, err
	}
	b, err := layer.finish()
	b.content = content.Bytes()
	return b, err
}
