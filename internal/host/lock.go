package host

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math"
	"os"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/dxlab/terraform-provider-lab/internal/fault"
)

// LockOptions name a lock on the host and say who wants it.
type LockOptions struct {
	// Name is the lock's: one word, such as "rke2".
	Name string
	// Holder tells others who has it; empty means the local user, machine and process.
	Holder string
	// Wait is how long to wait for another holder; zero fails at once.
	Wait time.Duration
	// Dir is where locks live on the host; empty means /run/terraform-provider-lab, which a reboot clears.
	Dir string
	// Beat is the pause between two signs of life, default 5 s. A holder that is silent for twelve times as long,
	// which is longer than it takes to give its connection up, loses the lock to whoever waits for it.
	Beat time.Duration
}

const (
	defaultLockDir = "/run/terraform-provider-lab"
	defaultBeat    = 5 * time.Second
	staleBeats     = 12
)

// Lock is held until it is released, or its connection is lost.
type Lock struct {
	once    sync.Once
	release func(context.Context) error
	lost    <-chan struct{}
}

// NewLock makes a lock from what ends it, for those who stand in for a Host. A nil lost means never.
func NewLock(release func(context.Context) error, lost <-chan struct{}) *Lock {
	return &Lock{release: release, lost: lost}
}

// Release gives the lock back, also when the context has ended already. To release a lock that was lost is an error
// of kind fault.Unreachable; a second release does nothing.
func (l *Lock) Release(ctx context.Context) (err error) {
	l.once.Do(func() { err = l.release(ctx) })
	return err
}

// Lost is closed when the lock is gone without having been released, because the connection that held it is.
func (l *Lock) Lost() <-chan struct{} { return l.lost }

var lockName = regexp.MustCompile(`^[a-z0-9][a-z0-9._-]*$`)

// Lock takes a lock on the host, as root where that is possible, and holds it with a process there that ends with the
// connection. A lock that somebody else keeps for longer than Wait is an error of kind fault.Conflict which says who,
// since when and from where. When the connection is lost, commands on it that still run on the host are ended before
// the lock is free.
func (h *Host) Lock(ctx context.Context, o LockOptions) (*Lock, error) {
	if !lockName.MatchString(o.Name) {
		return nil, fault.Newf(fault.Invalid, "lock name %q is not one lower-case word", o.Name)
	}
	route, err := h.route()
	if err != nil {
		return nil, err
	}
	o = o.withDefaults()
	title := "lock " + o.Name
	deadline := time.Now().Add(o.Wait)
	leave, err := h.pool.holders.enter(ctx, routeKey(route)+" "+o.Dir+"/"+o.Name, o)
	if err != nil {
		return nil, explain(title, h.String(), err)
	}
	held := h.hold(ctx, title, o, time.Until(deadline))
	if err := held.await(ctx); err != nil {
		leave()
		return nil, err
	}
	go held.beat(o.Beat)
	return NewLock(func(ctx context.Context) error {
		defer leave()
		return held.release(ctx)
	}, held.lost), nil
}

func (o LockOptions) withDefaults() LockOptions {
	if o.Dir == "" {
		o.Dir = defaultLockDir
	}
	if o.Beat <= 0 {
		o.Beat = defaultBeat
	}
	if o.Holder == "" {
		name, _ := os.Hostname() // only for a message
		o.Holder = fmt.Sprintf("%s@%s, process %d", localUser(), name, os.Getpid())
	}
	o.Holder = printable(o.Holder)
	return o
}

// holding is a lock session: a process on the host that has the lock, or waits for it.
type holding struct {
	host   *Host
	title  string
	pipe   *io.PipeWriter
	lines  chan string
	ended  chan struct{}
	lost   chan struct{}
	cancel context.CancelFunc

	mu       sync.Mutex
	released bool
	// result and err are set before ended is closed.
	result Result
	err    error
}

// hold starts the session. It outlives ctx once the lock is there.
func (h *Host) hold(ctx context.Context, title string, o LockOptions, wait time.Duration) *holding {
	reader, writer := io.Pipe()
	ctx, cancel := context.WithCancel(context.WithoutCancel(ctx))
	held := &holding{
		host: h, title: title, pipe: writer, cancel: cancel,
		lines: make(chan string, 16), ended: make(chan struct{}), lost: make(chan struct{}),
	}
	stale := int(math.Ceil((staleBeats * o.Beat).Seconds()))
	script := assign("dir", o.Dir, "name", o.Name, "holder", o.Holder, "stale", strconv.Itoa(stale),
		"wait", strconv.Itoa(int(math.Ceil(max(wait, 0).Seconds()))))
	go func() {
		defer cancel()
		held.result, held.err = h.do(ctx, job{
			title: title, wish: asRootIfPossible, script: prelude + script + lockScript, input: reader, forLock: true,
			onLine: func(line string) {
				select {
				case held.lines <- line:
				default: // nobody listens once the lock is there
				}
			},
		}, false)
		_ = reader.Close()
		held.mu.Lock()
		if !held.released {
			close(held.lost)
		}
		held.mu.Unlock()
		close(held.ended)
	}()
	return held
}

// await returns when the lock is there, or why it will not be.
func (held *holding) await(ctx context.Context) error {
	for {
		select {
		case line := <-held.lines:
			what, who, _ := strings.Cut(line, "\t")
			if what == "acquired" {
				return nil
			}
			held.host.pool.log.Info("waiting for a lock", slog.String("host", held.host.String()), slog.String("lock", held.title),
				slog.String("state", what), slog.String("holder", describeHolder(who)))
		case <-held.ended:
			return held.refusal()
		case <-ctx.Done():
			held.cancel()
			<-held.ended
			return explain(held.title, held.host.String(), ctx.Err())
		}
	}
}

// refusal explains a session that ended without the lock.
func (held *holding) refusal() error {
	switch {
	case held.err != nil:
		return held.err
	case held.result.Code == exitHeld:
		_, who, _ := strings.Cut(fault.Tail(held.result.Stdout, 1), "\t")
		return fault.Newf(fault.Conflict, "%s on %s: held by %s", held.title, held.host, describeHolder(who))
	}
	return held.host.fileFault(held.title, held.result)
}

// describeHolder reads the holder's file, tabs for line ends: connection, holder, since, process, address.
func describeHolder(text string) string {
	fields := strings.Split(text, "\t")
	if len(fields) < 5 || fields[1] == "" {
		return "somebody who has not left a name yet"
	}
	who := fmt.Sprintf("%s since %s (process %s on the host", fields[1], fields[2], fields[3])
	if fields[4] != "" {
		who += ", connected from " + fields[4]
	}
	return who + ")"
}

// beat gives signs of life until the session ends.
func (held *holding) beat(every time.Duration) {
	ticker := time.NewTicker(every)
	defer ticker.Stop()
	for {
		select {
		case <-held.ended:
			return
		case <-ticker.C:
			if _, err := io.WriteString(held.pipe, "beat\n"); err != nil {
				return
			}
		}
	}
}

func (held *holding) release(ctx context.Context) error {
	held.mu.Lock()
	held.released = true
	held.mu.Unlock()
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), killTime)
	defer cancel()
	go func() { _, _ = io.WriteString(held.pipe, "release\n") }() // fails when the session has ended, which is seen below
	select {
	case <-held.ended:
	case <-ctx.Done():
		held.cancel()
		<-held.ended
		return fault.Newf(fault.Unreachable, "release %s on %s: no answer in %s", held.title, held.host, killTime)
	}
	if held.err != nil {
		return fmt.Errorf("release: %w", held.err)
	}
	return nil
}

// holders are the locks of this process: those who want the same one take turns here, so that each takes up only
// one session of its host.
type holders struct {
	mu   sync.Mutex
	held map[string]*turn
}

type turn struct {
	who   string
	since time.Time
	over  chan struct{}
}

// enter waits for the turn; the returned function ends it.
func (hs *holders) enter(ctx context.Context, key string, o LockOptions) (func(), error) {
	timeout := time.NewTimer(o.Wait)
	defer timeout.Stop()
	for {
		hs.mu.Lock()
		other := hs.held[key]
		if other == nil {
			mine := &turn{who: o.Holder, since: time.Now(), over: make(chan struct{})}
			if hs.held == nil {
				hs.held = map[string]*turn{}
			}
			hs.held[key] = mine
			hs.mu.Unlock()
			return func() {
				hs.mu.Lock()
				delete(hs.held, key)
				hs.mu.Unlock()
				close(mine.over)
			}, nil
		}
		hs.mu.Unlock()
		select {
		case <-other.over:
		case <-timeout.C:
			return nil, fault.New(fault.Conflict, errors.New("held by "+other.who+" since "+other.since.UTC().Format(time.RFC3339)+" (this process)"))
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}
