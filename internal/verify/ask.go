package verify

import (
	"context"
	"errors"
	"io"
	"net/http"
	"time"
)

const defaultRequestTimeout = 10 * time.Second

// Answer is what came back of one request, apart from its body.
type Answer struct {
	Status int
	// Server is who answered, as the header of that name says; Location is where a redirect leads, empty for others.
	Server, Location string
}

// Ask sends one request that belongs to a trace, and reads its answer to the end. Of the options it takes what concerns
// one request. It follows no redirect, whatever the client does otherwise.
func Ask(ctx context.Context, client *http.Client, id TraceID, o TrafficOptions) (Answer, error) {
	timeout := o.Timeout
	if timeout <= 0 {
		timeout = defaultRequestTimeout
	}
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, o.Method, o.URL, nil)
	if err != nil {
		return Answer{}, err
	}
	for name, value := range o.Headers {
		request.Header.Set(name, value)
	}
	id.Propagate(request.Header)
	request.Host = o.Host
	response, err := staying(client).Do(request)
	if err != nil {
		return Answer{}, err
	}
	answer := Answer{Status: response.StatusCode, Server: response.Header.Get("Server")}
	if answer.Status >= http.StatusMultipleChoices && answer.Status < http.StatusBadRequest {
		answer.Location = response.Header.Get("Location")
	}
	_, err = io.Copy(io.Discard, response.Body)
	return answer, errors.Join(err, response.Body.Close())
}

// staying is a client that follows no redirect: where one leads, nobody has looked whether it is the lab's.
func staying(client *http.Client) *http.Client {
	out := *client
	out.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return &out
}
