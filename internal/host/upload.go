package host

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"log/slog"
	"strconv"
	"strings"

	"al.essio.dev/pkg/shellescape"
	"github.com/pkg/sftp"

	"github.com/dxlab/terraform-provider-lab/internal/fault"
)

// prepareScript looks whether the file is there already, and otherwise whether it fits, and makes a temporary file for
// it. What an upload left behind that was cut off is removed after ten minutes without a write.
const prepareScript = same + begin + `if same_content; then
  same_attributes || attributes "$p"
  echo same; exit 0
fi
find "$d" -maxdepth 1 -name ".${p##*/}.lab-*" -mmin +10 -exec rm -f -- {} + 2>/dev/null || :
free=$(df -Pk -- "$d" | tail -n 1 | tr -s ' ' | cut -d' ' -f4)
case $free in ''|*[!0-9]*) ;; *)
  [ "$((size / 1024))" -le "$free" ] || { echo "$d: No space left on device: $((size / 1024)) KiB are needed and $free KiB are free" >&2; exit 1; }
esac
mktemp "$d/.${p##*/}.lab-XXXXXX"
`

const receiveScript = `exec cat >"$t"
`

const finishScript = same + begin + `trap 'rm -f -- "$t"' EXIT
trap 'exit 143' HUP INT TERM
` + replace

// Upload makes a file have the content of a stream, and verifies on the host that what arrived has the promised SHA256
// before it takes the file's name. A file that has it already is left alone, without reading the stream. The error is
// of kind fault.Integrity when the source or what arrived is something else, and fault.NoSpace when it does not fit.
//
// The way is SFTP where the SSH user is root, and a plain stream where sudo is needed or the host has no SFTP.
func (h *Host) Upload(ctx context.Context, f UploadFile) error {
	if err := absolute(f.Path); err != nil {
		return err
	}
	title := "upload " + f.Path
	parameters := fileParameters(f.Path, strings.ToLower(f.SHA256), strconv.FormatUint(uint64(modeOr(f.Mode)), 8), f.Owner, f.Group) +
		assign("size", strconv.FormatInt(f.Size, 10))
	r, err := h.do(ctx, job{title: title, wish: asRootIfPossible, script: prelude + parameters + prepareScript}, true)
	if err != nil {
		return err
	}
	if r.Code != 0 {
		return h.fileFault(title, r)
	}
	temporary := strings.TrimSpace(r.Stdout)
	if temporary == "same" {
		return nil
	}
	if err := h.transfer(ctx, title, temporary, f); err != nil {
		h.discard(ctx, temporary)
		return err
	}
	r, err = h.do(ctx, job{title: title, wish: asRootIfPossible, script: prelude + parameters + assign("t", temporary) + finishScript}, false)
	if err == nil && r.Code != 0 {
		return h.fileFault(title, r)
	}
	return err
}

// transfer sends the stream into the temporary file and compares it with what was promised on the way.
func (h *Host) transfer(ctx context.Context, title, temporary string, f UploadFile) error {
	source := &measured{from: f.Source, hash: sha256.New()}
	err := h.send(ctx, title, temporary, source, f.Size)
	if err != nil {
		return err
	}
	if got := hex.EncodeToString(source.hash.Sum(nil)); source.size != f.Size || got != strings.ToLower(f.SHA256) {
		return fault.Newf(fault.Integrity, "%s to %s: the source has %d bytes with sha256 %s, want %d bytes with %s",
			title, h, source.size, got, f.Size, f.SHA256)
	}
	return nil
}

func (h *Host) send(ctx context.Context, title, temporary string, source io.Reader, size int64) error {
	l, err := h.link(ctx)
	if err != nil {
		return explain(title, h.String(), err)
	}
	if known := l.become.known(); known != nil && known.way == rootAlready {
		err := l.sftp(ctx, temporary, source)
		if !errors.Is(err, errNoSFTP) {
			return h.sftpFault(ctx, title, temporary, size, err)
		}
		h.pool.log.Debug("no SFTP, sending a plain stream", slog.String("host", h.String()), slog.String("reason", err.Error()))
	}
	r, err := h.do(ctx, job{title: title, wish: asRootIfPossible, script: prelude + assign("t", temporary) + receiveScript, input: source}, false)
	if err == nil && r.Code != 0 {
		return h.fileFault(title, r)
	}
	return err
}

// discard removes a temporary file, also when the context has ended. It need not succeed: the next upload removes it.
func (h *Host) discard(ctx context.Context, temporary string) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), killTime)
	defer cancel()
	if err := h.Remove(ctx, temporary); err != nil {
		h.pool.log.Debug("temporary file stays", slog.String("host", h.String()), slog.String("path", temporary), slog.String("reason", err.Error()))
	}
}

// errNoSFTP says that the host has no usable SFTP subsystem; nothing was read from the source then.
var errNoSFTP = errors.New("no sftp subsystem")

// sftp writes a file that exists. A context that ends closes the session.
func (l *link) sftp(ctx context.Context, path string, source io.Reader) error {
	session, err := l.open(ctx, l.sessions)
	if err != nil {
		return err
	}
	defer l.sessions.release()
	defer func() { _ = session.Close() }()
	stop := context.AfterFunc(ctx, func() { _ = session.Close() })
	defer stop()
	l.stats.commands.Add(1)
	in, inErr := session.StdinPipe()
	out, outErr := session.StdoutPipe()
	if err := errors.Join(inErr, outErr); err != nil {
		return &lostError{why: err}
	}
	if err := session.RequestSubsystem("sftp"); err != nil {
		return l.endOr(ctx, fmt.Errorf("%w: %w", errNoSFTP, err))
	}
	client, err := sftp.NewClientPipe(out, in, sftp.UseConcurrentWrites(true))
	if err != nil {
		return l.endOr(ctx, fmt.Errorf("%w: %w", errNoSFTP, err))
	}
	defer func() { _ = client.Close() }()
	file, err := client.Create(path)
	if err != nil {
		return l.endOr(ctx, fmt.Errorf("creating %s: %w", path, err))
	}
	if _, err = file.ReadFrom(source); err == nil {
		err = file.Close()
	}
	return l.endOr(ctx, err)
}

// endOr returns the reason why a session ended from outside, if it did, instead of what that looked like from inside.
func (l *link) endOr(ctx context.Context, err error) error {
	switch {
	case err == nil:
		return nil
	case ctx.Err() != nil:
		return ctx.Err()
	case !l.alive():
		return &lostError{sent: true, why: l.reason()}
	}
	return err
}

// sftpFault classifies what SFTP said. A full disk is only "Failure" there, so the host is asked.
func (h *Host) sftpFault(ctx context.Context, title, temporary string, size int64, err error) error {
	var status *sftp.StatusError
	if !errors.As(err, &status) {
		return explain(title, h.String(), err)
	}
	switch status.FxCode() { //nolint:exhaustive // every other code is passed on as it is
	case sftp.ErrSSHFxPermissionDenied:
		return fault.Newf(fault.Denied, "%s on %s: %w", title, h, err)
	case sftp.ErrSSHFxFailure:
		dir := temporary[:strings.LastIndex(temporary, "/")+1]
		r, dfErr := h.do(ctx, job{title: title, script: prelude + "df -Pk -- " + shellescape.Quote(dir) + " | tail -n 1; df -Pi -- " + shellescape.Quote(dir) + " | tail -n 1\n"}, true)
		if dfErr == nil && full(r.Stdout, size) {
			return fault.Newf(fault.NoSpace, "%s on %s: no space left on device: %s", title, h, strings.TrimSpace(r.Stdout))
		}
	}
	return explain(title, h.String(), err)
}

// full reports whether df's lines (blocks, then inodes) leave no room: less than a tenth of the file, because what
// arrived of it takes up the rest.
func full(df string, size int64) bool {
	for i, line := range strings.Split(strings.TrimSpace(df), "\n") {
		fields := strings.Fields(line)
		if len(fields) < 5 {
			continue
		}
		free, err := strconv.ParseInt(fields[3], 10, 64)
		if err != nil {
			continue
		}
		if free == 0 || (i == 0 && free < size/1024/10) {
			return true
		}
	}
	return false
}

// measured counts and digests what is read.
type measured struct {
	from io.Reader
	hash hash.Hash
	size int64
}

// Read reads from the source.
func (m *measured) Read(p []byte) (int, error) {
	n, err := m.from.Read(p)
	m.size += int64(n)
	_, _ = m.hash.Write(p[:n]) // a hash never fails
	return n, err
}
