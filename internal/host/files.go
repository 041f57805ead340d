package host

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"

	"al.essio.dev/pkg/shellescape"

	"github.com/dxlab/terraform-provider-lab/internal/fault"
)

// maxReadFile bounds ReadFile, in bytes.
const maxReadFile = 64 << 20

// ReadFile returns the content of a file, up to 64 MiB, read as root where that is possible. A file that is not there
// is an error of kind fault.NotFound.
func (h *Host) ReadFile(ctx context.Context, path string) ([]byte, error) {
	if err := absolute(path); err != nil {
		return nil, err
	}
	title := "read " + path
	r, err := h.do(ctx, job{
		title: title, wish: asRootIfPossible, maxOutput: maxReadFile,
		script: prelude + "exec cat -- " + shellescape.Quote(path) + "\n",
	}, true)
	switch {
	case err != nil:
		return nil, err
	case r.Code != 0 && strings.Contains(r.Stderr, "No such file or directory"):
		return nil, fault.New(fault.NotFound, h.failed(title, r, nil))
	case r.Code != 0:
		return nil, h.fileFault(title, r)
	case r.Truncated:
		return nil, fault.Newf(fault.Invalid, "%s on %s: the file is larger than %d bytes", title, h, maxReadFile)
	}
	return []byte(r.Stdout), nil
}

// Exit codes of the scripts below, outside what cat, mv, chown and the like use.
const (
	exitIntegrity = 80
	exitDirectory = 81
)

// same defines a shell function that says whether the file $p has the content $sum, and one whether it has the
// attributes.
const same = `same_content() { [ -f "$p" ] && [ "$({ sha256sum <"$p"; } 2>/dev/null)" = "$sum  -" ]; }
same_attributes() {
  set -- $(stat -c '%a %U %u %G %g' -- "$p")
  [ "$1" = "$mode" ] && { [ "$2" = "$owner" ] || [ "$3" = "$owner" ]; } && { [ "$4" = "$group" ] || [ "$5" = "$group" ]; }
}
attributes() { chown -- "$owner:$group" "$1" && chmod -- "$mode" "$1"; }
`

// begin resolves $p through links, so that a linked file stays a link, and makes its directory $d. A new file gets
// its name by a rename in that directory, under a hidden name before: programs that read whole directories
// (*.yaml, *.conf) do not see it.
const begin = `set -e
[ ! -d "$p" ] || { echo "$p is a directory" >&2; exit 81; }
[ ! -L "$p" ] || p=$(readlink -f -- "$p")
d=${p%/*}; d=${d:-/}
[ -d "$d" ] || mkdir -p -- "$d"
[ -n "$owner" ] || owner=$(id -un)
[ -n "$group" ] || group=$(id -gn)
`

// replace checks what arrived in $t, puts it in place of $p and waits until both the file and its name are on disk.
const replace = `[ "$(sha256sum <"$t")" = "$sum  -" ] || { echo "sha256 is $(sha256sum <"$t" | cut -d' ' -f1), not $sum" >&2; exit 80; }
attributes "$t"
sync -- "$t" 2>/dev/null || sync
mv -f -- "$t" "$p"
sync -- "$d" 2>/dev/null || sync
`

const writeScript = same + begin + `if same_content; then
  if same_attributes; then echo same; exit 0; fi
  attributes "$p"; echo changed; exit 0
fi
t=$(mktemp "$d/.${p##*/}.lab-XXXXXX")
trap 'rm -f -- "$t"' EXIT
trap 'exit 143' HUP INT TERM
cat >"$t"
` + replace + `echo changed
`

// WriteFile makes a file have this content, mode and owner, and reports whether it did not before. It is written as
// root where that is possible, in one step: nobody ever sees half of it.
func (h *Host) WriteFile(ctx context.Context, f File) (changed bool, err error) {
	if err := absolute(f.Path); err != nil {
		return false, err
	}
	sum := sha256.Sum256(f.Content)
	title := "write " + f.Path
	r, err := h.do(ctx, job{
		title: title, wish: asRootIfPossible, input: bytes.NewReader(f.Content),
		script: prelude + fileParameters(f.Path, hex.EncodeToString(sum[:]), strconv.FormatUint(uint64(modeOr(f.Mode)), 8), f.Owner, f.Group) + writeScript,
	}, true)
	if err != nil {
		return false, err
	}
	if r.Code != 0 {
		return false, h.fileFault(title, r)
	}
	return strings.TrimSpace(r.Stdout) == "changed", nil
}

func fileParameters(path, sum, mode, owner, group string) string {
	return assign("p", path, "sum", sum, "mode", mode, "owner", owner, "group", group)
}

// Remove removes files, and directories with all that is in them, as root where that is possible. What is not there is
// no error. Top-level directories are refused.
func (h *Host) Remove(ctx context.Context, paths ...string) error {
	if len(paths) == 0 {
		return nil
	}
	for _, path := range paths {
		if err := CheckPath(path); err != nil {
			return err
		}
	}
	title := "remove " + strings.Join(paths, ", ")
	r, err := h.do(ctx, job{
		title: title, wish: asRootIfPossible,
		script: prelude + "exec rm -rf -- " + shellescape.QuoteCommand(paths) + "\n",
	}, true)
	if err == nil && r.Code != 0 {
		return h.fileFault(title, r)
	}
	return err
}

// fileFault classifies the failure of a file operation by its exit code and by the words of cat, mv, mktemp, chown
// and rm under LC_ALL=C (coreutils and busybox agree on strerror's).
func (h *Host) fileFault(title string, r Result) error {
	err := h.failed(title, r, nil)
	has := func(parts ...string) bool {
		for _, part := range parts {
			if strings.Contains(r.Stderr, part) {
				return true
			}
		}
		return false
	}
	switch {
	case fault.Is(err, fault.NoSpace):
		return err
	case r.Code == exitIntegrity:
		return fault.New(fault.Integrity, err)
	case r.Code == exitDirectory, has("Is a directory", "Not a directory", "invalid user", "invalid group"):
		return fault.New(fault.Invalid, err)
	case has("Permission denied", "Operation not permitted", "Read-only file system", "Permission to"):
		return fault.New(fault.Denied, h.withoutRoot(err))
	}
	return err
}

// withoutRoot adds why the operation was not done as root, when it was not.
func (h *Host) withoutRoot(err error) error {
	route, routeErr := h.route()
	if routeErr != nil {
		return err
	}
	l, linkErr := h.pool.existing(routeKey(route), route[len(route)-1])
	if linkErr != nil || l == nil {
		return err
	}
	if known := l.become.known(); known != nil && known.way == rootNone {
		return fmt.Errorf("%w; user %s cannot become root: %s", err, known.user, known.explain(known.reason))
	}
	return err
}
