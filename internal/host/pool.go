package host

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"os"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/crypto/ssh"

	"github.com/dxlab/terraform-provider-lab/internal/fault"
)

// Pool keeps the connections of one process: one a host and user, shared by everybody who wants that host. Its
// methods may be called concurrently.
type Pool struct {
	options  Options
	home     string
	config   *clientConfig
	log      *slog.Logger
	counters counters
	flights  flights
	holders  holders

	mu     sync.Mutex
	links  map[string][]*link
	closed bool
}

const (
	defaultConnectTimeout = 15 * time.Second
	defaultKeepAlive      = 10 * time.Second
)

// errPoolClosed is what latecomers get; it has no kind, because trying again does not help.
var errPoolClosed = errors.New("the connections of this process have been closed")

// NewPool makes a pool. It reads no file and does not dial.
func NewPool(o Options) *Pool {
	if o.ConnectTimeout <= 0 {
		o.ConnectTimeout = defaultConnectTimeout
	}
	if o.KeepAlive <= 0 {
		o.KeepAlive = defaultKeepAlive
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.Home == "" {
		o.Home, _ = os.UserHomeDir() // without a home there are no default files, which is no error
	}
	if o.Dial == nil {
		o.Dial = (&net.Dialer{}).DialContext
	}
	return &Pool{options: o, home: o.Home, log: o.Logger, config: newClientConfig(o.ConfigPath, o.Home), links: map[string][]*link{}}
}

// Host returns the host that a target names. It does not dial; hosts of one pool that are reached in the same way
// share their connection.
func (p *Pool) Host(t Target) *Host { return &Host{pool: p, target: t} }

// Stats returns what has been done so far.
func (p *Pool) Stats() Stats { return p.counters.stats() }

// Close ends all connections. Commands that still run on hosts are not ended; cancel their contexts for that.
func (p *Pool) Close() error {
	p.mu.Lock()
	p.closed = true
	var all []*link
	for _, links := range p.links {
		all = append(all, links...)
	}
	p.links = map[string][]*link{}
	p.mu.Unlock()
	for _, l := range all {
		l.end(errLinkClosed)
	}
	return nil
}

// link returns a living connection over the route whose key the last hop accepts, or makes one.
func (p *Pool) link(ctx context.Context, route []*hop) (*link, error) {
	key, last := routeKey(route), route[len(route)-1]
	if l, err := p.existing(key, last); l != nil || err != nil {
		return l, err
	}
	var own atomic.Bool // the attempt may go on after this caller has left
	made, err := p.flights.do(ctx, key, func(ctx context.Context) (*link, error) {
		own.Store(true)
		return p.make(ctx, key, route)
	})
	if err == nil {
		if ok, err := made.satisfies(last); ok || err != nil {
			return made, err
		}
	} else if own.Load() || !fault.Is(err, fault.HostKey) {
		return nil, err
	}
	// Somebody with another pin has dialled the same host; what that came to says nothing about this one.
	return p.flights.do(ctx, key+" "+last.pin, func(ctx context.Context) (*link, error) {
		return p.make(ctx, key, route)
	})
}

func (p *Pool) make(ctx context.Context, key string, route []*hop) (*link, error) {
	last := route[len(route)-1]
	if l, err := p.existing(key, last); l != nil || err != nil {
		return l, err
	}
	to := approach{hop: last, dial: p.options.Dial, via: through(route)}
	if len(route) > 1 {
		before, err := p.link(ctx, route[:len(route)-1])
		if err != nil {
			return nil, err
		}
		to.dial = before.dial
	}
	l, err := p.connect(ctx, to)
	if err != nil {
		return nil, err
	}
	return l, p.keep(key, l)
}

// existing finds a living connection that satisfies the hop's own host key rule: two users of a host may pin
// different things.
func (p *Pool) existing(key string, h *hop) (*link, error) {
	p.mu.Lock()
	p.links[key] = slices.DeleteFunc(p.links[key], func(l *link) bool { return !l.alive() })
	links := slices.Clone(p.links[key])
	p.mu.Unlock()
	for _, l := range links {
		ok, err := l.satisfies(h)
		if err != nil {
			return nil, err
		}
		if ok {
			return l, nil
		}
	}
	return nil, nil
}

// satisfies reports whether the key of this connection is acceptable for a hop. A key that is not may still be one of
// several of that host, so it is no error: a connection of its own will tell.
func (l *link) satisfies(h *hop) (bool, error) {
	rule := h.rule()
	l.mu.Lock()
	ok, known := l.accepted[rule]
	l.mu.Unlock()
	if known {
		return ok, nil
	}
	g, err := newGuard(h)
	if err != nil {
		return false, err
	}
	ok = g.check(l.shown) == nil
	l.mu.Lock()
	l.accepted[rule] = ok
	l.mu.Unlock()
	return ok, nil
}

func (p *Pool) keep(key string, l *link) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		l.end(errLinkClosed)
		return errPoolClosed
	}
	p.links[key] = append(p.links[key], l)
	return nil
}

func (p *Pool) newLink(to approach, client *ssh.Client, shown ssh.PublicKey) *link {
	h := to.hop
	sudo := firstOf(p.options.SudoPassword, h.creds.Password)
	l := &link{
		client: client, name: h.name, at: h.String(), key: bare(shown), shown: shown, id: newLinkID(),
		sessions: newLimiter(maxSessions), locks: newLimiter(2), kills: newLimiter(2),
		become: newBecome(), password: sudo,
		secrets: redactor{sudo, h.creds.Password, h.creds.Passphrase},
		stats:   &p.counters, log: p.log,
		again: func(ctx context.Context) (*link, error) { return p.connect(ctx, to) },
		gone:  make(chan struct{}), accepted: map[string]bool{h.rule(): true},
	}
	l.start(p.options.KeepAlive)
	return l
}
