package discovery

import (
	"encoding/json"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
)

func TestServer_HoldsAQuestionUntilSomethingChanges(t *testing.T) {
	t.Parallel()
	worlds := make(chan *World, 1)
	worlds <- newWorld()
	changes := make(chan struct{}, 1)
	server := httptest.NewServer((&Server{
		World: func() (*World, bool) {
			w := <-worlds
			worlds <- w
			return w, w != nil
		},
		Changes: func() (<-chan struct{}, func()) { return changes, func() {} }, Logger: slog.New(slog.DiscardHandler),
	}).Handler())
	t.Cleanup(server.Close)
	ask := func(pod, version, wait string) (int, Config) {
		t.Helper()
		query := url.Values{"namespace": {"shop"}, "pod": {pod}, "version": {version}, "wait": {wait}}
		request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, server.URL+"/proxy?"+query.Encode(), nil)
		if err != nil {
			t.Fatal(err)
		}
		response, err := http.DefaultClient.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = response.Body.Close() }()
		var config Config
		_ = json.NewDecoder(response.Body).Decode(&config)
		return response.StatusCode, config
	}
	code, first := ask(webPod, "", "")
	if code != http.StatusOK || first.Proxy.Name != "web-v1" {
		t.Fatalf("%d %+v", code, first)
	}
	if code, _ := ask("nobody", "", ""); code != http.StatusNotFound {
		t.Errorf("an unknown pod: %d", code)
	}
	if code, _ := ask(webPod, first.Version, "10ms"); code != http.StatusNotModified {
		t.Errorf("nothing new: %d", code)
	}
	time.AfterFunc(20*time.Millisecond, func() {
		w := newWorld()
		w.Services = w.Services[:2]
		<-worlds
		worlds <- w
		changes <- struct{}{}
	})
	start := time.Now()
	code, second := ask(webPod, first.Version, "20s")
	if code != http.StatusOK || second.Version == first.Version || time.Since(start) > 5*time.Second {
		t.Errorf("a change: %d %s after %s", code, second.Version, time.Since(start))
	}
	w := newWorld()
	w.Ready = func(*corev1.Pod) bool { return false }
	<-worlds
	worlds <- w
	if code, _ := ask(webPod, "", ""); code != http.StatusServiceUnavailable {
		t.Errorf("without istiod: %d", code)
	}
}
