package grafana

import (
	"crypto/rand"
	"crypto/subtle"
	"encoding/json"
	"net/http"
	"sync"
)

// sessionCookie is the name of Grafana's (grafana: auth.login_cookie_name).
const sessionCookie = "grafana_session"

// sessions are those of who has logged in. The zero value has none.
type sessions struct {
	mu   sync.Mutex
	open map[string]bool
}

func (s *sessions) begin() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.open == nil {
		s.open = map[string]bool{}
	}
	id := rand.Text()
	s.open[id] = true
	return id
}

func (s *sessions) has(id string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.open[id]
}

func (s *sessions) end(id string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.open, id)
}

// role is that of who asks; wrong is true when it came with a name and a password that are not right.
func (g *grafana) role(r *http.Request) (role Role, wrong bool) {
	if user, password, given := r.BasicAuth(); given {
		if g.isAdmin(user, password) {
			return Admin, false
		}
		return Nobody, true
	}
	if cookie, err := r.Cookie(sessionCookie); err == nil && g.sessions.has(cookie.Value) {
		return Admin, false
	}
	return g.settings.anonymous, false
}

func (g *grafana) isAdmin(user, password string) bool {
	same := func(a, b string) bool { return subtle.ConstantTimeCompare([]byte(a), []byte(b)) == 1 }
	return same(user, g.settings.user) && same(password, g.settings.password)
}

// allow lets those through whose role is enough; permission is what the others are told to need.
func (g *grafana) allow(least Role, permission string, answer http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		switch role, wrong := g.role(r); {
		case wrong:
			refuse(w, http.StatusUnauthorized, "Invalid username or password", "password-auth.failed")
		case role == Nobody:
			refuse(w, http.StatusUnauthorized, "Unauthorized", "auth.unauthorized")
		case role < least:
			send(w, http.StatusForbidden, map[string]string{
				"title": "Access denied", "accessErrorId": "ACE" + rand.Text()[:10],
				"message": "You'll need additional permissions to perform this action. Permissions needed: " + permission,
			})
		default:
			answer(w, r)
		}
	}
}

// login takes the form of the page as well as what Grafana's own page sends: JSON.
func (g *grafana) login(w http.ResponseWriter, r *http.Request) {
	var form struct{ User, Password string }
	inJSON := r.Header.Get("Content-Type") == "application/json"
	if inJSON {
		if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, 1<<16)).Decode(&form); err != nil {
			refuse(w, http.StatusBadRequest, "bad login data", "")
			return
		}
	} else {
		r.Body = http.MaxBytesReader(w, r.Body, 1<<16)
		form.User, form.Password = r.PostFormValue("user"), r.PostFormValue("password")
	}
	if !g.isAdmin(form.User, form.Password) {
		refuse(w, http.StatusUnauthorized, "Invalid username or password", "password-auth.failed")
		return
	}
	http.SetCookie(w, &http.Cookie{
		Name: sessionCookie, Value: g.sessions.begin(), Path: g.settings.subPath + "/", HttpOnly: true, SameSite: http.SameSiteLaxMode,
	})
	if !inJSON {
		http.Redirect(w, r, g.settings.subPath+"/", http.StatusFound)
		return
	}
	send(w, http.StatusOK, map[string]string{"message": "Logged in", "redirectUrl": g.settings.subPath + "/"})
}

func (g *grafana) logout(w http.ResponseWriter, r *http.Request) {
	if cookie, err := r.Cookie(sessionCookie); err == nil {
		g.sessions.end(cookie.Value)
	}
	http.Redirect(w, r, g.settings.subPath+"/login", http.StatusFound)
}
