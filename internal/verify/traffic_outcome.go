package verify

import (
	"fmt"
	"maps"
	"math"
	"net/http"
	"slices"
	"time"
)

// Traffic is what came of the requests.
type Traffic struct {
	// Sent requests got an answer or an error; Succeeded ones an answer with a status below 400.
	Sent, Succeeded int
	// Cut requests were under way when the caller stopped; whether they arrived is not known.
	Cut int
	// Status counts the answers by status, Errors the requests without an answer by kind (see the Err constants).
	Status map[int]int
	Errors map[string]int
	// FirstError is the whole text of the first request without an answer; empty when all had one.
	FirstError string
	// Redirected counts the answers that lead elsewhere, and RedirectedTo is where the first of them leads.
	Redirected   int
	RedirectedTo string
	// P50, P90, P99 and Max are latencies of the answers; zero without any.
	P50, P90, P99, Max time.Duration
	// TraceIDs are ids of traces that were asked for.
	TraceIDs []TraceID
	// Started and Ended are the times of this machine.
	Started, Ended time.Time
}

func (t *Traffic) failed(err error) {
	t.Errors[kindOfFailure(err)]++
	if t.FirstError == "" {
		t.FirstError = bare(err).Error()
	}
}

func (t *Traffic) answered(a Answer) {
	t.Status[a.Status]++
	if a.Status < http.StatusBadRequest {
		t.Succeeded++
	}
	if a.Location != "" {
		t.Redirected++
		if t.RedirectedTo == "" {
			t.RedirectedTo = a.Location
		}
	}
}

func (t *Traffic) copied() Traffic {
	out := *t
	out.Status, out.Errors, out.TraceIDs = maps.Clone(t.Status), maps.Clone(t.Errors), slices.Clone(t.TraceIDs)
	return out
}

// latencies fills in percentiles by the nearest rank: the smallest latency that so large a share of all does not exceed.
func (t *Traffic) latencies(all []time.Duration) {
	if len(all) == 0 {
		return
	}
	slices.Sort(all)
	at := func(share float64) time.Duration { return all[max(int(math.Ceil(share*float64(len(all))))-1, 0)] }
	t.P50, t.P90, t.P99, t.Max = at(0.5), at(0.9), at(0.99), all[len(all)-1]
}

// String says in one line what came of it: "100 sent, 98 answered well, 2 x 503, p50 12ms, p99 80ms".
func (t Traffic) String() string {
	text := fmt.Sprintf("%d sent, %d answered well", t.Sent, t.Succeeded)
	for _, status := range sortedKeys(t.Status) {
		if status >= http.StatusBadRequest {
			text += fmt.Sprintf(", %d x %d", t.Status[status], status)
		}
	}
	for _, kind := range sortedKeys(t.Errors) {
		text += fmt.Sprintf(", %d x %s", t.Errors[kind], kind)
	}
	if t.Redirected > 0 {
		text += fmt.Sprintf(", %d of them redirects (to %s), which are not followed", t.Redirected, t.RedirectedTo)
	}
	if t.Cut > 0 {
		text += fmt.Sprintf(", %d more were under way", t.Cut)
	}
	if t.Max > 0 {
		text += fmt.Sprintf(", p50 %s, p99 %s", rounded(t.P50), rounded(t.P99))
	}
	if t.FirstError != "" {
		text += "; the first request without an answer: " + shortened(t.FirstError)
	}
	return text
}

// rounded keeps what can be read: whole milliseconds, and microseconds below one.
func rounded(d time.Duration) time.Duration {
	if d < time.Millisecond {
		return d.Round(time.Microsecond)
	}
	return d.Round(time.Millisecond)
}
