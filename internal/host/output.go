package host

import (
	"bytes"
	"io"
	"strings"
	"sync"
)

// maxNoise is how much output before the command's beginning is kept for messages.
const maxNoise = 8 << 10

// capture receives one output stream of a command: first lines that are not the command's own, then, after the line
// "TAG begin", the output, of which the last bytes are kept.
type capture struct {
	mu    sync.Mutex
	tag   string
	max   int
	copy  io.Writer
	begun bool
	// onMark is called with each marked line, without the tag.
	onMark func(text string)
	// onLine is called with each line of the output itself.
	onLine func(text string)

	marks       []string
	noise, line []byte
	tail        tailBuffer
	copyErr     error
}

// Write never fails, so that a command is not stopped by somebody who does not listen any more.
func (c *capture) Write(p []byte) (int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	n := len(p)
	for !c.begun && len(p) > 0 {
		p = c.search(p)
	}
	c.accept(p)
	return n, nil
}

// search eats p up to the end of its first line and returns the rest.
func (c *capture) search(p []byte) []byte {
	end := bytes.IndexByte(p, '\n')
	if end < 0 {
		c.line = keepTail(append(c.line, p...), maxNoise)
		return nil
	}
	line := string(append(c.line, p[:end]...))
	c.line = c.line[:0]
	before, text, marked := strings.Cut(line, c.tag+" ")
	if !marked {
		c.noise = keepTail(append(append(c.noise, line...), '\n'), maxNoise)
		return p[end+1:]
	}
	c.noise = append(c.noise, before...)
	c.marks = append(c.marks, text)
	c.begun = text == "begin" || strings.HasPrefix(text, "begin ")
	if c.onMark != nil {
		c.onMark(text)
	}
	return p[end+1:]
}

func (c *capture) accept(p []byte) {
	if len(p) == 0 {
		return
	}
	c.tail.write(p, c.max)
	if c.copy != nil && c.copyErr == nil {
		_, c.copyErr = c.copy.Write(p)
	}
	for c.onLine != nil && len(p) > 0 {
		end := bytes.IndexByte(p, '\n')
		if end < 0 {
			c.line = append(c.line, p...)
			return
		}
		text := string(append(c.line, p[:end]...))
		c.line, p = c.line[:0], p[end+1:]
		c.onLine(text)
	}
}

// text returns the end of the output, and whether something is missing before it.
func (c *capture) text() (text string, truncated bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	kept := keepTail(c.tail.data, c.max)
	return string(kept), c.tail.total > int64(len(kept))
}

// before returns what was written before the command began.
func (c *capture) before() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.begun {
		return string(c.noise)
	}
	return string(c.noise) + string(c.line)
}

// mark returns the rest of the first marked line that starts with prefix, "" when there is none.
func (c *capture) mark(prefix string) string {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, text := range c.marks {
		if rest, ok := strings.CutPrefix(text, prefix); ok {
			return rest
		}
	}
	return ""
}

func (c *capture) hasBegun() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.begun
}

// tailBuffer holds at least the last bytes that were written, at most twice as many as asked for.
type tailBuffer struct {
	data  []byte
	total int64
}

func (t *tailBuffer) write(p []byte, limit int) {
	t.total += int64(len(p))
	p = keepTail(p, limit)
	if len(t.data)+len(p) > 2*limit {
		t.data = append(t.data[:0], keepTail(t.data, limit)...)
	}
	t.data = append(t.data, p...)
}

func keepTail(p []byte, n int) []byte {
	if len(p) > n {
		return p[len(p)-n:]
	}
	return p
}
