package sidecar

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// apiServer is a fake of the API server: it answers lists and one watch for each of them.
type apiServer struct {
	*httptest.Server

	t      *testing.T
	mu     sync.Mutex
	lists  map[string]string      // by path
	events map[string]chan string // by path
}

func newAPIServer(t *testing.T) (*apiServer, *cluster) {
	t.Helper()
	s := &apiServer{t: t, lists: map[string]string{}, events: map[string]chan string{}}
	s.Server = httptest.NewServer(http.HandlerFunc(s.serve))
	t.Cleanup(s.Close)
	token := filepath.Join(t.TempDir(), "token")
	if err := os.WriteFile(token, []byte("of the pod\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	return s, &cluster{url: s.URL, namespace: "monitoring", token: token, client: s.Client(), pause: time.Millisecond}
}

func (s *apiServer) serve(w http.ResponseWriter, r *http.Request) {
	query := r.URL.Query()
	if r.Header.Get("Authorization") != "Bearer of the pod" || query.Get("labelSelector") != "grafana_datasource=1" {
		http.Error(w, "forbidden", http.StatusForbidden)
		return
	}
	s.mu.Lock()
	list, known := s.lists[r.URL.Path]
	events := s.events[r.URL.Path]
	s.mu.Unlock()
	switch {
	case !known:
		s.t.Errorf("nobody knows %s", r.URL.Path)
		http.NotFound(w, r)
	case query.Get("watch") == "":
		_, _ = w.Write([]byte(`{"metadata":{"resourceVersion":"7"},"items":[` + list + `]}`))
	default:
		if query.Get("resourceVersion") != "7" {
			s.t.Errorf("a watch from %q", query.Get("resourceVersion"))
		}
		w.(http.Flusher).Flush() // it is one
		for {
			select {
			case <-r.Context().Done():
				return
			case event := <-events:
				if event == "" {
					return
				}
				_, _ = w.Write([]byte(event + "\n"))
				w.(http.Flusher).Flush() // it is one
			}
		}
	}
}

func (s *apiServer) has(path, list string) chan string {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.lists[path] = list
	if s.events[path] == nil {
		s.events[path] = make(chan string)
	}
	return s.events[path]
}

func configMap(name string, data map[string]string) string {
	text, _ := json.Marshal(map[string]any{"metadata": map[string]any{"namespace": "monitoring", "name": name}, "data": data}) // it is all texts
	return string(text)
}

func event(kind, object string) string { return `{"type":"` + kind + `","object":` + object + `}` }

// eventually waits until files are what is wanted, as "name=content" in their order.
func eventually(t *testing.T, folder, want string) {
	t.Helper()
	got := ""
	for deadline := time.Now().Add(10 * time.Second); time.Now().Before(deadline); time.Sleep(5 * time.Millisecond) {
		entries, err := os.ReadDir(folder)
		if err != nil {
			t.Fatal(err)
		}
		var all []string
		for _, entry := range entries {
			text, _ := os.ReadFile(filepath.Join(folder, entry.Name())) // one that is being removed is not there
			all = append(all, entry.Name()+"="+string(text))
		}
		if got = strings.Join(all, " "); got == want {
			return
		}
	}
	t.Fatalf("the files are %q, not %q", got, want)
}

func TestRun_KeepsTheFilesOfWhatHasTheLabel(t *testing.T) {
	t.Parallel()
	api, reach := newAPIServer(t)
	folder := t.TempDir()
	maps := api.has("/api/v1/namespaces/monitoring/configmaps", configMap("a", map[string]string{"a.yaml": "1", "b.yaml": "2"}))
	secrets := api.has("/api/v1/namespaces/monitoring/secrets", "")
	asked := make(chan string, 100)
	var count atomic.Int32
	grafana := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		user, password, _ := r.BasicAuth()
		if count.Add(1) == 1 {
			w.WriteHeader(http.StatusServiceUnavailable) // it is not up yet
		}
		asked <- r.Method + " " + r.URL.Path + " " + user + ":" + password
	}))
	t.Cleanup(grafana.Close)
	o, err := readOptions(variables(map[string]string{
		"METHOD": "WATCH", "LABEL": "grafana_datasource", "LABEL_VALUE": "1", "FOLDER": folder, "RESOURCE": "both",
		"REQ_URL": grafana.URL + "/reload", "REQ_METHOD": "POST", "REQ_USERNAME": "admin", "REQ_PASSWORD": "secret",
	}), "monitoring")
	if err != nil {
		t.Fatal(err)
	}
	o.request.between = time.Millisecond
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- run(ctx, reach, o) }()

	eventually(t, folder, "a.yaml=1 b.yaml=2")
	expectRequest := func() {
		t.Helper()
		select {
		case got := <-asked:
			if got != "POST /reload admin:secret" {
				t.Errorf("asked %q", got)
			}
		case <-time.After(10 * time.Second):
			t.Fatal("Grafana was not told")
		}
	}
	expectRequest()
	expectRequest()
	maps <- event("MODIFIED", configMap("a", map[string]string{"a.yaml": "3"}))
	eventually(t, folder, "a.yaml=3")
	secrets <- event("ADDED", configMap("s", map[string]string{"s.yaml": "aGlkZGVu"}))
	eventually(t, folder, "a.yaml=3 s.yaml=hidden")
	expectRequest()
	expectRequest()
	// The watch ends; what went meanwhile is found by the list that follows.
	api.has("/api/v1/namespaces/monitoring/configmaps", configMap("c", map[string]string{"c.yaml": "5"}))
	maps <- ""
	eventually(t, folder, "c.yaml=5 s.yaml=hidden")
	secrets <- event("DELETED", configMap("s", map[string]string{"s.yaml": "aGlkZGVu"}))
	eventually(t, folder, "c.yaml=5")
	stop()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}

func TestRun_ListsOnce(t *testing.T) {
	t.Parallel()
	api, reach := newAPIServer(t)
	folder := t.TempDir()
	api.has("/api/v1/configmaps", configMap("a", map[string]string{"a.yaml": "1"}))
	o, err := readOptions(variables(map[string]string{
		"METHOD": "LIST", "LABEL": "grafana_datasource", "LABEL_VALUE": "1", "FOLDER": folder, "NAMESPACE": "ALL",
	}), "monitoring")
	if err != nil {
		t.Fatal(err)
	}
	if err := run(t.Context(), reach, o); err != nil {
		t.Fatal(err)
	}
	eventually(t, folder, "a.yaml=1")
	o.label = "other"
	if err := run(t.Context(), reach, o); err == nil || !strings.Contains(err.Error(), "403") {
		t.Errorf("a list that is forbidden: %v", err)
	}
}

func TestOptions_SayWhatIsMissing(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		env  map[string]string
		want string
	}{
		"nothing":        {nil, "LABEL and FOLDER"},
		"an odd kind":    {map[string]string{"LABEL": "a", "FOLDER": "/a", "RESOURCE": "pods"}, `no resource "pods"`},
		"an odd method":  {map[string]string{"LABEL": "a", "FOLDER": "/a", "METHOD": "LOOK"}, `no method "LOOK"`},
		"without folder": {map[string]string{"LABEL": "a"}, "added FOLDER as"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if _, err := readOptions(variables(c.env), "n"); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("error %v", err)
			}
		})
	}
	// Rancher's chart leaves METHOD empty.
	o, err := readOptions(variables(map[string]string{"LABEL": "a", "FOLDER": "/a", "METHOD": "", "NAMESPACE": "x,y"}), "n")
	if err != nil || !o.watch || len(o.namespaces) != 2 || o.selector() != "a" || o.kinds[0] != "configmaps" {
		t.Errorf("%v: %+v", err, o)
	}
}

func TestFolder_FollowsTheAnnotation(t *testing.T) {
	t.Parallel()
	f := &folder{options: options{folder: t.TempDir(), folderAnnotation: "where"}, by: map[string][]string{}}
	var o object
	o.Metadata.Name, o.Metadata.Annotations, o.Data = "a", map[string]string{"where": "sub"}, map[string]string{"../../x.json": "1"}
	if _, err := f.write("configmaps", o); err != nil {
		t.Fatal(err)
	}
	eventually(t, filepath.Join(f.options.folder, "sub"), "x.json=1")
}

func variables(all map[string]string) func(string) (string, bool) {
	return func(name string) (string, bool) {
		value, ok := all[name]
		return value, ok
	}
}
