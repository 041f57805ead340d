package verify

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"

	"github.com/dxlab/terraform-provider-lab/internal/fault"
)

// maxBody bounds what is read of an answer: a trace of many thousand spans is a few MiB.
const maxBody = 64 << 20

// endpoint is an HTTP API at a base address.
type endpoint struct {
	base   string
	client *http.Client
	header http.Header
}

// get asks for JSON. The kind of an error tells what is to be done: fault.NotFound for 404, fault.Unreachable for what
// may pass (no answer, 429, 5xx), fault.Auth and fault.Denied for 401 and 403, fault.Invalid for the rest.
func (e endpoint) get(ctx context.Context, path string, query url.Values, into any) error {
	body, err := e.raw(ctx, path, query)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(body, into); err != nil {
		return fault.Newf(fault.Invalid, "%s%s answered something that is no JSON: %s", e.base, path, excerpt(body))
	}
	return nil
}

func (e endpoint) raw(ctx context.Context, path string, query url.Values) ([]byte, error) {
	to := strings.TrimRight(e.base, "/") + path
	if len(query) > 0 {
		to += "?" + query.Encode()
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, to, nil)
	if err != nil {
		return nil, fault.New(fault.Invalid, err)
	}
	request.Header = e.header.Clone()
	if request.Header == nil {
		request.Header = http.Header{}
	}
	request.Header.Set("Accept", "application/json")
	response, err := e.client.Do(request)
	if err != nil {
		if kind := fault.KindOf(err); kind != fault.Unknown {
			return nil, err
		}
		return nil, fault.New(fault.Unreachable, err)
	}
	body, err := io.ReadAll(io.LimitReader(response.Body, maxBody))
	if err = errors.Join(err, response.Body.Close()); err != nil {
		return nil, fault.Newf(fault.Unreachable, "reading the answer of %s: %w", to, err)
	}
	if response.StatusCode == http.StatusOK {
		return body, nil
	}
	return nil, fault.New(kindOfStatus(response.StatusCode), fmt.Errorf("%s%s answered %s: %s", e.base, path, response.Status, excerpt(body)))
}

func kindOfStatus(code int) fault.Kind {
	switch {
	case code == http.StatusNotFound:
		return fault.NotFound
	case code == http.StatusUnauthorized:
		return fault.Auth
	case code == http.StatusForbidden:
		return fault.Denied
	case code == http.StatusTooManyRequests, code >= http.StatusInternalServerError:
		return fault.Unreachable
	}
	return fault.Invalid
}

// excerpt shows the beginning of an answer in one line.
func excerpt(body []byte) string {
	const shown = 200
	text := strings.Join(strings.Fields(string(body[:min(len(body), 4*shown)])), " ")
	if text == "" {
		return "(nothing)"
	}
	if len(text) > shown {
		text = strings.ToValidUTF8(text[:shown], "") + "..."
	}
	return text
}
