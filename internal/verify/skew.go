package verify

import (
	"context"
	"net/http"
	"time"
)

// Skew is how far the store's clock is ahead of this machine's, by the Date header of an answer, in whole seconds; false
// when it does not say. Half of the time that the answer took is taken for its way back.
func (s *Store) Skew(ctx context.Context) (time.Duration, bool) {
	ctx, cancel := context.WithTimeout(ctx, defaultRequestTimeout)
	defer cancel()
	request, err := s.api.request(ctx, "/ready", nil)
	if err != nil {
		return 0, false
	}
	began := time.Now()
	response, err := staying(s.api.client).Do(request)
	if err != nil {
		return 0, false
	}
	took := time.Since(began)
	_ = response.Body.Close() // nothing of it is read
	there, err := http.ParseTime(response.Header.Get("Date"))
	if err != nil {
		return 0, false
	}
	return there.Sub(began.Add(took / 2)).Round(time.Second), true
}

// Skew is how far the clocks of the hosts that made the spans are ahead of the machine that sent the request at a time: the
// earliest span cannot have begun before, and not long after.
func (t Trace) Skew(sent time.Time, took time.Duration) time.Duration {
	var first time.Time
	for _, s := range t.Spans {
		if first.IsZero() || s.Start.Before(first) {
			first = s.Start
		}
	}
	switch {
	case first.IsZero():
		return 0
	case first.Before(sent):
		return first.Sub(sent)
	case first.After(sent.Add(took)):
		return first.Sub(sent.Add(took))
	}
	return 0
}
