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
	"time"

	"github.com/dxlab/terraform-provider-lab/internal/fault"
)

// maxBody bounds what is read of an answer. Tempo takes no more than 5 MB of a trace by default
// (tempo:docs/sources/tempo/configuration, max_bytes_per_trace), which is some 20 MB as JSON.
const maxBody = 32 << 20

// endpoint is an HTTP API at a base address.
type endpoint struct {
	base   string
	client *http.Client
	header http.Header
	// patience bounds each request; zero is defaultRequestTimeout.
	patience time.Duration
}

// name is the base address as it may be shown.
func (e endpoint) name() string { return withoutPassword(strings.TrimRight(e.base, "/")) }

// get asks for JSON. The kind of an error tells what is to be done: fault.NotFound for 404, fault.Unreachable for what
// may pass (no answer, 429, 5xx), fault.Auth and fault.Denied for 401 and 403, fault.Invalid for the rest. An answer with
// another status than 200 is an [*AnswerError].
func (e endpoint) get(ctx context.Context, path string, query url.Values, into any) error {
	body, err := e.raw(ctx, path, query)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(body, into); err != nil {
		return fault.Newf(fault.Invalid, "%s%s answered something that is no JSON (%d bytes): %s", e.name(), path, len(body), excerpt(body))
	}
	return nil
}

// raw asks for a text. A connection that breaks, such as a forwarded port whose pod went away, is tried once more, on a
// new one: to read twice does no harm.
func (e endpoint) raw(ctx context.Context, path string, query url.Values) ([]byte, error) {
	body, err := e.once(ctx, path, query)
	var answered *AnswerError
	if fault.Is(err, fault.Unreachable) && !errors.As(err, &answered) && !isDeadline(err) && ctx.Err() == nil {
		return e.once(ctx, path, query)
	}
	return body, err
}

func (e endpoint) once(ctx context.Context, path string, query url.Values) ([]byte, error) {
	patience := e.patience
	if patience <= 0 {
		patience = defaultRequestTimeout
	}
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	request, err := e.request(ctx, path, query)
	if err != nil {
		return nil, err
	}
	response, err := staying(e.client).Do(request)
	if err != nil {
		if kind := fault.KindOf(err); kind != fault.Unknown {
			return nil, err
		}
		return nil, fault.Newf(fault.Unreachable, "%s%s: %s: %w", e.name(), path, kindOfFailure(err), bare(err))
	}
	body, err := io.ReadAll(io.LimitReader(response.Body, maxBody+1))
	if err = errors.Join(err, response.Body.Close()); err != nil {
		return nil, fault.Newf(fault.Unreachable, "reading the answer of %s%s: %s after %d bytes: %w", e.name(), path, kindOfFailure(err), len(body), err)
	}
	if response.StatusCode != http.StatusOK {
		refused := newAnswerError(e.name()+path, response, body)
		return nil, fault.New(kindOfStatus(refused.Status), refused)
	}
	if len(body) > maxBody {
		return nil, fault.Newf(fault.Invalid, "the answer of %s%s is larger than %d MiB, which is not read", e.name(), path, maxBody>>20)
	}
	return body, nil
}

func (e endpoint) request(ctx context.Context, path string, query url.Values) (*http.Request, error) {
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
	return request, nil
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

// withoutPassword is an address as it may be shown.
func withoutPassword(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return fmt.Sprintf("an address that is no URL (%d characters)", len(address))
	}
	return u.Redacted()
}
