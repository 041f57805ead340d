package tempoquery

import (
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestHandler_TellsTheServicesOfTempo(t *testing.T) {
	t.Parallel()
	code := http.StatusOK
	tempo := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/api/search/tag/service.name/values" {
			t.Errorf("asked for %s", r.URL.Path)
		}
		w.WriteHeader(code)
		_, _ = w.Write([]byte(`{"tagValues":["driver","frontend"]}`))
	}))
	t.Cleanup(tempo.Close)
	ask := func(path string) *httptest.ResponseRecorder {
		answer := httptest.NewRecorder()
		handler("/jaeger", strings.TrimPrefix(tempo.URL, "http://")).ServeHTTP(answer, httptest.NewRequest(http.MethodGet, path, http.NoBody))
		return answer
	}
	if got := ask("/jaeger/api/services"); got.Code != http.StatusOK || !strings.Contains(got.Body.String(), `"data":["driver","frontend"]`) {
		t.Errorf("%d %s", got.Code, got.Body)
	}
	if got := ask("/jaeger/api/traces/abc"); got.Code != http.StatusNotImplemented {
		t.Errorf("%d %s", got.Code, got.Body)
	}
	code = http.StatusServiceUnavailable
	if got := ask("/jaeger/api/services"); got.Code != http.StatusInternalServerError {
		t.Errorf("%d %s", got.Code, got.Body)
	}
}

func TestRun_WantsItsConfiguration(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "tempo-query.yaml")
	if err := Run(t.Context(), []string{"--query.base-path=/", "--grpc-storage-plugin.configuration-file=" + file}); err == nil {
		t.Error("a file that is not there was taken")
	}
	for text, want := range map[string]string{"backend: tempo:3100": "tempo:3100", "other: 1": ""} {
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if got, err := readBackend(file); got != want || (err != nil) != (want == "") {
			t.Errorf("%q: %q, %v", text, got, err)
		}
	}
}
