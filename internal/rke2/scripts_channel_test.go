package rke2

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"
)

// releaseServer answers like a server of channels.
func releaseServer(t *testing.T) string {
	t.Helper()
	mux := http.NewServeMux()
	mux.HandleFunc("/channels/stable", func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, "/elsewhere", http.StatusFound)
	})
	mux.HandleFunc("/elsewhere", func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, "https://github.invalid/releases/tag/v1.35.7%2Brke2r1", http.StatusFound)
	})
	mux.HandleFunc("/channels/page", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "a page") })
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	return server.URL
}

func TestChannelScript(t *testing.T) {
	t.Parallel()
	url := releaseServer(t)
	for name, c := range map[string]struct {
		channel string
		want    map[string]string
	}{
		"over two hops": {"stable", map[string]string{"version": "v1.35.7%2Brke2r1", "status": "302"}},
		"unknown":       {"none", map[string]string{"version": "", "status": "404"}},
		"no redirect":   {"page", map[string]string{"version": "", "status": "200", "end": url + "/channels/page"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			answer := sh(t, "channel.sh", map[string]string{"URL": url + "/channels/" + c.channel}, nil)
			for key, want := range c.want {
				if got := answer.Value(key); got != want {
					t.Errorf("%s: got %q, want %q", key, got, want)
				}
			}
		})
	}
}

func TestChannelScript_WithWgetOnly(t *testing.T) {
	t.Parallel()
	wget := `echo '  HTTP/1.1 302 Found' >&2; echo '  Location: https://github.invalid/releases/tag/v1.35.7%2Brke2r1 [following]' >&2; exit 8`
	answer := sh(t, "channel.sh", map[string]string{"URL": "http://x/stable"}, map[string]string{"curl": absent, "wget": wget})
	if answer.Value("version") != "v1.35.7%2Brke2r1" || answer.Value("status") != "302" {
		t.Errorf("got %v", answer)
	}
	answer = sh(t, "channel.sh", map[string]string{"URL": "http://x/stable"}, map[string]string{"curl": absent, "wget": absent})
	if answer.Value("missing") != "downloader" {
		t.Errorf("without a downloader: got %v", answer)
	}
}
