package bookinfo

import (
	"encoding/json"
	"net/http"
	"path"
	"strconv"
	"sync"
)

// rated are the ratings of one book by reviewer (ratings.js: getLocalReviews).
type rated struct {
	ID      int            `json:"id"`
	Ratings map[string]int `json:"ratings"`
}

// ratings keeps what was posted in memory, as the original without a database does.
type ratings struct {
	mutex  sync.Mutex
	posted map[int]rated
}

func newRatings(lookup) http.Handler {
	s := &ratings{posted: map[int]rated{}}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /health", func(w http.ResponseWriter, _ *http.Request) {
		answer(w, http.StatusOK, map[string]string{"status": "Ratings is healthy"})
	})
	mux.HandleFunc("GET /ratings/", func(w http.ResponseWriter, r *http.Request) {
		if id, ok := product(w, r); ok {
			answer(w, http.StatusOK, s.of(id))
		}
	})
	mux.HandleFunc("POST /ratings/", func(w http.ResponseWriter, r *http.Request) {
		id, ok := product(w, r)
		if !ok {
			return
		}
		var given map[string]int
		if err := json.NewDecoder(r.Body).Decode(&given); err != nil {
			answer(w, http.StatusBadRequest, map[string]string{"error": "please provide valid ratings JSON"})
			return
		}
		s.put(rated{ID: id, Ratings: given})
		answer(w, http.StatusOK, s.of(id))
	})
	return mux
}

func product(w http.ResponseWriter, r *http.Request) (int, bool) {
	id, err := strconv.Atoi(path.Base(r.URL.Path))
	if err != nil {
		answer(w, http.StatusBadRequest, map[string]string{"error": "please provide numeric product ID"})
	}
	return id, err == nil
}

func (s *ratings) put(r rated) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	s.posted[r.ID] = r
}

func (s *ratings) of(id int) rated {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	if r, ok := s.posted[id]; ok {
		return r
	}
	return rated{ID: id, Ratings: map[string]int{"Reviewer1": 5, "Reviewer2": 4}}
}
