package grafana

import (
	"encoding/json"
	"net/http"
	"net/http/httputil"
	"net/url"
	"strings"
)

// Version is the version of Grafana that is stood in for.
const Version = "13.2.0"

// handler answers all requests (https://grafana.com/docs/grafana/latest/developers/http_api).
func (g *grafana) handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /api/health", func(w http.ResponseWriter, _ *http.Request) {
		send(w, http.StatusOK, map[string]string{"database": "ok", "version": Version, "commit": "stand-in"})
	})
	read, query := "datasources:read", "datasources:query"
	mux.HandleFunc("GET /api/datasources", g.allow(Admin, read, func(w http.ResponseWriter, _ *http.Request) { send(w, http.StatusOK, g.sources.all()) }))
	mux.HandleFunc("GET /api/datasources/uid/{uid}", g.allow(Admin, read, g.one(func(s source, r *http.Request) bool { return s.UID == r.PathValue("uid") })))
	mux.HandleFunc("GET /api/datasources/name/{name}", g.allow(Admin, read, g.one(func(s source, r *http.Request) bool { return s.Name == r.PathValue("name") })))
	mux.HandleFunc("GET /api/datasources/uid/{uid}/health", g.allow(Viewer, query, g.health))
	mux.HandleFunc("/api/datasources/proxy/uid/{uid}/{path...}", g.allow(Viewer, query, g.proxy))
	mux.HandleFunc("POST /api/admin/provisioning/{of}/reload", g.allow(Admin, "provisioning:reload", g.reload))
	mux.HandleFunc("GET /api/search", g.allow(Viewer, "dashboards:read", g.search))
	mux.HandleFunc("GET /api/dashboards/uid/{uid}", g.allow(Viewer, "dashboards:read", g.dashboard))
	mux.HandleFunc("GET /api/org", g.allow(Viewer, "orgs:read", func(w http.ResponseWriter, _ *http.Request) {
		send(w, http.StatusOK, map[string]any{"id": 1, "name": "Main Org."})
	}))
	mux.HandleFunc("/api/", func(w http.ResponseWriter, _ *http.Request) { refuse(w, http.StatusNotFound, "Not found", "") })
	mux.HandleFunc("GET /login", g.loginPage)
	mux.HandleFunc("POST /login", g.login)
	mux.HandleFunc("GET /logout", g.logout)
	mux.HandleFunc("/", g.homePage)
	if g.settings.subPath == "" {
		return mux
	}
	return http.StripPrefix(g.settings.subPath, mux)
}

func (g *grafana) one(meant func(source, *http.Request) bool) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		found, ok := g.sources.find(func(s source) bool { return meant(s, r) })
		if !ok {
			refuse(w, http.StatusNotFound, "Data source not found", "")
			return
		}
		send(w, http.StatusOK, found)
	}
}

func (g *grafana) health(w http.ResponseWriter, r *http.Request) {
	found, ok := g.sources.find(func(s source) bool { return s.UID == r.PathValue("uid") })
	if !ok {
		refuse(w, http.StatusNotFound, "Data source not found", "")
		return
	}
	is, can := found.check(r.Context())
	switch {
	case !can:
		refuse(w, http.StatusNotFound, "Method not implemented", "plugin.notImplemented")
	case is.Status != "OK":
		send(w, http.StatusBadRequest, is)
	default:
		send(w, http.StatusOK, is)
	}
}

// proxy passes a request on to a data source.
func (g *grafana) proxy(w http.ResponseWriter, r *http.Request) {
	found, ok := g.sources.find(func(s source) bool { return s.UID == r.PathValue("uid") })
	if !ok {
		refuse(w, http.StatusNotFound, "Unable to load datasource meta data", "")
		return
	}
	target, err := url.Parse(strings.TrimSuffix(found.URL, "/") + "/" + r.PathValue("path"))
	if err != nil {
		refuse(w, http.StatusBadRequest, "Unable to parse the data source's URL", "")
		return
	}
	(&httputil.ReverseProxy{Rewrite: func(p *httputil.ProxyRequest) {
		target.RawQuery = p.In.URL.RawQuery
		p.Out.URL, p.Out.Host = target, target.Host
		p.Out.Header.Del("Authorization")
		p.Out.Header.Del("Cookie")
		for name, value := range found.headers {
			p.Out.Header.Set(name, value)
		}
	}}).ServeHTTP(w, r)
}

func (g *grafana) reload(w http.ResponseWriter, r *http.Request) {
	switch r.PathValue("of") {
	case "datasources":
		if err := g.provision(); err != nil {
			refuse(w, http.StatusInternalServerError, err.Error(), "")
			return
		}
		send(w, http.StatusOK, map[string]string{"message": "Datasources config reloaded"})
	case "dashboards":
		send(w, http.StatusOK, map[string]string{"message": "Dashboards config reloaded"})
	default:
		refuse(w, http.StatusNotFound, "Not found", "")
	}
}

func (g *grafana) search(w http.ResponseWriter, r *http.Request) {
	type found struct {
		UID   string   `json:"uid"`
		Title string   `json:"title"`
		URI   string   `json:"uri"`
		URL   string   `json:"url"`
		Type  string   `json:"type"`
		Tags  []string `json:"tags"`
	}
	out := []found{}
	words, kind := strings.ToLower(r.URL.Query().Get("query")), r.URL.Query().Get("type")
	for _, d := range g.dashboards() {
		if (kind == "" || kind == "dash-db") && strings.Contains(strings.ToLower(d.Title), words) {
			out = append(out, found{d.UID, d.Title, "db/" + d.slug(), g.settings.subPath + "/d/" + d.UID + "/" + d.slug(), "dash-db", d.Tags})
		}
	}
	send(w, http.StatusOK, out)
}

func (g *grafana) dashboard(w http.ResponseWriter, r *http.Request) {
	for _, d := range g.dashboards() {
		if d.UID == r.PathValue("uid") {
			meta := map[string]any{"slug": d.slug(), "url": g.settings.subPath + "/d/" + d.UID + "/" + d.slug(), "provisioned": true}
			send(w, http.StatusOK, map[string]any{"dashboard": d.Model, "meta": meta})
			return
		}
	}
	refuse(w, http.StatusNotFound, "Dashboard not found", "")
}

// refuse answers with a message, and with the id that newer messages have.
func refuse(w http.ResponseWriter, status int, message, id string) {
	body := map[string]any{"message": message}
	if id != "" {
		body["messageId"], body["statusCode"], body["traceID"] = id, status, ""
	}
	send(w, status, body)
}

func send(w http.ResponseWriter, status int, what any) {
	body, err := json.Marshal(what)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json; charset=UTF-8")
	w.WriteHeader(status)
	_, _ = w.Write(body) // a client that went away is no matter
}
