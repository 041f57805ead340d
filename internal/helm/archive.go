package helm

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"

	"github.com/dxlab/terraform-provider-lab/internal/fault"
)

// archive keeps chart archives in a directory, each under its own sha256, so that a name can never lie.
type archive struct {
	dir string
}

// file names the file of a digest. The directory need not exist.
func (a archive) file(digest string) string {
	dir := a.dir
	if dir == "" {
		cache, err := os.UserCacheDir()
		if err != nil {
			cache = os.TempDir()
		}
		dir = filepath.Join(cache, "terraform-provider-lab", "charts")
	}
	return filepath.Join(dir, digest+".tgz")
}

// get returns the archive with a digest and where it lies, or fs.ErrNotExist. A file that is not what its name says
// was damaged and counts as missing.
func (a archive) get(digest string) ([]byte, string, error) {
	path := a.file(digest)
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, "", err
	}
	if sum(data) != digest {
		return nil, "", fs.ErrNotExist
	}
	return data, path, nil
}

// put keeps an archive and returns where. Two processes may put the same archive at the same time.
func (a archive) put(data []byte) (string, error) {
	path := a.file(sum(data))
	if err := write(path, data); err != nil {
		kind := fault.Invalid
		if errors.Is(err, syscall.ENOSPC) {
			kind = fault.NoSpace
		}
		return "", fault.Newf(kind, "keeping a chart in the cache: %w", err)
	}
	return path, nil
}

// write makes a file at once: temporary name, then rename.
func write(path string, data []byte) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil { //nolint:gosec // charts are public
		return err
	}
	f, err := os.CreateTemp(filepath.Dir(path), ".download-*")
	if err != nil {
		return err
	}
	defer func() { _ = os.Remove(f.Name()) }()
	_, err = f.Write(data)
	if err = errors.Join(err, f.Close()); err != nil {
		return err
	}
	return os.Rename(f.Name(), path)
}

// sum returns the hex sha256 of data.
func sum(data []byte) string {
	s := sha256.Sum256(data)
	return hex.EncodeToString(s[:])
}

// verify compares an archive with the digest that was promised, when one was.
func verify(data []byte, want, who string) error {
	if got := sum(data); want != "" && got != want {
		return fault.Newf(fault.Integrity, "%s: the archive's sha256 is %s, %s was promised; nothing was installed", who, got, want)
	}
	return nil
}

// errLocked says that a repository no longer has what was locked.
func errLocked(who fmt.Stringer, version, locked, now string) error {
	return fault.Newf(fault.Integrity,
		"chart %s: version %s is locked to sha256 %s, but the repository now has %s under that version; nothing was installed",
		who, version, locked, now)
}
