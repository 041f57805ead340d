package bookinfo

import (
	"bytes"
	_ "embed" // the page
	"encoding/base64"
	"fmt"
	"html/template"
	"net/http"
	"strconv"
	"time"
)

//go:embed productpage.html
var pageText string

// the one book that there is (productpage.py: getProducts).
const (
	bookTitle = "The Comedy of Errors"
	bookWords = `<a href="https://en.wikipedia.org/wiki/The_Comedy_of_Errors">Wikipedia Summary</a>: The Comedy of Errors is one of <b>William Shakespeare's</b> early plays.`
)

// askPatience is how long the page waits for each of the other services.
const askPatience = 3 * time.Second

// productpage asks details and reviews for its page.
type productpage struct {
	details, reviews, ratings string // URLs
	flood                     int    // requests to reviews before the one that counts
	counts                    *results
	page                      *template.Template
}

func newProductpage(env lookup) http.Handler {
	flood, err := strconv.Atoi(env.or("FLOOD_FACTOR", "0"))
	if err != nil {
		flood = 0
	}
	s := productpage{
		details: env.service("details", "DETAILS"), reviews: env.service("reviews", "REVIEWS"), ratings: env.service("ratings", "RATINGS"),
		flood: flood, counts: &results{counts: map[result]int{}}, page: template.Must(template.New("page").Parse(pageText)),
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", s.index)
	mux.HandleFunc("GET /index.html", s.index)
	mux.HandleFunc("GET /health", func(w http.ResponseWriter, _ *http.Request) {
		_, _ = fmt.Fprint(w, "Product page is healthy") // a client that went away is no matter
	})
	mux.HandleFunc("GET /productpage", s.front)
	mux.HandleFunc("POST /login", login)
	mux.HandleFunc("GET /logout", logout)
	mux.HandleFunc("GET /metrics", s.counts.serve)
	mux.HandleFunc("GET /api/v1/products", func(w http.ResponseWriter, _ *http.Request) {
		answer(w, http.StatusOK, []any{map[string]any{"id": 0, "title": bookTitle, "descriptionHtml": bookWords}})
	})
	mux.HandleFunc("GET /api/v1/products/{id}", s.api(s.getDetails))
	mux.HandleFunc("GET /api/v1/products/{id}/reviews", s.api(s.getReviews))
	mux.HandleFunc("GET /api/v1/products/{id}/ratings", s.api(s.getRatings))
	return mux
}

// view is what the page shows; an error is shown in the place of what it kept away.
type view struct {
	Title, User                string
	Words                      template.HTML
	Details                    map[string]any
	Reviews                    []any
	DetailsError, ReviewsError string
}

func (s productpage) index(w http.ResponseWriter, r *http.Request) { s.render(w, view{User: user(r)}) }

func (s productpage) front(w http.ResponseWriter, r *http.Request) {
	v := view{Title: bookTitle, Words: bookWords, User: user(r)}
	var status int
	if status, v.Details = s.getDetails(r, "0"); status != http.StatusOK {
		v.DetailsError, _ = v.Details["error"].(string)
	}
	for range s.flood {
		s.getReviews(r, "0")
	}
	status, reviews := s.getReviews(r, "0")
	if v.Reviews, _ = reviews["reviews"].([]any); status != http.StatusOK {
		v.ReviewsError, _ = reviews["error"].(string)
	}
	s.render(w, v)
}

func (s productpage) render(w http.ResponseWriter, v view) {
	var page bytes.Buffer
	if err := s.page.Execute(&page, v); err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	_, _ = page.WriteTo(w) // a client that went away is no matter
}

func (s productpage) api(get func(*http.Request, string) (int, map[string]any)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		status, body := get(r, r.PathValue("id"))
		answer(w, status, body)
	}
}

func (s productpage) getDetails(r *http.Request, id string) (int, map[string]any) {
	return s.get(r, "details", s.details+"/details/"+id, 1, "Sorry, product details are currently unavailable for this book.")
}

// getReviews asks twice when it has to: the sample's own bug, which its task about injected faults shows.
func (s productpage) getReviews(r *http.Request, id string) (int, map[string]any) {
	return s.get(r, "reviews", s.reviews+"/reviews/"+id, 2, "Sorry, product reviews are currently unavailable for this book.")
}

func (s productpage) getRatings(r *http.Request, id string) (int, map[string]any) {
	return s.get(r, "ratings", s.ratings+"/ratings/"+id, 1, "Sorry, product ratings are currently unavailable for this book.")
}

// get asks a service and counts how that ended; without an answer it is a 500.
func (s productpage) get(r *http.Request, service, url string, tries int, sorry string) (int, map[string]any) {
	headers := forwarded(r, handedOn...)
	for name, values := range b3(r) {
		headers[name] = values
	}
	if name := user(r); name != "" {
		headers.Set("End-User", name)
	}
	status := 0
	for range tries {
		var body map[string]any
		var err error
		if status, err = ask(r.Context(), url, headers, askPatience, &body); err == nil {
			s.counts.add(result{service, status})
			return status, body
		}
	}
	if status == 0 || status == http.StatusOK {
		status = http.StatusInternalServerError
	}
	s.counts.add(result{service, status})
	return status, map[string]any{"error": sorry}
}

// session is the cookie that says who is signed in. The original signs it; nothing is guarded by it there either.
const session = "session"

func user(r *http.Request) string {
	cookie, err := r.Cookie(session)
	if err != nil {
		return ""
	}
	name, err := base64.RawURLEncoding.DecodeString(cookie.Value)
	if err != nil {
		return ""
	}
	return string(name)
}

func login(w http.ResponseWriter, r *http.Request) {
	http.SetCookie(w, &http.Cookie{Name: session, Value: base64.RawURLEncoding.EncodeToString([]byte(r.FormValue("username"))), Path: "/", HttpOnly: true})
	back(w, r)
}

func logout(w http.ResponseWriter, r *http.Request) {
	http.SetCookie(w, &http.Cookie{Name: session, Path: "/", MaxAge: -1, HttpOnly: true})
	back(w, r)
}

func back(w http.ResponseWriter, r *http.Request) {
	to := r.Referer()
	if to == "" {
		to = "/productpage"
	}
	http.Redirect(w, r, to, http.StatusFound)
}
