package bookinfo

import "net/http"

// Service is one of the services with these variables.
func Service(name string, env map[string]string) http.Handler {
	look := func(name string) (string, bool) {
		value, ok := env[name]
		return value, ok
	}
	return map[string]func(lookup) http.Handler{
		"productpage": newProductpage, "details": newDetails, "reviews": newReviews, "ratings": newRatings,
	}[name](look)
}
