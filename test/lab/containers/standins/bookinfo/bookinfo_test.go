package bookinfo_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"

	"github.com/dxlab/terraform-provider-lab/test/lab/containers/standins/bookinfo"
)

// shop is Bookinfo on loopback, with the headers of the last request to each service.
type shop struct {
	page  string
	mutex sync.Mutex
	seen  map[string]http.Header
}

// open starts all services, reviews with further variables.
func open(t *testing.T, reviews map[string]string) *shop {
	t.Helper()
	s := &shop{seen: map[string]http.Header{}}
	env := map[string]string{}
	for key, value := range reviews {
		env[key] = value
	}
	for _, name := range []string{"ratings", "details", "reviews", "productpage"} {
		handler := bookinfo.Service(name, env)
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			s.mutex.Lock()
			s.seen[name] = r.Header.Clone()
			s.mutex.Unlock()
			handler.ServeHTTP(w, r)
		}))
		t.Cleanup(server.Close)
		at, err := url.Parse(server.URL)
		if err != nil {
			t.Fatal(err)
		}
		prefix := strings.ToUpper(name)
		if _, fixed := env[prefix+"_SERVICE_PORT"]; !fixed {
			env[prefix+"_HOSTNAME"], env[prefix+"_SERVICE_PORT"] = at.Hostname(), at.Port()
		}
		s.page = server.URL
	}
	return s
}

func (s *shop) get(t *testing.T, path string, header map[string]string) (int, string) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.page+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	for name, value := range header {
		request.Header.Set(name, value)
	}
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	_ = answer.Body.Close()
	return answer.StatusCode, string(body)
}

func TestProductpage_ShowsWhatTheVersionOfReviewsGives(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		env       map[string]string
		want, not string
	}{
		"v1": {map[string]string{"ENABLE_RATINGS": "false"}, "Absolutely fun", "stars"},
		"v2": {map[string]string{"ENABLE_RATINGS": "true"}, "4 stars, black", "stars, red"},
		"v3": {map[string]string{"ENABLE_RATINGS": "true", "STAR_COLOR": "red"}, "4 stars, red", "stars, black"},
		"v2 without ratings": {
			map[string]string{"ENABLE_RATINGS": "true", "RATINGS_HOSTNAME": "127.0.0.1", "RATINGS_SERVICE_PORT": "1"},
			"Ratings service is currently unavailable", "stars",
		},
		"no reviews": {
			map[string]string{"REVIEWS_HOSTNAME": "127.0.0.1", "REVIEWS_SERVICE_PORT": "1"},
			"Error fetching product reviews!", "Absolutely fun",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			status, page := open(t, c.env).get(t, "/productpage?u=normal", nil)
			if status != http.StatusOK || !strings.Contains(page, "<title>Simple Bookstore App</title>") || !strings.Contains(page, "PublisherA") {
				t.Errorf("%d: %s", status, page)
			}
			if !strings.Contains(page, c.want) || strings.Contains(page, c.not) {
				t.Errorf("want %q and not %q in %s", c.want, c.not, page)
			}
		})
	}
}

func TestProductpage_HandsTraceOnToRatings(t *testing.T) {
	t.Parallel()
	s := open(t, map[string]string{"ENABLE_RATINGS": "true"})
	handed := map[string]string{
		"Traceparent": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", "Tracestate": "lab=1",
		"X-B3-Traceid": "0af7651916cd43dd8448eb211c80319c", "X-B3-Spanid": "b7ad6b7169203331", "X-B3-Sampled": "1",
		"X-Request-Id": "request-1", "X-Ot-Span-Context": "context", "User-Agent": "test", "End-User": "jason",
	}
	header := map[string]string{"X-B3-Parentspanid": "0000000000000001", "X-Other": "stays", "Cookie": "session=amFzb24"}
	for name, value := range handed {
		if name != "End-User" { // comes from who is signed in
			header[name] = value
		}
	}
	if status, page := s.get(t, "/productpage", header); status != http.StatusOK || !strings.Contains(page, "signed in as jason") {
		t.Fatalf("%d: %s", status, page)
	}
	for _, service := range []string{"details", "reviews", "ratings"} {
		for name, want := range handed {
			if got := s.seen[service].Get(name); got != want {
				t.Errorf("%s got %s %q, want %q", service, name, got, want)
			}
		}
		for _, name := range []string{"X-Other", "X-B3-Parentspanid"} {
			if got := s.seen[service].Get(name); got != "" {
				t.Errorf("%s got %s %q", service, name, got)
			}
		}
	}
}

func TestProductpage_CountsResults(t *testing.T) {
	t.Parallel()
	s := open(t, map[string]string{"REVIEWS_HOSTNAME": "127.0.0.1", "REVIEWS_SERVICE_PORT": "1"})
	s.get(t, "/productpage", nil)
	s.get(t, "/productpage", nil)
	_, text := s.get(t, "/metrics", nil)
	for _, want := range []string{
		`request_result_total{destination_app="details",response_code="200"} 2`, `request_result_total{destination_app="reviews",response_code="500"} 2`,
	} {
		if !strings.Contains(text, want+"\n") {
			t.Errorf("no %s in:\n%s", want, text)
		}
	}
}

func TestServices_Answers(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		service, path string
		status        int
		body          string
	}{
		"details":               {"details", "/details/7", 200, `{"id":7,"author":"William Shakespeare","year":1595,"type":"paperback","pages":200,"publisher":"PublisherA","language":"English","ISBN-10":"1234567890","ISBN-13":"123-1234567890"}`},
		"details of no number":  {"details", "/details/x", 400, `{"error":"please provide numeric product id"}`},
		"details' health":       {"details", "/health", 200, `{"status":"Details is healthy"}`},
		"ratings":               {"ratings", "/ratings/0", 200, `{"id":0,"ratings":{"Reviewer1":5,"Reviewer2":4}}`},
		"ratings of no number":  {"ratings", "/ratings/x", 400, `{"error":"please provide numeric product ID"}`},
		"reviews of no number":  {"reviews", "/reviews/x", 404, "404 page not found"},
		"reviews' health":       {"reviews", "/health", 200, `{"status":"Reviews is healthy"}`},
		"the page's health":     {"productpage", "/health", 200, "Product page is healthy"},
		"what the page has not": {"productpage", "/other", 404, "404 page not found"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := httptest.NewRecorder()
			bookinfo.Service(c.service, nil).ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodGet, c.path, nil))
			if got := strings.TrimSpace(w.Body.String()); w.Code != c.status || got != c.body {
				t.Errorf("%d %s", w.Code, got)
			}
		})
	}
}

func TestRatings_KeepWhatIsPosted(t *testing.T) {
	t.Parallel()
	handler := bookinfo.Service("ratings", nil)
	for _, c := range []struct{ method, body, want string }{
		{http.MethodPost, `nonsense`, `{"error":"please provide valid ratings JSON"}`},
		{http.MethodPost, `{"Reviewer1":1}`, `{"id":3,"ratings":{"Reviewer1":1}}`},
		{http.MethodGet, "", `{"id":3,"ratings":{"Reviewer1":1}}`},
	} {
		w := httptest.NewRecorder()
		handler.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), c.method, "/ratings/3", strings.NewReader(c.body)))
		if got := strings.TrimSpace(w.Body.String()); got != c.want {
			t.Errorf("%s %s gives %s", c.method, c.body, got)
		}
	}
}
