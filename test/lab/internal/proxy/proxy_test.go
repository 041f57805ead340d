package proxy_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"testing"

	"github.com/dxlab/terraform-provider-lab/test/lab/internal/proxy"
)

func TestProxy(t *testing.T) {
	t.Parallel()
	front := httptest.NewServer(proxy.New().Handler)
	t.Cleanup(front.Close)
	at, err := url.Parse(front.URL)
	if err != nil {
		t.Fatal(err)
	}
	answer := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { _, _ = io.WriteString(w, r.Method+" "+r.Host+r.URL.Path) })
	plain, secure := httptest.NewServer(answer), httptest.NewTLSServer(answer)
	t.Cleanup(plain.Close)
	t.Cleanup(secure.Close)
	for name, server := range map[string]*httptest.Server{"http": plain, "https": secure} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			client := server.Client()
			client.Transport.(*http.Transport).Proxy = http.ProxyURL(at)
			response, err := client.Get(server.URL + "/path")
			if err != nil {
				t.Fatal(err)
			}
			defer response.Body.Close()
			body, err := io.ReadAll(response.Body)
			if want := "GET " + server.Listener.Addr().String() + "/path"; err != nil || string(body) != want {
				t.Errorf("answer %q (%v), want %q", body, err, want)
			}
		})
	}
	t.Run("nobody there", func(t *testing.T) {
		t.Parallel()
		gone := httptest.NewTLSServer(answer)
		client := gone.Client()
		client.Transport.(*http.Transport).Proxy = http.ProxyURL(at)
		gone.Close()
		if response, err := client.Get(gone.URL); err == nil {
			_ = response.Body.Close()
			t.Error("an answer from nobody")
		}
	})
}
