package host

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"strings"
	"sync"
	"time"

	"golang.org/x/crypto/ssh"

	"github.com/dxlab/terraform-provider-lab/internal/fault"
)

// Host is one machine. Its methods dial when there is no connection yet or any more, and may be called concurrently.
//
// Their errors have a kind: fault.Unreachable, fault.Auth, fault.HostKey, fault.Denied, fault.NoSpace, fault.Integrity,
// fault.NotFound, fault.Conflict, fault.Invalid, fault.Timeout when the context's deadline passed, or fault.Command.
type Host struct {
	pool   *Pool
	target Target

	once  sync.Once
	hops  []*hop
	wrong error
}

// String returns the host as the user wrote it.
func (h *Host) String() string { return h.target.Host }

func (h *Host) route() ([]*hop, error) {
	h.once.Do(func() {
		if strings.TrimSpace(h.target.Host) == "" {
			h.wrong = fault.New(fault.Invalid, errors.New("the host has no name or address"))
			return
		}
		h.hops, h.wrong = h.pool.route(h.target)
	})
	return h.hops, h.wrong
}

func (h *Host) link(ctx context.Context) (*link, error) {
	route, err := h.route()
	if err != nil {
		return nil, err
	}
	l, err := h.pool.link(ctx, route)
	if err != nil && fault.KindOf(err) == fault.Unknown && errors.Is(err, context.DeadlineExceeded) {
		return nil, fault.Newf(fault.Unreachable, "connecting to %s%s: no answer in time: %w", route[len(route)-1], through(route), err)
	}
	return l, err
}

// HostKey returns the host's verified key in authorized_keys form, without a comment.
func (h *Host) HostKey(ctx context.Context) (string, error) {
	l, err := h.link(ctx)
	if err != nil {
		return "", explain("read the host key", h.String(), err)
	}
	return strings.TrimSpace(string(ssh.MarshalAuthorizedKey(l.key))), nil
}

const defaultMaxOutput = 1 << 20

// Run runs a command and returns what it wrote. An exit code that the command does not allow is a
// *fault.CommandError, of kind fault.NoSpace when a full disk was the reason; the result is returned with it. When the
// context ends, the command is ended on the host with all its children.
//
// A command is never sent twice unless it is Idempotent: when the connection is lost, the error is of kind
// fault.Unreachable and says whether it is known what became of it.
func (h *Host) Run(ctx context.Context, c Command) (Result, error) {
	if err := c.Validate(); err != nil {
		return Result{}, err
	}
	j := job{title: c.Title(), script: body(c), input: c.Stdin, maxOutput: c.MaxOutput, stdout: c.Stdout}
	if c.Sudo {
		j.wish = asRoot
	}
	r, err := h.do(ctx, j, c.Idempotent)
	if err != nil {
		return r, err
	}
	if c.Accepts(r.Code) {
		return r, nil
	}
	return r, h.failed(j.title, r, c.Redact)
}

// do sends a job, over a new connection when the old one turns out to be gone before anything was sent, or, for a
// repeatable job, also afterwards.
func (h *Host) do(ctx context.Context, j job, repeatable bool) (Result, error) {
	if j.maxOutput <= 0 {
		j.maxOutput = defaultMaxOutput
	}
	started := time.Now()
	for first := true; ; first = false {
		l, err := h.link(ctx)
		if err != nil {
			return Result{}, explain(j.title, h.String(), err)
		}
		j.limit = l.sessions
		if j.forLock {
			j.limit = l.locks
		}
		r, err := l.run(ctx, j)
		var lost *lostError
		if first && ctx.Err() == nil && errors.As(err, &lost) && (!lost.sent || repeatable && rewind(j.input)) {
			h.pool.log.Debug("connection lost, trying again", slog.String("host", h.String()), slog.String("command", j.title))
			continue
		}
		h.pool.log.Debug("command", slog.String("host", h.String()), slog.String("command", j.title), slog.Int("code", r.Code),
			slog.Duration("took", time.Since(started)), slog.Bool("ok", err == nil))
		return r, explain(j.title, h.String(), err)
	}
}

// rewind makes an input readable from the start again, if it can.
func rewind(input io.Reader) bool {
	if input == nil {
		return true
	}
	seeker, ok := input.(io.Seeker)
	if !ok {
		return false
	}
	_, err := seeker.Seek(0, io.SeekStart)
	return err == nil
}

// failed is the error for a command that ran and failed, without the secrets that are known.
func (h *Host) failed(title string, r Result, secrets []string) error {
	clean := h.secrets().with(secrets...)
	err := &fault.CommandError{
		Name: title, Host: h.String(), Code: r.Code,
		Stdout: clean.clean(tailOf(r.Stdout)), Stderr: clean.clean(tailOf(r.Stderr)),
	}
	if outOfSpace(r.Stderr) {
		return fault.New(fault.NoSpace, err)
	}
	return err
}

// secrets are the passwords that might come back in an output.
func (h *Host) secrets() redactor {
	o := h.pool.options
	r := redactor{o.Password, o.Passphrase, o.SudoPassword}
	for _, b := range o.Bastions {
		r = append(r, b.Password, b.Passphrase)
	}
	return r
}

// errorOutput bounds each stream that a command error keeps.
const errorOutput = 16 << 10

func tailOf(text string) string { return string(keepTail([]byte(text), errorOutput)) }

// outOfSpace recognises a full file system in what a program wrote under LC_ALL=C.
func outOfSpace(stderr string) bool {
	tail := fault.Tail(stderr, 8)
	return strings.Contains(tail, "No space left on device") || strings.Contains(tail, "Disk quota exceeded")
}
