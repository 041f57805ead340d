package api

import (
	"errors"
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/dxlab/terraform-provider-lab/test/lab/containers/standins/tempo/store"
	"github.com/dxlab/terraform-provider-lab/test/lab/containers/standins/tempo/traceql"
)

// Bounds and defaults of a search (tempo:pkg/api/http.go and modules/frontend/config.go@v2.10.8).
const (
	defaultLimit       = 20
	defaultSpansPerSet = 3
	maxSpansPerSet     = 100
	maxRange           = 168 * time.Hour
)

// search is what is asked for.
type search struct {
	// query is nil in a search by tags.
	query *traceql.Query
	tags  map[string]string
	// start and end are in nanoseconds since 1970, zero where there is no bound.
	start, end uint64
	// shortest and longest bound a trace's duration in a search by tags; zero is no bound.
	shortest, longest  time.Duration
	limit, spansPerSet int
}

// readSearch reads the parameters of a search; its errors are Tempo's (tempo:pkg/api/http.go, ParseSearchRequest).
func readSearch(q url.Values) (search, error) {
	s := search{limit: defaultLimit, spansPerSet: defaultSpansPerSet}
	start, end, err := timeRange(q)
	if err != nil {
		return s, err
	}
	if end <= start && start+end != 0 {
		return s, fmt.Errorf("http parameter start must be before end. received start=%d end=%d", start, end)
	}
	if time.Duration(end-start)*time.Second > maxRange {
		return s, fmt.Errorf("range specified by start and end exceeds %s. received start=%d end=%d", maxRange, start, end)
	}
	s.start, s.end = uint64(start)*uint64(time.Second), uint64(end)*uint64(time.Second)
	if err := s.readSubject(q); err != nil {
		return s, err
	}
	return s, errors.Join(s.readDurations(q), s.readBounds(q))
}

func (s *search) readSubject(q url.Values) error {
	if text := q.Get("q"); text != "" {
		if q.Get("tags") != "" {
			return errors.New("invalid request: can't specify tags and q in the same query")
		}
		query, err := traceql.Parse(text)
		if err != nil {
			return fmt.Errorf("invalid TraceQL query: %w", err)
		}
		s.query = query
		return nil
	}
	tags, err := readTags(q.Get("tags"))
	s.tags = tags
	return err
}

func (s *search) readDurations(q url.Values) error {
	for name, to := range map[string]*time.Duration{"minDuration": &s.shortest, "maxDuration": &s.longest} {
		text := q.Get(name)
		if text == "" {
			continue
		}
		d, err := time.ParseDuration(text)
		if err != nil {
			return fmt.Errorf("invalid %s: %w", name, err)
		}
		*to = d
	}
	if s.longest > 0 && s.shortest > s.longest {
		return errors.New("invalid maxDuration: must be greater than minDuration")
	}
	return nil
}

func (s *search) readBounds(q url.Values) error {
	for name, to := range map[string]*int{"limit": &s.limit, "spss": &s.spansPerSet} {
		text := q.Get(name)
		if text == "" {
			continue
		}
		n, err := strconv.Atoi(text)
		if err != nil {
			return fmt.Errorf("invalid %s: %w", name, err)
		}
		*to = n
	}
	switch {
	case s.limit <= 0:
		return errors.New("invalid limit: must be a positive number")
	case s.spansPerSet < 0:
		return errors.New("invalid spss: must be a non-negative number")
	case s.spansPerSet == 0 || s.spansPerSet > maxSpansPerSet:
		return fmt.Errorf("spans per span set exceeds %d. received %d", maxSpansPerSet, s.spansPerSet)
	}
	return nil
}

// readTags reads logfmt: KEY=VALUE pairs between spaces, values with spaces in double quotes.
func readTags(text string) (map[string]string, error) {
	tags := map[string]string{}
	for rest := strings.TrimSpace(text); rest != ""; rest = strings.TrimSpace(rest) {
		name, after, found := strings.Cut(rest, "=")
		if !found || name == "" || strings.ContainsAny(name, " \"") {
			return nil, fmt.Errorf("invalid tags: unexpected %q", rest)
		}
		if _, twice := tags[name]; twice {
			return nil, fmt.Errorf("invalid tags: tag %s has been set twice", name)
		}
		if quoted, err := strconv.QuotedPrefix(after); err == nil {
			tags[name], _ = strconv.Unquote(quoted) // it is a quoted prefix
			rest = after[len(quoted):]
			continue
		}
		tags[name], rest, _ = strings.Cut(after, " ")
	}
	return tags, nil
}

// covers tells whether some of a trace is within the range and its duration within the bounds.
func (s search) covers(t store.Trace) bool {
	start, end := t.Times()
	long := time.Duration(end - start)
	return (s.end == 0 || start <= s.end) && end >= s.start && long >= s.shortest && (s.longest == 0 || long <= s.longest)
}

// match returns the spans of a trace that are looked for. Tags are looked for in the whole trace, as a part of a value and in any case.
func (s search) match(t store.Trace) []int {
	if s.query != nil {
		return s.query.Match(t)
	}
	var all []int
	for i := range t.Spans {
		all = append(all, i)
	}
	for name, want := range s.tags {
		if !hasTag(t, name, strings.ToLower(want)) {
			return nil
		}
	}
	return all
}

func hasTag(t store.Trace, name, want string) bool {
	of, err := tagField(name)
	if err != nil {
		return false
	}
	for _, span := range t.Spans {
		if v := of(t, span); v.Known() && strings.Contains(strings.ToLower(v.String()), want) {
			return true
		}
	}
	return false
}
