package hostsfile

import (
	"net/netip"
	"slices"
	"strings"
)

// document is a file's lines with their ends.
type document []string

func parse(content []byte) document {
	return slices.Collect(strings.Lines(string(content)))
}

func (d document) bytes() []byte { return []byte(strings.Join(d, "")) }

// lineEnd is how the file ends its lines.
func (d document) lineEnd() string {
	if len(d) > 0 && strings.HasSuffix(d[0], "\r\n") {
		return "\r\n"
	}
	return "\n"
}

func bare(line string) string { return strings.TrimRight(line, "\r\n") }

// span is a place where the block, or what is left of it, was found.
type span struct {
	from, to int
	// inner are the bare lines between the marks.
	inner []string
	// open says that the line above had no end before the block came.
	open bool
	// wound says what is wrong with the marks, or nothing.
	wound string
}

// find lists the places of a block. A mark that lost its partner carries along the lines next to it that are ours and
// no others, because everything else may be somebody's.
func (d document) find(name string, ours []string) []span {
	var spans []span
	for i := 0; i < len(d); i++ {
		s, ok := d.spanAt(i, name, ours)
		if !ok {
			continue
		}
		spans = append(spans, s)
		i = s.to - 1
	}
	return spans
}

func (d document) spanAt(i int, name string, ours []string) (span, bool) {
	switch line := strings.TrimSpace(d[i]); line {
	case beginMark(name), beginMark(name) + openNote:
		s := span{from: i, open: strings.HasSuffix(line, openNote)}
		if end := d.endOf(i, name); end > 0 {
			s.to = end + 1
			s.inner = bareLines(d[i+1 : end])
			return s, true
		}
		s.to = i + 1
		for s.to < len(d) && slices.Contains(ours, bare(d[s.to])) {
			s.to++
		}
		s.inner, s.wound = bareLines(d[i+1:s.to]), "the mark at the block's end is missing"
		return s, true
	case endMark(name):
		s := span{from: i, to: i + 1, wound: "the mark at the block's begin is missing"}
		for s.from > 0 && slices.Contains(ours, bare(d[s.from-1])) {
			s.from--
		}
		s.inner = bareLines(d[s.from:i])
		return s, true
	}
	return span{}, false
}

// endOf finds the end mark that belongs to the begin mark in line i, or 0.
func (d document) endOf(i int, name string) int {
	for j := i + 1; j < len(d); j++ {
		line := strings.TrimSpace(d[j])
		if line == endMark(name) {
			return j
		}
		if strings.HasPrefix(line, beginPrefix) {
			return 0
		}
	}
	return 0
}

func bareLines(lines []string) []string {
	out := make([]string, 0, len(lines))
	for _, line := range lines {
		out = append(out, bare(line))
	}
	return out
}

// with returns the document with the block in it: where it was, or at the end. known are lines that may be left of
// an earlier state of the block.
func (d document) with(b Block, known []string) document {
	spans := d.find(b.Name, slices.Concat(b.Lines(), known))
	if len(spans) == 0 {
		return d.appended(b)
	}
	first := spans[0]
	out := slices.Clone(d[:first.from])
	out = append(out, b.encoded(d.lineEnd(), first.open)...)
	at := first.to
	for _, again := range spans[1:] {
		out = append(out, d[at:again.from]...)
		at = again.to
	}
	return append(out, d[at:]...)
}

func (d document) appended(b Block) document {
	out := slices.Clone(d)
	end := d.lineEnd()
	open := len(d) > 0 && !strings.HasSuffix(d[len(d)-1], "\n")
	if open {
		out[len(out)-1] += end
	}
	return append(out, b.encoded(end, open)...)
}

// encoded is the block as lines of a file.
func (b Block) encoded(end string, open bool) []string {
	begin := beginMark(b.Name)
	if open {
		begin += openNote
	}
	lines := slices.Concat([]string{begin}, b.Lines(), []string{endMark(b.Name)})
	for i := range lines {
		lines[i] += end
	}
	return lines
}

// without returns the document as it would be had the block never been there.
func (d document) without(name string, known []string) document {
	d = slices.Clone(d)
	var out document
	at := 0
	for _, s := range d.find(name, known) {
		out = append(out, d[at:s.from]...)
		at = s.to
		switch {
		case !s.open:
		case s.to == len(d) && len(out) > 0:
			out[len(out)-1] = bare(out[len(out)-1])
		case s.to < len(d):
			d[s.to] = inherited(d[s.to])
		}
	}
	return append(out, d[at:]...)
}

// inherited hands the note of a missing line end on to the block that comes next, so that whoever leaves last takes it
// along. Any other line stays what it is.
func inherited(line string) string {
	mark := bare(line)
	if !strings.HasPrefix(mark, beginPrefix) || strings.HasSuffix(mark, openNote) {
		return line
	}
	return mark + openNote + line[len(mark):]
}

// Clash is an entry elsewhere in the file that gives a name of the block another address.
type Clash struct {
	// Line is where it is, from 1.
	Line int
	Name string
	// Theirs is the address there, Ours the one in the block.
	Theirs, Ours netip.Addr
	// First says that it is the one that resolvers find first.
	First bool
}

// clashes lists the entries outside of the block that contradict it.
func (d document) clashes(b Block) []Clash {
	ours := map[string]netip.Addr{}
	for _, e := range b.Entries {
		for _, name := range e.Names {
			ours[family(e.Address)+strings.ToLower(name)] = e.Address
		}
	}
	spans := d.find(b.Name, b.Lines())
	var found []Clash
	for i, line := range d {
		if slices.ContainsFunc(spans, func(s span) bool { return i >= s.from && i < s.to }) {
			continue
		}
		text, _, _ := strings.Cut(bare(line), "#")
		fields := strings.Fields(text)
		if len(fields) < 2 {
			continue
		}
		theirs, err := netip.ParseAddr(fields[0])
		if err != nil {
			continue
		}
		for _, name := range fields[1:] {
			if our, has := ours[family(theirs)+strings.ToLower(name)]; has && our != theirs {
				found = append(found, Clash{Line: i + 1, Name: name, Theirs: theirs, Ours: our, First: len(spans) == 0 || i < spans[0].from})
			}
		}
	}
	return found
}
