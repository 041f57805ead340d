package host

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/crypto/ssh"
)

// link is one SSH connection. It lives until either side ends it or a keepalive stays unanswered.
type link struct {
	client *ssh.Client
	// name is the host as the user wrote it, at where it was really reached: "ops@10.0.0.1:22".
	name, at string
	// key is the host's key, taken out of its certificate if it showed one; shown is what it showed.
	key, shown ssh.PublicKey
	id         string
	numbers    atomic.Int64
	sessions   *limiter
	// spare keeps room for locks and for ending commands.
	locks, kills *limiter
	become       *become
	password     string
	secrets      redactor
	stats        *counters
	log          *slog.Logger
	// again makes another connection of the same kind, which nobody else uses.
	again func(context.Context) (*link, error)

	gone chan struct{}
	once sync.Once
	why  error

	mu       sync.Mutex
	accepted map[string]bool
}

// errLinkClosed is why a link ended that was closed on purpose.
var errLinkClosed = errors.New("connection closed")

func newLinkID() string {
	var b [6]byte
	_, _ = rand.Read(b[:]) // never fails since Go 1.24
	return hex.EncodeToString(b[:])
}

// start begins to watch the connection.
func (l *link) start(keepAlive time.Duration) {
	go func() {
		err := l.client.Wait()
		if err == nil {
			err = errors.New("connection closed by the host")
		}
		l.end(err)
	}()
	go l.keepAlive(keepAlive)
}

// end closes the connection; the first reason counts.
func (l *link) end(why error) {
	l.once.Do(func() {
		l.why = why
		close(l.gone)
		_ = l.client.Close()
		l.log.Debug("connection ended", slog.String("host", l.name), slog.String("reason", why.Error()))
	})
}

func (l *link) alive() bool {
	select {
	case <-l.gone:
		return false
	default:
		return true
	}
}

// goneSoon reports whether the connection has ended, and waits a moment for the news of it.
func (l *link) goneSoon() bool {
	select {
	case <-l.gone:
		return true
	case <-time.After(settle):
		return false
	}
}

// reason says why the link ended; it is called after gone was closed.
func (l *link) reason() error {
	<-l.gone
	return l.why
}

// keepAlive asks for a sign of life and gives the connection up when none comes: a host that lost power or route
// answers nothing, and without this everything on the connection would hang without an error.
func (l *link) keepAlive(every time.Duration) {
	ticker := time.NewTicker(every)
	defer ticker.Stop()
	for {
		select {
		case <-l.gone:
			return
		case <-ticker.C:
		}
		answered := make(chan error, 1)
		go func() {
			_, _, err := l.client.SendRequest("keepalive@openssh.com", true, nil)
			answered <- err
		}()
		deadline := time.NewTimer(3 * every)
		select {
		case err := <-answered:
			deadline.Stop()
			if err != nil {
				return
			}
		case <-deadline.C:
			l.end(fmt.Errorf("no answer to a keepalive within %s", 3*every))
			return
		case <-l.gone:
			deadline.Stop()
			return
		}
	}
}

// nextTag names one command of this connection. Tags of one connection share their beginning.
func (l *link) nextTag() string {
	return fmt.Sprintf("%s%dx", l.tagPrefix(), l.numbers.Add(1))
}

func (l *link) tagPrefix() string { return "lab-" + l.id + "-" }

// dial opens a connection from the host to addr.
func (l *link) dial(ctx context.Context, network, addr string) (net.Conn, error) {
	return l.client.DialContext(ctx, network, addr)
}
