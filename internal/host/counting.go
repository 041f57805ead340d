package host

import (
	"net"
	"sync"
	"sync/atomic"
)

// counters are the Stats of a pool while they grow.
type counters struct {
	connections, commands, dials, sent, received atomic.Int64
}

func (c *counters) stats() Stats {
	return Stats{
		Connections: c.connections.Load(), Commands: c.commands.Load(), Dials: c.dials.Load(),
		BytesSent: c.sent.Load(), BytesReceived: c.received.Load(),
	}
}

// wire counts the bytes of a connection and remembers the first ones, because a server that refuses says so in
// plain text before the protocol begins ("Exceeded MaxStartups").
type wire struct {
	net.Conn
	counters *counters
	count    bool

	mu   sync.Mutex
	head []byte
}

const headLength = 256

// Read reads from the connection.
func (w *wire) Read(p []byte) (int, error) {
	n, err := w.Conn.Read(p)
	if w.count {
		w.counters.received.Add(int64(n))
	}
	w.mu.Lock()
	if room := headLength - len(w.head); room > 0 {
		w.head = append(w.head, p[:min(n, room)]...)
	}
	w.mu.Unlock()
	return n, err
}

// Write writes to the connection.
func (w *wire) Write(p []byte) (int, error) {
	n, err := w.Conn.Write(p)
	if w.count {
		w.counters.sent.Add(int64(n))
	}
	return n, err
}

func (w *wire) first() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return string(w.head)
}
