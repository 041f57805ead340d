package host

import (
	"io"
	"io/fs"
	"path"
	"strings"

	"github.com/dxlab/terraform-provider-lab/internal/fault"
)

// File is what WriteFile makes so. The path is absolute; missing directories are made with mode 0755.
type File struct {
	Path    string
	Content []byte
	// Mode is the permission bits; zero means 0600.
	Mode fs.FileMode
	// Owner and Group are names or numbers; empty means root, or the SSH user where root cannot be had.
	Owner, Group string
}

// UploadFile is a big file for Upload, from a stream that is read once.
type UploadFile struct {
	Source io.Reader
	// Size is the exact length in bytes.
	Size int64
	// SHA256 is the expected digest in hex, checked on the host after the last byte.
	SHA256 string
	Path   string
	// Mode is the permission bits; zero means 0600.
	Mode fs.FileMode
	// Owner and Group are as in [File].
	Owner, Group string
}

const defaultMode fs.FileMode = 0o600

func modeOr(mode fs.FileMode) fs.FileMode {
	if mode.Perm() == 0 {
		return defaultMode
	}
	return mode.Perm()
}

// CheckPath refuses paths that Remove must not touch: those that are not absolute and clean, or top-level directories.
func CheckPath(p string) error {
	if err := absolute(p); err != nil {
		return err
	}
	if strings.Count(p, "/") < 2 {
		return fault.Newf(fault.Invalid, "path %q is a top-level directory", p)
	}
	return nil
}

func absolute(p string) error {
	if !path.IsAbs(p) || path.Clean(p) != p || strings.ContainsAny(p, "\x00\n") {
		return fault.Newf(fault.Invalid, "path %q is not absolute and clean", p)
	}
	return nil
}
