package sidecar

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"time"
)

// request is what is sent when files have changed; none with an empty URL.
type request struct {
	url, method, payload, user, password string
	// between is the pause between tries; zero is the real one's.
	between time.Duration
}

// Tries of a request that is not answered, and their pause (k8s-sidecar: REQ_RETRY_TOTAL, REQ_RETRY_BACKOFF_FACTOR).
const (
	tries        = 10
	usualBetween = 2 * time.Second
)

// send sends it until somebody answers, because Grafana may not be up yet. What it cannot do is logged.
func (r request) send(ctx context.Context) {
	if r.url == "" {
		return
	}
	between := r.between
	if between == 0 {
		between = usualBetween
	}
	for try := range tries {
		status, body, err := r.once(ctx)
		if err == nil && status < http.StatusInternalServerError {
			slog.InfoContext(ctx, "request sent", "method", r.method, "url", r.url, "status", status, "response", body)
			return
		}
		slog.WarnContext(ctx, "request failed", "try", try+1, "url", r.url, "status", status, "response", body, "err", err)
		select {
		case <-ctx.Done():
			return
		case <-time.After(between):
		}
	}
}

func (r request) once(ctx context.Context) (int, string, error) {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	var payload io.Reader = http.NoBody
	if r.payload != "" {
		payload = strings.NewReader(r.payload)
	}
	asked, err := http.NewRequestWithContext(ctx, r.method, r.url, payload)
	if err != nil {
		return 0, "", err //nolint:wrapcheck // it is only logged
	}
	if r.user != "" {
		asked.SetBasicAuth(r.user, r.password)
	}
	response, err := http.DefaultClient.Do(asked)
	if err != nil {
		return 0, "", err //nolint:wrapcheck // it is only logged
	}
	defer func() { _ = response.Body.Close() }()
	body, _ := io.ReadAll(io.LimitReader(response.Body, 512)) // what is missing of it is not worth an error of its own
	return response.StatusCode, string(body), nil
}
