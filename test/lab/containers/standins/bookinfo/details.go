package bookinfo

import (
	"net/http"
	"path"
	"strconv"
)

// book is what details knows of every book (details.rb: get_book_details).
type book struct {
	ID        int    `json:"id"`
	Author    string `json:"author"`
	Year      int    `json:"year"`
	Type      string `json:"type"`
	Pages     int    `json:"pages"`
	Publisher string `json:"publisher"`
	Language  string `json:"language"`
	ISBN10    string `json:"ISBN-10"`
	ISBN13    string `json:"ISBN-13"`
}

func newDetails(lookup) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("/health", func(w http.ResponseWriter, _ *http.Request) {
		answer(w, http.StatusOK, map[string]string{"status": "Details is healthy"})
	})
	mux.HandleFunc("/details/", func(w http.ResponseWriter, r *http.Request) {
		id, err := strconv.Atoi(path.Base(r.URL.Path))
		if err != nil {
			answer(w, http.StatusBadRequest, map[string]string{"error": "please provide numeric product id"})
			return
		}
		answer(w, http.StatusOK, book{
			ID: id, Author: "William Shakespeare", Year: 1595, Type: "paperback", Pages: 200, Publisher: "PublisherA",
			Language: "English", ISBN10: "1234567890", ISBN13: "123-1234567890",
		})
	})
	return mux
}
