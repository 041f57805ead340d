package grafana

import (
	_ "embed" // the pages
	"html/template"
	"log/slog"
	"net/http"
)

//go:embed pages.html
var pagesText string

var pages = template.Must(template.New("pages").Parse(pagesText))

// view is what a page shows.
type view struct {
	SubPath    string
	Sources    []source
	Dashboards []dashboard
}

func (g *grafana) loginPage(w http.ResponseWriter, _ *http.Request) {
	show(w, "login", view{SubPath: g.settings.subPath})
}

// homePage shows what there is to whom may see it, and sends the others to the login.
func (g *grafana) homePage(w http.ResponseWriter, r *http.Request) {
	role, _ := g.role(r)
	if role == Nobody {
		http.Redirect(w, r, g.settings.subPath+"/login", http.StatusFound)
		return
	}
	show(w, "home", view{SubPath: g.settings.subPath, Sources: g.sources.all(), Dashboards: g.dashboards()})
}

func show(w http.ResponseWriter, page string, of view) {
	w.Header().Set("Content-Type", "text/html; charset=UTF-8")
	if err := pages.ExecuteTemplate(w, page, of); err != nil {
		slog.Error("showing a page", "page", page, "err", err)
	}
}
