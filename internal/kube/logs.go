package kube

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
)

// LogOptions select what is read of a container's log.
type LogOptions struct {
	Namespace, Pod string
	// Container may be empty when the pod has one.
	Container string
	// Previous reads the log of the container's last run, the one that crashed.
	Previous bool
	// Lines is how many lines from the end; zero means 100.
	Lines int
}

// maxLogBytes bounds what is read of one log.
const maxLogBytes = 256 << 10

// Logs returns the last lines of a container; fault.NotFound when the pod is gone, fault.Invalid when the
// container has not started, fault.Unreachable when its node does not answer.
func (c *Client) Logs(ctx context.Context, o LogOptions) (string, error) {
	if o.Lines <= 0 {
		o.Lines = 100
	}
	from := c.base.JoinPath("api/v1/namespaces", o.Namespace, "pods", o.Pod, "log")
	query := url.Values{"tailLines": {strconv.Itoa(o.Lines)}, "limitBytes": {strconv.Itoa(maxLogBytes)}}
	if o.Container != "" {
		query.Set("container", o.Container)
	}
	if o.Previous {
		query.Set("previous", "true")
	}
	from.RawQuery = query.Encode()
	response, text, err := c.fetch(ctx, from, fetchOptions{limit: maxLogBytes})
	if err == nil && response.StatusCode != http.StatusOK {
		err = statusError(response.StatusCode, text)
	}
	if err != nil {
		return "", fmt.Errorf("reading the log of Pod %s/%s: %w", o.Namespace, o.Pod, c.classify(err))
	}
	return string(text), nil
}
