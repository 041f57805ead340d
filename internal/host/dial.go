package host

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"strings"
	"time"

	"golang.org/x/crypto/ssh"

	"github.com/dxlab/terraform-provider-lab/internal/wait"
)

// dialer opens the transport connection of a hop: TCP for the first, a channel through the hop before otherwise.
type dialer func(ctx context.Context, network, addr string) (net.Conn, error)

// passingError is a failure to connect that may be over in a moment, such as a host that closes new connections
// because of MaxStartups or because it is booting.
type passingError struct {
	err   error
	limit int
}

func (e *passingError) Error() string { return e.err.Error() }
func (e *passingError) Unwrap() error { return e.err }

// refusals is how often a refused connection is tried: an sshd that reloads is away for a moment, a host that has
// none stays so.
const refusals = 3

// approach is how one hop is reached: via is the text that names the hops before it, empty for the first.
type approach struct {
	hop  *hop
	dial dialer
	via  string
}

// connect makes a connection to a hop. Failures that pass are tried again within ConnectTimeout, each time after a
// longer pause: OpenSSH from 9.8 on punishes addresses that knock too often (PerSourcePenalties).
func (p *Pool) connect(ctx context.Context, to approach) (*link, error) {
	started, tries := time.Now(), 0
	var made *link
	var last error
	err := wait.Until(ctx, wait.Options{
		For: "an SSH connection", Timeout: p.options.ConnectTimeout, Interval: 300 * time.Millisecond, MaxInterval: 4 * time.Second,
	}, func(ctx context.Context) error {
		tries++
		var err error
		if made, err = p.attempt(ctx, to); err == nil {
			return nil
		}
		if last == nil || ctx.Err() == nil {
			last = err
		}
		var passing *passingError
		if errors.As(err, &passing) && (passing.limit == 0 || tries < passing.limit) {
			return wait.Pending(err.Error())
		}
		return finalError(err.Error())
	})
	switch {
	case err == nil:
		p.counters.connections.Add(1)
		p.log.Debug("connected", slog.String("host", to.hop.name), slog.String("at", to.hop.String()), slog.Duration("took", time.Since(started)))
		return made, nil
	case last == nil:
		return nil, fmt.Errorf("connecting to %s%s: %w", to.hop, to.via, err)
	}
	text := fmt.Sprintf("connecting to %s%s", to.hop, to.via)
	if tries > 1 {
		text += fmt.Sprintf(" (tried %d times in %s)", tries, time.Since(started).Round(100*time.Millisecond))
	}
	if len(to.hop.notes) > 0 {
		return nil, fmt.Errorf("%s: %w (%s)", text, last, strings.Join(to.hop.notes, "; "))
	}
	return nil, fmt.Errorf("%s: %w", text, last)
}

// finalError hides a failure's kind from the poll, which would go on after one of kind Unreachable.
type finalError string

func (e finalError) Error() string { return string(e) }

// attempt connects once. A fingerprint that did not match is looked for among the host's other keys, because it does
// not tell which of them it belongs to.
func (p *Pool) attempt(ctx context.Context, to approach) (*link, error) {
	g, err := newGuard(to.hop)
	if err != nil {
		return nil, err
	}
	var mismatch error
	var without []string
	for {
		var shown keySeen
		l, err := p.handshake(ctx, to, g.with(without), &shown)
		switch {
		case err == nil:
			return l, nil
		case shown.verdict == nil && mismatch != nil:
			// The host has no other kind of key.
			return nil, mismatch
		case shown.verdict == nil || !g.pinsWithoutType():
			return nil, err
		}
		mismatch = firstError(mismatch, err)
		without = append(without, bare(shown.key).Type())
		if len(g.with(without).algorithms()) == 0 {
			return nil, mismatch
		}
	}
}

func firstError(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

// keySeen is the key that a host showed in a handshake, and what the guard said of it.
type keySeen struct {
	key     ssh.PublicKey
	verdict error
}

// handshake opens the transport, agrees on keys, checks the host's and logs in.
func (p *Pool) handshake(ctx context.Context, to approach, g *guard, seen *keySeen) (*link, error) {
	conn, err := to.dial(ctx, "tcp", to.hop.addr())
	if err != nil {
		return nil, dialFault(err)
	}
	// What goes through another hop is counted there.
	w := &wire{Conn: conn, counters: &p.counters, count: to.via == ""}
	stop := context.AfterFunc(ctx, func() { _ = conn.Close() })
	defer stop()
	a := &login{hop: to.hop, home: p.home}
	defer a.close()
	client, chans, requests, err := ssh.NewClientConn(w, to.hop.keyAddr(), &ssh.ClientConfig{
		User:              to.hop.user,
		Auth:              a.methods(),
		AuthCallback:      a.observe,
		HostKeyAlgorithms: g.algorithms(),
		HostKeyCallback: func(_ string, _ net.Addr, key ssh.PublicKey) error {
			seen.key, seen.verdict = key, g.check(key)
			return seen.verdict
		},
		BannerCallback: a.hear,
	})
	if err != nil {
		_ = conn.Close()
		if ctx.Err() != nil {
			return nil, lateFault(to.hop, seen)
		}
		return nil, handshakeFault(err, a, seen, w.first())
	}
	return p.newLink(to, ssh.NewClient(client, chans, requests), seen.key), nil
}
