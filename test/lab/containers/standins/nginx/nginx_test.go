package nginx_test

import (
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"

	"github.com/dxlab/terraform-provider-lab/test/lab/containers/standins/nginx"
)

func TestHandler_AnswersAsFreshNginx(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		path   string
		status int
		title  string
	}{
		"welcome":         {"/", http.StatusOK, "<title>Welcome to nginx!</title>"},
		"welcome by name": {"/index.html", http.StatusOK, "<title>Welcome to nginx!</title>"},
		"another page":    {"/other?q=1", http.StatusNotFound, "<title>404 Not Found</title>"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var log strings.Builder
			w := httptest.NewRecorder()
			request := httptest.NewRequestWithContext(t.Context(), http.MethodGet, c.path, nil)
			request.RemoteAddr = "10.42.200.7:4711"
			request.Header.Set("User-Agent", "test")
			nginx.Handler("1.27.5", &log).ServeHTTP(w, request)
			if w.Code != c.status || !strings.Contains(w.Body.String(), c.title) || w.Header().Get("Server") != "nginx/1.27.5" {
				t.Errorf("%d %v %s", w.Code, w.Header(), w.Body)
			}
			combined := regexp.MustCompile(`^10\.42\.200\.7 - - \[[^]]+\] "GET ` + regexp.QuoteMeta(c.path) + ` HTTP/1\.1" \d{3} \d+ "-" "test"\n$`)
			if !combined.MatchString(log.String()) {
				t.Errorf("logged %q", log.String())
			}
		})
	}
}
