package kubeapi

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync"
)

// kinds remembers where the API server serves each kind.
type kinds struct {
	mu    sync.Mutex
	known map[string]resource // by apiVersion/Kind
}

type resource struct {
	plural     string
	namespaced bool
}

// Path returns the path of an object, or of its collection when name is empty. A kind that the server does not know is a
// *StatusError with code 404; it is asked again the next time.
func (c *Client) Path(ctx context.Context, apiVersion, kind, namespace, name string) (string, error) {
	r, err := c.resource(ctx, apiVersion, kind)
	if err != nil {
		return "", err
	}
	path := groupPath(apiVersion)
	if r.namespaced {
		if namespace == "" {
			namespace = "default"
		}
		path += "/namespaces/" + namespace
	}
	path += "/" + r.plural
	if name != "" {
		path += "/" + name
	}
	return path, nil
}

func groupPath(apiVersion string) string {
	if strings.Contains(apiVersion, "/") {
		return "/apis/" + apiVersion
	}
	return "/api/" + apiVersion
}

func (c *Client) resource(ctx context.Context, apiVersion, kind string) (resource, error) {
	c.kinds.mu.Lock()
	defer c.kinds.mu.Unlock()
	key := apiVersion + "/" + kind
	if r, ok := c.kinds.known[key]; ok {
		return r, nil
	}
	var list struct {
		Resources []struct {
			Name       string `json:"name"`
			Kind       string `json:"kind"`
			Namespaced bool   `json:"namespaced"`
		} `json:"resources"`
	}
	if err := c.Do(ctx, Request{Method: http.MethodGet, Path: groupPath(apiVersion)}, &list); err != nil {
		return resource{}, err
	}
	if c.kinds.known == nil {
		c.kinds.known = map[string]resource{}
	}
	for _, r := range list.Resources {
		if !strings.Contains(r.Name, "/") {
			c.kinds.known[apiVersion+"/"+r.Kind] = resource{plural: r.Name, namespaced: r.Namespaced}
		}
	}
	r, ok := c.kinds.known[key]
	if !ok {
		return r, &StatusError{Code: http.StatusNotFound, Reason: "NotFound", Message: fmt.Sprintf("no kind %q in %s", kind, apiVersion)}
	}
	return r, nil
}

// Apply puts an object on the cluster by server-side apply and returns it as stored. Conflicting fields are taken over.
func (c *Client) Apply(ctx context.Context, o Object, manager string) (Object, error) {
	path, err := c.pathOf(ctx, o)
	if err != nil {
		return nil, err
	}
	body, err := json.Marshal(o)
	if err != nil {
		return nil, err
	}
	var out Object
	err = c.Do(ctx, Request{
		Method:      http.MethodPatch,
		Path:        path + "?force=true&fieldManager=" + url.QueryEscape(manager),
		ContentType: "application/apply-patch+yaml",
		Body:        body,
	}, &out)
	return out, err
}

// ApplyStatus sets an object's status by a merge patch of the subresource.
func (c *Client) ApplyStatus(ctx context.Context, o Object, status Object) error {
	path, err := c.pathOf(ctx, o)
	if err != nil {
		return err
	}
	return c.MergePatch(ctx, path+"/status", Object{"status": status})
}

// MergePatch sends a JSON merge patch.
func (c *Client) MergePatch(ctx context.Context, path string, patch Object) error {
	return c.Do(ctx, Request{Method: http.MethodPatch, Path: path, ContentType: "application/merge-patch+json", Body: patch}, nil)
}

// Delete removes an object; gone is success. Dependents are removed in the background.
func (c *Client) Delete(ctx context.Context, o Object) error {
	path, err := c.pathOf(ctx, o)
	if err == nil {
		err = c.Do(ctx, Request{Method: http.MethodDelete, Path: path + "?propagationPolicy=Background"}, nil)
	}
	if IsCode(err, http.StatusNotFound) {
		return nil
	}
	return err
}

func (c *Client) pathOf(ctx context.Context, o Object) (string, error) {
	return c.Path(ctx, Text(o, "apiVersion"), Text(o, "kind"), Text(o, "metadata", "namespace"), Text(o, "metadata", "name"))
}

// Text returns the string at a path of keys, or "".
func Text(o Object, keys ...string) string {
	s, _ := at(o, keys...).(string)
	return s
}

// Map returns the object at a path of keys, or nil.
func Map(o Object, keys ...string) Object {
	m, _ := at(o, keys...).(Object)
	return m
}

// List returns the list at a path of keys, or nil.
func List(o Object, keys ...string) []any {
	l, _ := at(o, keys...).([]any)
	return l
}

func at(o Object, keys ...string) any {
	var value any = o
	for _, k := range keys {
		m, ok := value.(Object)
		if !ok {
			return nil
		}
		value = m[k]
	}
	return value
}
