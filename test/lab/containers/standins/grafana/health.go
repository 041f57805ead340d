package grafana

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// patience with a data source.
const patience = 10 * time.Second

// health is the answer to a question about a data source (grafana:pkg/api/datasources.go, checkDatasourceHealth).
type health struct {
	Status  string         `json:"status"`
	Message string         `json:"message"`
	Details map[string]any `json:"details,omitempty"`
}

// check asks a data source what its plugin asks it; false for one whose plugin cannot.
func (s source) check(ctx context.Context) (health, bool) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	switch s.Type {
	case "prometheus":
		return s.checkPrometheus(ctx), true
	case "tempo":
		return s.checkTempo(ctx), true
	}
	return health{}, false
}

// checkPrometheus computes something (grafana:pkg/promlib/healthcheck.go).
func (s source) checkPrometheus(ctx context.Context) health {
	body, status, err := s.get(ctx, "/api/v1/query?query="+url.QueryEscape("1+1"))
	var answer struct{ Status, Error string }
	switch {
	case err != nil:
		return sick(err.Error() + " - There was an error returned querying the Prometheus API.")
	case json.Unmarshal(body, &answer) != nil || answer.Status != "success":
		return sick(fmt.Sprintf("%d %s - There was an error returned querying the Prometheus API.", status, http.StatusText(status)))
	}
	return health{
		Status: "OK", Message: "Successfully queried the Prometheus API.",
		Details: map[string]any{"application": "Prometheus", "features": map[string]bool{"rulerApiEnabled": false}},
	}
}

// checkTempo asks for an echo, as the page of the plugin does (grafana:public/app/plugins/datasource/tempo/datasource.ts, testDatasource).
func (s source) checkTempo(ctx context.Context) health {
	body, status, err := s.get(ctx, "/api/echo")
	switch {
	case err != nil:
		return sick(err.Error())
	case status != http.StatusOK:
		return sick(strings.TrimSpace(fmt.Sprintf("%d %s: %s", status, http.StatusText(status), body)))
	}
	return health{Status: "OK", Message: "Data source is working"}
}

func sick(message string) health { return health{Status: "ERROR", Message: message} }

// get asks a data source for a path and returns the answer's body and code.
func (s source) get(ctx context.Context, path string) ([]byte, int, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, strings.TrimSuffix(s.URL, "/")+path, http.NoBody)
	if err != nil {
		return nil, 0, fmt.Errorf("making the request: %w", err)
	}
	for name, value := range s.headers {
		request.Header.Set(name, value)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return nil, 0, err //nolint:wrapcheck // its text is what Grafana shows
	}
	defer func() { _ = response.Body.Close() }()
	body, err := io.ReadAll(io.LimitReader(response.Body, 1<<20))
	if err != nil {
		return nil, 0, fmt.Errorf("reading the answer: %w", err)
	}
	return body, response.StatusCode, nil
}
