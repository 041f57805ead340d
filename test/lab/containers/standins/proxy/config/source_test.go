package config_test

import (
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/dxlab/terraform-provider-lab/test/lab/containers/standins/proxy/config"
)

func TestSource_KeepsWhatItHeardWhenNobodyAnswers(t *testing.T) {
	t.Parallel()
	var asked atomic.Int32
	var question atomic.Value
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		question.Store(r.URL.Query().Get("namespace") + "/" + r.URL.Query().Get("pod") + "@" + r.URL.Query().Get("version"))
		if asked.Add(1) > 1 {
			http.Error(w, "istiod is not there", http.StatusServiceUnavailable)
			return
		}
		_, _ = w.Write([]byte(`{"version":"1","proxy":{"name":"web"}}`))
	}))
	t.Cleanup(server.Close)
	changed := make(chan string, 9)
	source := &config.Source{
		Servers: []string{"127.0.0.1:1", strings.TrimPrefix(server.URL, "http://")}, Namespace: "shop", Pod: "web-1",
		Changed: func(c *config.Config) { changed <- c.Version }, Logger: slog.New(slog.DiscardHandler),
	}
	if source.Current() != nil {
		t.Fatal("there is a configuration before any was heard")
	}
	go source.Run(t.Context())
	select {
	case version := <-changed:
		if version != "1" {
			t.Fatalf("version %q", version)
		}
	case <-time.After(10 * time.Second):
		t.Fatal("the server that answers was not asked")
	}
	deadline := time.Now().Add(10 * time.Second)
	for asked.Load() < 3 && time.Now().Before(deadline) {
		time.Sleep(10 * time.Millisecond)
	}
	if got, _ := question.Load().(string); got != "shop/web-1@1" {
		t.Errorf("it asks for %q", got)
	}
	if source.Current() == nil || source.Current().Proxy.Name != "web" {
		t.Error("what was heard is lost")
	}
}
