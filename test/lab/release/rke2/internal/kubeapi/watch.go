package kubeapi

import (
	"context"
	"encoding/json"
	"net/http"
	"strings"
)

// Event is one change of a watched collection: ADDED, MODIFIED, DELETED or BOOKMARK.
type Event struct {
	Type   string `json:"type"`
	Object Object `json:"object"`
}

// Watch calls handle for every object of a collection and then for every change, until the server ends the stream (nil), handle fails or
// ctx ends. Callers watch again.
func (c *Client) Watch(ctx context.Context, path string, handle func(Event) error) error {
	separator := "?"
	if strings.Contains(path, "?") {
		separator = "&"
	}
	resp, err := c.send(ctx, Request{Method: http.MethodGet, Path: path + separator + "watch=true"})
	if err != nil {
		return err
	}
	defer func() { _ = resp.Body.Close() }()
	decoder := json.NewDecoder(resp.Body)
	for decoder.More() {
		var e Event
		if err := decoder.Decode(&e); err != nil {
			return err
		}
		if err := handle(e); err != nil {
			return err
		}
	}
	return nil
}
