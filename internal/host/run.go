package host

import (
	"context"
	"errors"
	"io"
	"strings"

	"golang.org/x/crypto/ssh"

	"github.com/dxlab/terraform-provider-lab/internal/fault"
)

// job is a command ready to be sent.
type job struct {
	title  string
	script string
	input  io.Reader
	wish   rootWish
	limit  *limiter
	// maxOutput bounds each stream; stdout and onLine hear the output as it comes.
	maxOutput int
	stdout    io.Writer
	onLine    func(string)
	// forLock takes a session that is kept free for locks.
	forLock bool
	// noStop says that the job is not ended on the host when its context ends; it ends by itself.
	noStop bool
}

// run sends a job over the connection and waits for its end. An exit status, whichever, is a result and no error.
func (l *link) run(ctx context.Context, j job) (Result, error) {
	known, done, err := l.ascent(ctx, j.wish)
	if err != nil {
		return Result{}, err
	}
	defer done(nil)
	session, err := l.open(ctx, j.limit)
	if err != nil {
		return Result{}, err
	}
	defer j.limit.release()
	tag := l.nextTag()
	out := &capture{tag: tag, max: j.maxOutput, copy: j.stdout, onLine: j.onLine}
	stderr := &capture{tag: tag, max: j.maxOutput, onMark: func(text string) {
		if report, ok := strings.CutPrefix(text, "become "); ok {
			known = parseAscent(report)
			done(known)
		}
	}}
	session.Stdout, session.Stderr = out, stderr
	r := &running{session: session, tag: tag, wish: j.wish, stderr: stderr, ended: make(chan error, 1)}
	failed := make(chan error, 1)
	input := l.input(tag, j, known)
	go func() { r.ended <- l.execute(session, tag, input, failed) }()
	select {
	case err = <-r.ended:
	case cause := <-failed:
		return Result{}, l.stop(ctx, r, cause)
	case <-ctx.Done():
		if j.noStop {
			_ = session.Close()
			return Result{}, ctx.Err()
		}
		return Result{}, l.stop(ctx, r, ctx.Err())
	}
	if out.hasBegun() {
		return finished(out, stderr, err)
	}
	return Result{}, l.notBegun(j, out, stderr, known, err)
}

// ascent asks for the way to root, if the job wishes one. The returned function takes the answer that the job itself
// finds, when nothing is known yet.
func (l *link) ascent(ctx context.Context, wish rootWish) (*ascentResult, func(*ascentResult), error) {
	nobody := func(*ascentResult) {}
	if wish == asUser {
		return nil, nobody, nil
	}
	known, done, err := l.become.enter(ctx)
	switch {
	case err != nil:
		return nil, nobody, err
	case known == nil:
		return nil, done, nil
	}
	return known, nobody, known.err(wish)
}

// input is everything that the host's shell reads: the script in its wrappings and then the job's own input.
func (l *link) input(tag string, j job, known *ascentResult) io.Reader {
	lines := feed(tag, j.script)
	if j.wish != asUser {
		lines = ascent(tag, j.script, l.password, known, j.wish)
	}
	if j.input == nil {
		return strings.NewReader(lines)
	}
	return io.MultiReader(strings.NewReader(lines), j.input)
}

// finished turns the end of a command that did begin into a result.
func finished(out, stderr *capture, err error) (Result, error) {
	var exit *ssh.ExitError
	code := 0
	switch {
	case err == nil:
	case !errors.As(err, &exit):
		return Result{}, err
	case exit.Signal() != "":
		code = -1
	default:
		code = exit.ExitStatus()
	}
	r := Result{Code: code}
	var cut [2]bool
	r.Stdout, cut[0] = out.text()
	r.Stderr, cut[1] = stderr.text()
	// The shell is named after the tag, and says so in its messages.
	r.Stderr = strings.ReplaceAll(r.Stderr, stderr.tag+": ", "sh: ")
	r.Truncated = cut[0] || cut[1]
	if out.copyErr != nil {
		return r, out.copyErr
	}
	return r, nil
}

// notBegun explains a command that ended without having begun: no way to root, or something else answered in its place.
func (l *link) notBegun(j job, out, stderr *capture, known *ascentResult, err error) error {
	var exit *ssh.ExitError
	if err != nil && !errors.As(err, &exit) {
		return err
	}
	if j.wish != asUser && known != nil {
		if err := known.err(j.wish); err != nil {
			return err
		}
		return fault.Newf(fault.Denied, "user %s cannot become root: %s", known.user, known.explain(l.secrets.clean(strings.TrimSpace(stderr.before()))))
	}
	said := fault.Tail(l.secrets.clean(out.before()+"\n"+stderr.before()), 6)
	if said == "" {
		said = "nothing"
	}
	status := "exit status 0"
	if exit != nil {
		status = exit.Error()
	}
	return fault.Newf(fault.Denied, "the login there runs something else than what was asked for (a ForceCommand, "+
		"a shell that forbids it or an expired password?): %s, and it said: %s", status, said)
}
