package containers

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"os"
)

// blob is something that a registry serves by its digest: in a file of the cache, or in memory when it is small.
type blob struct {
	Digest  string `json:"digest"` // sha256:...
	Size    int64  `json:"size"`
	path    string
	content []byte
}

// inMemory is a blob of a few bytes.
func inMemory(content []byte) blob {
	sum := sha256.Sum256(content)
	return blob{Digest: "sha256:" + hex.EncodeToString(sum[:]), Size: int64(len(content)), content: content}
}

// open returns the content, which the caller closes.
func (b blob) open() (io.ReadSeekCloser, error) {
	if b.path != "" {
		return os.Open(b.path)
	}
	return memory{bytes.NewReader(b.content)}, nil
}

type memory struct{ *bytes.Reader }

func (memory) Close() error { return nil }
