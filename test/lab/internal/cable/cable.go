// Package cable knows how to connect two network interfaces with a cable that can be slow, long or bad. It is written in Go
// because the kernel's own tool for it, sch_netem, is missing from many kernels.
package cable

import (
	"errors"
	"math/rand/v2"
	"os"
	"sync"
	"time"
)

// Quality is how good a cable is; the zero value is a perfect one. It holds for each direction.
type Quality struct {
	Delay time.Duration // of each frame
	Loss  float64       // part of the frames that is lost, 0 to 1
	Rate  int           // bytes a second, 0 for as fast as it goes
}

// Cable connects two interfaces until it is closed.
type Cable struct {
	ends    [2]*os.File
	mu      sync.Mutex
	quality Quality
}

// End names an interface that the cable makes: in a network namespace, or in the caller's own when it is nil.
type End struct {
	Namespace *os.File
	Name      string
}

// New makes both interfaces and connects them.
func New(a, b End, quality Quality) (*Cable, error) {
	c := &Cable{quality: quality}
	for i, end := range []End{a, b} {
		file, err := openTap(end.Namespace, end.Name)
		if err != nil {
			return nil, errors.Join(err, c.Close())
		}
		c.ends[i] = file
	}
	go c.carry(c.ends[0], c.ends[1])
	go c.carry(c.ends[1], c.ends[0])
	return c, nil
}

// Set changes the quality for the frames to come.
func (c *Cable) Set(quality Quality) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.quality = quality
}

func (c *Cable) now() Quality {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.quality
}

// Close pulls the cable out: both interfaces disappear.
func (c *Cable) Close() error {
	var errs []error
	for _, end := range c.ends {
		if end != nil {
			errs = append(errs, end.Close())
		}
	}
	return errors.Join(errs...)
}

type frame struct {
	due  time.Time
	data []byte
}

// queue is how many frames can be on the way, largest how long one can be.
const (
	queue   = 10000
	largest = 65536
)

// carry takes frames from one end to the other until either is closed. A frame that finds the queue full is lost, as on a
// real network.
func (c *Cable) carry(from, to *os.File) {
	frames := make(chan frame, queue)
	defer close(frames)
	go deliver(frames, to)
	buffer := make([]byte, largest)
	var free time.Time // when the line has sent all that it took
	for {
		n, err := from.Read(buffer)
		if err != nil {
			return
		}
		quality := c.now()
		if quality.Loss > 0 && rand.Float64() < quality.Loss {
			continue
		}
		sent := time.Now()
		if quality.Rate > 0 {
			if free.Before(sent) {
				free = sent
			}
			if free.Sub(sent) > patience {
				continue
			}
			free = free.Add(time.Duration(n) * time.Second / time.Duration(quality.Rate))
			sent = free
		}
		select {
		case frames <- frame{due: sent.Add(quality.Delay), data: append([]byte(nil), buffer[:n]...)}:
		default:
		}
	}
}

// patience is how long a frame waits for a slow line before it is lost.
const patience = 400 * time.Millisecond

func deliver(frames <-chan frame, to *os.File) {
	timer := time.NewTimer(0)
	defer timer.Stop()
	for f := range frames {
		if wait := time.Until(f.due); wait > 0 {
			timer.Reset(wait)
			<-timer.C
		}
		// a frame for an interface that is down is lost
		_, _ = to.Write(f.data)
	}
}
