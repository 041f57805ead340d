package host

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"golang.org/x/crypto/ssh"
)

// lostError says that the connection ended under a command.
type lostError struct {
	// sent says that the command may have begun; otherwise it certainly has not.
	sent bool
	why  error
}

func (e *lostError) Error() string {
	if !e.sent {
		return "connection lost before the command was sent: " + e.why.Error()
	}
	return "connection lost while it ran, it is not known whether it finished: " + e.why.Error()
}

func (e *lostError) Unwrap() error { return e.why }

// errNoSession means that the server opens no session at all.
var errNoSession = errors.New("the host opens no session")

// refusedPause is the first pause after the server refused a session though none of ours was open: it counts an ended
// one for a moment longer. Pauses double; after refusedTries of them, over a second, it is taken to mean no.
const (
	refusedPause = 20 * time.Millisecond
	refusedTries = 6
)

// open opens a session within the slots of limit, which the caller releases. Waiting for the server ends with ctx.
func (l *link) open(ctx context.Context, limit *limiter) (*ssh.Session, error) {
	for alone := 0; ; {
		if err := limit.acquire(ctx); err != nil {
			return nil, err
		}
		session, err := l.newSession(ctx)
		if err == nil {
			return session, nil
		}
		var refused *ssh.OpenChannelError
		if !errors.As(err, &refused) {
			limit.release()
			return nil, err
		}
		// MaxSessions of the server is lower than ours: the next slot comes when one of ours ends.
		if limit.shrink() {
			continue
		}
		if alone == refusedTries {
			return nil, fmt.Errorf("%w: %w", errNoSession, err)
		}
		select {
		case <-time.After(refusedPause << alone):
			alone++
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

func (l *link) newSession(ctx context.Context) (*ssh.Session, error) {
	type opened struct {
		session *ssh.Session
		err     error
	}
	result := make(chan opened, 1)
	go func() {
		session, err := l.client.NewSession()
		result <- opened{session, err}
	}()
	select {
	case o := <-result:
		var refused *ssh.OpenChannelError
		if o.err == nil || errors.As(o.err, &refused) {
			return o.session, o.err
		}
		l.end(o.err)
		return nil, &lostError{why: l.reason()}
	case <-ctx.Done():
		go func() {
			if o := <-result; o.err == nil {
				_ = o.session.Close()
			}
		}()
		return nil, ctx.Err()
	}
}

// execute starts the program on the session, feeds it and waits for its end. The error is one of the ssh package's
// exit errors or a *lostError. An error of the input goes to failed, and the program sees no end of its input then.
func (l *link) execute(session *ssh.Session, tag string, input io.Reader, failed chan<- error) error {
	stdin, err := session.StdinPipe()
	if err != nil {
		return &lostError{why: err}
	}
	l.stats.commands.Add(1)
	if err := session.Start(launch(tag)); err != nil {
		// Refusing is an answer; a session that ends instead of one was cut, and the command may have begun.
		if !errors.Is(err, io.EOF) && !l.goneSoon() {
			return fmt.Errorf("%w: %w", errNoSession, err)
		}
		if l.goneSoon() {
			err = l.reason()
		}
		return &lostError{sent: true, why: err}
	}
	fed := make(chan struct{})
	go func() {
		defer close(fed)
		if err := pour(stdin, input); err != nil {
			failed <- err
			return
		}
		_ = stdin.Close()
	}()
	err = session.Wait()
	// The caller may use its reader again after this, so a source that is still being read is waited for.
	select {
	case <-fed:
	case <-time.After(settle):
	}
	var exit *ssh.ExitError
	if err == nil || errors.As(err, &exit) {
		return err
	}
	// No exit status: the session was cut. If the whole connection is going down, its own reason says more.
	if l.goneSoon() {
		err = l.reason()
	}
	return &lostError{sent: true, why: err}
}

// settle is how long a cut session waits to learn whether its connection ends as well, and an ended one for its input.
const settle = 100 * time.Millisecond

// pour copies a command's input and returns only errors of the source: that the program reads no more does not
// matter, since it need not read all.
func pour(to io.Writer, from io.Reader) error {
	buffer := make([]byte, 64<<10)
	for {
		n, err := from.Read(buffer)
		if n > 0 {
			if _, err := to.Write(buffer[:n]); err != nil {
				return nil //nolint:nilerr // see above: the session's end says what happened
			}
		}
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
	}
}
