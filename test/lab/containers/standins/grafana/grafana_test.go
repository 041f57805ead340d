package grafana

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// stand is a stand-in with folders of its own.
type stand struct {
	*httptest.Server

	t      *testing.T
	folder string
}

func newStand(t *testing.T, ini string, env map[string]string) *stand {
	t.Helper()
	folder := t.TempDir()
	all := map[string]string{"GF_PATHS_PROVISIONING": folder, "GF_SECURITY_ADMIN_USER": "boss", "GF_SECURITY_ADMIN_PASSWORD": "secret"}
	for name, value := range env {
		all[name] = value
	}
	s := &stand{t: t, folder: folder}
	s.write("grafana.ini", ini)
	read, err := readSettings(filepath.Join(folder, "grafana.ini"), func(name string) (string, bool) {
		value, ok := all[name]
		return value, ok
	})
	if err != nil {
		t.Fatal(err)
	}
	g := &grafana{settings: read}
	if err := g.provision(); err != nil {
		t.Fatal(err)
	}
	s.Server = httptest.NewServer(g.handler())
	t.Cleanup(s.Close)
	return s
}

func (s *stand) write(name, text string) {
	s.t.Helper()
	path := filepath.Join(s.folder, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		s.t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		s.t.Fatal(err)
	}
}

// ask sends a request as "boss:secret" or as somebody else, or as nobody with "".
func (s *stand) ask(method, path, who string) (int, string) {
	s.t.Helper()
	request, err := http.NewRequestWithContext(s.t.Context(), method, s.URL+path, http.NoBody)
	if err != nil {
		s.t.Fatal(err)
	}
	if user, password, ok := strings.Cut(who, ":"); ok {
		request.SetBasicAuth(user, password)
	}
	return s.send(request)
}

func (s *stand) send(request *http.Request) (int, string) {
	s.t.Helper()
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	response, err := client.Do(request)
	if err != nil {
		s.t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		s.t.Fatal(err)
	}
	return response.StatusCode, string(body)
}

const boss = "boss:secret"

func TestGrafana_TakesDataSourcesFromFiles(t *testing.T) {
	t.Parallel()
	s := newStand(t, "", nil)
	if code, body := s.ask(http.MethodGet, "/api/datasources", boss); code != http.StatusOK || body != "[]" {
		t.Errorf("%d %s", code, body)
	}
	s.write("datasources/a.yaml", `
apiVersion: 1
datasources:
- {name: Prometheus, type: prometheus, uid: prometheus, url: "http://p:9090/", access: proxy, isDefault: true, jsonData: {timeInterval: 30s}}
- {name: Tempo, type: tempo, url: "http://t:3200", access: proxy, jsonData: {httpHeaderName1: X-Scope-OrgID}, secureJsonData: {httpHeaderValue1: hidden}}
`)
	if code, body := s.ask(http.MethodPost, "/api/admin/provisioning/datasources/reload", boss); code != http.StatusOK || body != `{"message":"Datasources config reloaded"}` {
		t.Fatalf("%d %s", code, body)
	}
	_, body := s.ask(http.MethodGet, "/api/datasources", boss)
	var all []source
	if err := json.Unmarshal([]byte(body), &all); err != nil || len(all) != 2 || !all[0].IsDefault || all[0].JSONData["timeInterval"] != "30s" {
		t.Errorf("%v: %s", err, body)
	}
	// The uid of a data source without one is made of its name: of "Tempo" Grafana makes this.
	if all[1].UID != "P214B5B846CF3925F" || strings.Contains(body, "hidden") {
		t.Errorf("%s", body)
	}
	for path, want := range map[string]int{
		"/api/datasources/uid/prometheus": http.StatusOK, "/api/datasources/name/Tempo": http.StatusOK,
		"/api/datasources/uid/loki": http.StatusNotFound, "/api/datasources/uid/loki/health": http.StatusNotFound, "/api/nonsense": http.StatusNotFound,
	} {
		if code, body := s.ask(http.MethodGet, path, boss); code != want {
			t.Errorf("%s answers %d %s", path, code, body)
		}
	}
	s.write("datasources/b.yaml", "datasources: [{name: Second, type: loki, url: x, isDefault: true}]")
	code, body := s.ask(http.MethodPost, "/api/admin/provisioning/datasources/reload", boss)
	if code != http.StatusInternalServerError || !strings.Contains(body, "Only one datasource per organization can be marked as default") {
		t.Errorf("%d %s", code, body)
	}
	s.write("datasources/b.yaml", "deleteDatasources: [{name: Tempo}]")
	s.write("datasources/a.yaml", "")
	s.ask(http.MethodPost, "/api/admin/provisioning/datasources/reload", boss)
	_, body = s.ask(http.MethodGet, "/api/datasources", boss)
	if strings.Contains(body, "Tempo") || !strings.Contains(body, "Prometheus") {
		t.Errorf("only what a file deletes goes: %s", body)
	}
}

func TestGrafana_AsksItsDataSources(t *testing.T) {
	t.Parallel()
	var asked []string
	upstream := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked = append(asked, r.URL.String()+" "+r.Header.Get("X-Scope-OrgID"))
		switch r.URL.Path {
		case "/good/api/v1/query":
			_, _ = w.Write([]byte(`{"status":"success"}`))
		case "/good/api/echo":
			_, _ = w.Write([]byte("echo"))
		default:
			http.Error(w, "no org id", http.StatusUnauthorized)
		}
	}))
	t.Cleanup(upstream.Close)
	s := newStand(t, "[auth.anonymous]\nenabled = true\norg_role = Viewer\n", nil)
	s.write("datasources/a.yaml", `
datasources:
- {name: p, type: prometheus, uid: p, url: "`+upstream.URL+`/good/"}
- {name: t, type: tempo, uid: t, url: "`+upstream.URL+`/good", jsonData: {httpHeaderName1: X-Scope-OrgID}, secureJsonData: {httpHeaderValue1: lab}}
- {name: p2, type: prometheus, uid: p2, url: "`+upstream.URL+`/bad"}
- {name: t2, type: tempo, uid: t2, url: "`+upstream.URL+`/bad"}
- {name: gone, type: tempo, uid: gone, url: "http://127.0.0.1:1"}
- {name: a, type: alertmanager, uid: a, url: "`+upstream.URL+`"}
`)
	s.ask(http.MethodPost, "/api/admin/provisioning/datasources/reload", boss)
	for uid, want := range map[string]struct {
		code int
		text string
	}{
		"p":    {http.StatusOK, `"status":"OK","message":"Successfully queried the Prometheus API."`},
		"t":    {http.StatusOK, `"status":"OK"`},
		"p2":   {http.StatusBadRequest, `"status":"ERROR","message":"401 Unauthorized - There was an error returned querying the Prometheus API."`},
		"t2":   {http.StatusBadRequest, `"status":"ERROR","message":"401 Unauthorized: no org id"`},
		"gone": {http.StatusBadRequest, "connection refused"},
		"a":    {http.StatusNotFound, "plugin.notImplemented"},
	} {
		if code, body := s.ask(http.MethodGet, "/api/datasources/uid/"+uid+"/health", ""); code != want.code || !strings.Contains(body, want.text) {
			t.Errorf("%s: %d %s", uid, code, body)
		}
	}
	if all := strings.Join(asked, "\n"); !strings.Contains(all, "/good/api/echo lab") || !strings.Contains(all, "/good/api/v1/query?query=1%2B1") {
		t.Errorf("asked %s", all)
	}
	if code, body := s.ask(http.MethodGet, "/api/datasources/proxy/uid/t/api/echo?x=1", ""); code != http.StatusOK || body != "echo" {
		t.Errorf("the proxy answers %d %s", code, body)
	}
}

func TestGrafana_LetsInWhomItKnows(t *testing.T) {
	t.Parallel()
	closed := newStand(t, "", nil)
	viewers := newStand(t, "[auth.anonymous]\nenabled = true\norg_role = Viewer", nil)
	admins := newStand(t, "[auth.anonymous]\nenabled = true\norg_role = Admin", nil)
	for name, c := range map[string]struct {
		at        *stand
		path, who string
		code      int
		text      string
	}{
		"health needs no login":            {closed, "/api/health", "", http.StatusOK, `"database":"ok"`},
		"nobody":                           {closed, "/api/search", "", http.StatusUnauthorized, "auth.unauthorized"},
		"a wrong password":                 {closed, "/api/search", "boss:wrong", http.StatusUnauthorized, "Invalid username or password"},
		"the administrator":                {closed, "/api/datasources", boss, http.StatusOK, ""},
		"a viewer looks at dashboards":     {viewers, "/api/search", "", http.StatusOK, "[]"},
		"a viewer sees no data source":     {viewers, "/api/datasources", "", http.StatusForbidden, "datasources:read"},
		"a wrong password as a viewer":     {viewers, "/api/search", "boss:wrong", http.StatusUnauthorized, ""},
		"everybody is an administrator":    {admins, "/api/datasources", "", http.StatusOK, ""},
		"the home page sends to the login": {closed, "/", "", http.StatusFound, ""},
		"the home page of viewers":         {viewers, "/", "", http.StatusOK, "stand-in"},
		"the login page":                   {closed, "/login", "", http.StatusOK, "Log in"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if code, body := c.at.ask(http.MethodGet, c.path, c.who); code != c.code || !strings.Contains(body, c.text) {
				t.Errorf("%d %s", code, body)
			}
		})
	}
}

func TestGrafana_KeepsASession(t *testing.T) {
	t.Parallel()
	s := newStand(t, "", map[string]string{"GF_SERVER_ROOT_URL": "http://lab/grafana/", "GF_SERVER_SERVE_FROM_SUB_PATH": "true"})
	login := func(body string) *http.Response {
		request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.URL+"/grafana/login", strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		request.Header.Set("Content-Type", "application/json")
		response, err := http.DefaultClient.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		_ = response.Body.Close()
		return response
	}
	if response := login(`{"user":"boss","password":"wrong"}`); response.StatusCode != http.StatusUnauthorized || len(response.Cookies()) > 0 {
		t.Errorf("a wrong password: %s", response.Status)
	}
	response := login(`{"user":"boss","password":"secret"}`)
	if response.StatusCode != http.StatusOK || len(response.Cookies()) != 1 {
		t.Fatalf("%s, %d cookies", response.Status, len(response.Cookies()))
	}
	for _, path := range []string{"/grafana/api/datasources", "/grafana/logout", "/grafana/api/datasources"} {
		request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.URL+path, http.NoBody)
		if err != nil {
			t.Fatal(err)
		}
		request.AddCookie(response.Cookies()[0])
		code, _ := s.send(request)
		t.Log(path, code)
		if want := map[bool]int{true: http.StatusFound, false: http.StatusOK}[strings.HasSuffix(path, "logout")]; code != want && code != http.StatusUnauthorized {
			t.Errorf("%s answers %d", path, code)
		}
	}
	request, _ := http.NewRequestWithContext(t.Context(), http.MethodGet, s.URL+"/grafana/api/datasources", http.NoBody)
	request.AddCookie(response.Cookies()[0])
	if code, _ := s.send(request); code != http.StatusUnauthorized {
		t.Errorf("after the logout: %d", code)
	}
}

func TestGrafana_FindsDashboards(t *testing.T) {
	t.Parallel()
	s := newStand(t, "[auth.anonymous]\nenabled = true", nil)
	s.write("dashboards/provider.yaml", "apiVersion: 1\nproviders: [{name: sidecarProvider, type: file, options: {path: "+s.folder+"/found}}]")
	s.write("found/mesh.json", `{"title": "Istio / Mesh", "uid": "mesh", "tags": ["istio"]}`)
	s.write("found/broken.json", `{"title": `)
	s.write("found/no-uid.json", `{"title": "Nodes"}`)
	code, body := s.ask(http.MethodGet, "/api/search?query=istio", "")
	if want := `[{"uid":"mesh","title":"Istio / Mesh","uri":"db/istio-mesh","url":"/d/mesh/istio-mesh","type":"dash-db","tags":["istio"]}]`; code != http.StatusOK || body != want {
		t.Errorf("%d %s", code, body)
	}
	if _, body = s.ask(http.MethodGet, "/api/search", ""); !strings.Contains(body, "Nodes") {
		t.Errorf("%s", body)
	}
	for path, want := range map[string]int{"/api/dashboards/uid/mesh": http.StatusOK, "/api/dashboards/uid/nothing": http.StatusNotFound} {
		if code, body := s.ask(http.MethodGet, path, ""); code != want {
			t.Errorf("%s answers %d %s", path, code, body)
		}
	}
}
