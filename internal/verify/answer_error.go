package verify

import (
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"time"
)

// AnswerError is an answer with another status than was hoped for: the far side is there and said something.
type AnswerError struct {
	// Status is the answer's.
	Status int
	// After is how long the far side asks to be left alone (Retry-After); zero when it does not say.
	After time.Duration

	from, text string
	// body is its beginning, for those who know what it holds.
	body []byte
}

func newAnswerError(from string, response *http.Response, body []byte) *AnswerError {
	e := &AnswerError{Status: response.StatusCode, After: retryAfter(response.Header, time.Now()), from: from, text: excerpt(body), body: body[:min(len(body), readOfAnswer)]}
	if location := response.Header.Get("Location"); location != "" {
		e.text = "leads to " + withoutPassword(location)
	}
	return e
}

// Error says who answered what: "http://tempo.tempo:3200/ready answered 503 Service Unavailable: Ingester not ready".
func (e *AnswerError) Error() string {
	text := fmt.Sprintf("%s answered %d %s: %s", e.from, e.Status, http.StatusText(e.Status), e.text)
	if e.After > 0 {
		text += fmt.Sprintf(" (and asks to come back in %s)", e.After)
	}
	return text
}

// retryAfter reads the header of that name, which holds seconds or a date (RFC 9110, 10.2.3).
func retryAfter(h http.Header, now time.Time) time.Duration {
	text := h.Get("Retry-After")
	if seconds, err := strconv.Atoi(text); err == nil {
		return max(time.Duration(seconds)*time.Second, 0)
	}
	if at, err := http.ParseTime(text); err == nil {
		return max(at.Sub(now).Round(time.Second), 0)
	}
	return 0
}

// statusOf is the status of the answer that an error is about; zero for an error of another kind.
func statusOf(err error) int {
	var answered *AnswerError
	if errors.As(err, &answered) {
		return answered.Status
	}
	return 0
}
