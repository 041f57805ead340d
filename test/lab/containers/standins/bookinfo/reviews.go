package bookinfo

import (
	"log/slog"
	"net/http"
	"strconv"
	"time"
)

// reviewed are the reviews of one book (LibertyRestEndpoint.java: getJsonResponse).
type reviewed struct {
	ID          string   `json:"id"`
	PodName     string   `json:"podname"`
	ClusterName string   `json:"clustername"`
	Reviews     []review `json:"reviews"`
}

type review struct {
	Reviewer string  `json:"reviewer"`
	Text     string  `json:"text"`
	Rating   *rating `json:"rating,omitempty"` // nil where ratings are not asked for
}

// rating has stars, or the error that there are none.
type rating struct {
	Stars int    `json:"stars,omitempty"`
	Color string `json:"color,omitempty"`
	Error string `json:"error,omitempty"`
}

// reviews asks ratings from version 2 on.
type reviews struct {
	env     lookup
	rating  bool
	color   string
	ratings string // URL of the service
}

func newReviews(env lookup) http.Handler {
	s := reviews{env: env, rating: env.or("ENABLE_RATINGS", "false") == "true", color: env.or("STAR_COLOR", "black"), ratings: env.service("ratings", "RATINGS")}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /health", func(w http.ResponseWriter, _ *http.Request) {
		answer(w, http.StatusOK, map[string]string{"status": "Reviews is healthy"})
	})
	mux.HandleFunc("GET /reviews/{id}", s.serve)
	return mux
}

func (s reviews) serve(w http.ResponseWriter, r *http.Request) {
	id, err := strconv.Atoi(r.PathValue("id"))
	if err != nil {
		http.NotFound(w, r)
		return
	}
	out := reviewed{
		ID: strconv.Itoa(id), PodName: s.env.or("HOSTNAME", "null"), ClusterName: s.env.or("CLUSTER_NAME", "null"),
		Reviews: []review{
			{Reviewer: "Reviewer1", Text: "An extremely entertaining play by Shakespeare. The slapstick humour is refreshing!"},
			{Reviewer: "Reviewer2", Text: "Absolutely fun and entertaining. The play lacks thematic depth when compared to other plays by Shakespeare."},
		},
	}
	if s.rating {
		stars := s.stars(r, id)
		for i, given := range out.Reviews {
			out.Reviews[i].Rating = &rating{Error: "Ratings service is currently unavailable"}
			if n, ok := stars[given.Reviewer]; ok {
				out.Reviews[i].Rating = &rating{Stars: n, Color: s.color}
			}
		}
	}
	answer(w, http.StatusOK, out)
}

// stars are those of a book by reviewer, none when ratings does not answer in time: version 3 has less patience than version 2.
func (s reviews) stars(r *http.Request, id int) map[string]int {
	patience := 2500 * time.Millisecond
	if s.color == "black" {
		patience = 10 * time.Second
	}
	var out rated
	headers := forwarded(r, append(handedOnB3, handedOn...)...)
	if _, err := ask(r.Context(), s.ratings+"/ratings/"+strconv.Itoa(id), headers, patience, &out); err != nil {
		slog.ErrorContext(r.Context(), "unable to contact ratings", "error", err)
		return nil
	}
	return out.Ratings
}
