// Package bookinfo knows what the four services of Istio's sample Bookinfo answer, whom they call for it, and which headers of a
// request they hand on, so that a trace goes through them as through the originals (istio:samples/bookinfo/src@1.30.3).
package bookinfo

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"time"

	"github.com/dxlab/terraform-provider-lab/test/lab/containers/standins/serve"
)

// Run serves one of productpage, details, reviews and ratings, which the first argument names, until ctx ends. Versions and the
// places of other services are in the variables that the originals read: ENABLE_RATINGS and STAR_COLOR (reviews v2, v3), SERVICES_DOMAIN,
// DETAILS_HOSTNAME, DETAILS_SERVICE_PORT and so on, FLOOD_FACTOR.
func Run(ctx context.Context, args []string) error {
	services := map[string]func(lookup) http.Handler{
		"productpage": newProductpage, "details": newDetails, "reviews": newReviews, "ratings": newRatings,
	}
	if len(args) == 0 || services[args[0]] == nil {
		return errors.New("usage: bookinfo productpage|details|reviews|ratings [-listen ADDRESS]")
	}
	flags := flag.NewFlagSet("bookinfo", flag.ContinueOnError)
	address := flags.String("listen", ":9080", "where to listen")
	if err := flags.Parse(args[1:]); err != nil {
		return fmt.Errorf("reading the arguments of bookinfo: %w", err)
	}
	handler := logged(services[args[0]](os.LookupEnv))
	return serve.HTTP(ctx, *address, handler, func(at net.Addr) {
		slog.InfoContext(ctx, "stand-in for a service of Bookinfo listens", "service", args[0], "address", at.String())
	})
}

// lookup reads an environment variable.
type lookup func(name string) (string, bool)

// or returns a variable, or else a default. An empty variable counts, as in the originals.
func (l lookup) or(name, otherwise string) string {
	if value, ok := l(name); ok {
		return value
	}
	return otherwise
}

// service is the URL of another service: its name, the domain of all services, its port.
func (l lookup) service(name, prefix string) string {
	host := l.or(prefix+"_HOSTNAME", name)
	if domain, ok := l("SERVICES_DOMAIN"); ok {
		host += "." + domain
	}
	return "http://" + net.JoinHostPort(host, l.or(prefix+"_SERVICE_PORT", "9080"))
}

// ask gets JSON from another service with the headers that are handed on. A new connection each time lets requests spread over all
// pods of a service, as productpage.py's send_request says. The status is 0 when there was no answer.
func ask(ctx context.Context, url string, headers http.Header, patience time.Duration, into any) (status int, err error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return 0, err
	}
	request.Header, request.Close = headers.Clone(), true
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		return 0, err
	}
	defer func() { _ = answer.Body.Close() }() // it was only read
	if answer.StatusCode != http.StatusOK {
		return answer.StatusCode, fmt.Errorf("%s answered %s", url, answer.Status)
	}
	if err := json.NewDecoder(answer.Body).Decode(into); err != nil {
		return 0, fmt.Errorf("reading the answer of %s: %w", url, err)
	}
	return answer.StatusCode, nil
}

func answer(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body) // a client that went away is no matter
}

// logged writes a line for every request to standard output, as the originals do.
func logged(handler http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		begin := time.Now()
		handler.ServeHTTP(w, r)
		_, _ = fmt.Fprintf(os.Stdout, "%s %s %s %s\n", begin.UTC().Format(time.RFC3339), r.Method, r.URL.RequestURI(), time.Since(begin).Round(time.Microsecond))
	})
}
