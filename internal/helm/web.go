package helm

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/cenkalti/backoff/v5"

	"github.com/dxlab/terraform-provider-lab/internal/fault"
)

const (
	connectTimeout = 10 * time.Second
	answerTimeout  = 30 * time.Second
	// stallTimeout ends a download that delivers nothing for so long.
	stallTimeout = 30 * time.Second
	// tries is how often a download is tried when it fails in a way that may pass.
	tries = 4
)

// web downloads from repositories.
type web struct {
	pause     time.Duration
	transport func() (http.RoundTripper, error)
}

func newWeb(o ChartsOptions) web {
	w := web{pause: o.RetryPause}
	if w.pause <= 0 {
		w.pause = 300 * time.Millisecond
	}
	w.transport = sync.OnceValues(func() (http.RoundTripper, error) {
		if o.Transport != nil {
			return o.Transport, nil
		}
		return newTransport(o.CA)
	})
	return w
}

// newTransport honours HTTP_PROXY and its kin, like [http.DefaultTransport].
func newTransport(ca []byte) (http.RoundTripper, error) {
	t := &http.Transport{
		Proxy:                 http.ProxyFromEnvironment,
		DialContext:           (&net.Dialer{Timeout: connectTimeout, KeepAlive: 30 * time.Second}).DialContext,
		TLSHandshakeTimeout:   connectTimeout,
		ResponseHeaderTimeout: answerTimeout,
		IdleConnTimeout:       90 * time.Second,
		MaxIdleConnsPerHost:   4,
		ForceAttemptHTTP2:     true,
		TLSClientConfig:       &tls.Config{MinVersion: tls.VersionTLS12},
	}
	if len(ca) > 0 {
		pool, err := x509.SystemCertPool()
		if err != nil {
			pool = x509.NewCertPool()
		}
		if !pool.AppendCertsFromPEM(ca) {
			return nil, fault.Newf(fault.Invalid, "the CA for chart repositories holds no PEM certificate")
		}
		t.TLSClientConfig.RootCAs = pool
	}
	return t, nil
}

// errMissing is an answer of 404.
var errMissing = errors.New("not found (404)")

// statusError is an answer that is neither success nor 404.
type statusError struct{ code int }

func (e statusError) Error() string {
	return fmt.Sprintf("the server answers %d %s", e.code, http.StatusText(e.code))
}

// download is something to fetch.
type download struct {
	address string
	// limit is how many bytes it may have.
	limit int64
	// accept is the media types that are wanted; it may be empty.
	accept string
	as     login
	// over replaces the transport, for example by one that authenticates.
	over http.RoundTripper
}

// page is what came.
type page struct {
	body []byte
	// link is the address of the next page of a list.
	link string
}

// fetch downloads into memory. Errors are [errMissing], or of a kind: Unreachable, Auth, Invalid (too big). They
// name the URL without credentials and query.
func (w web) fetch(ctx context.Context, d download) (page, error) {
	return retry(ctx, w.pause, func() (page, error) {
		got, err := w.once(ctx, d)
		return got, classifyWeb(ctx, err, plainURL(d.address))
	})
}

func (w web) once(ctx context.Context, d download) (page, error) {
	if d.over == nil {
		var err error
		if d.over, err = w.transport(); err != nil {
			return page{}, err
		}
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	response, err := d.ask(ctx)
	if err != nil {
		return page{}, err
	}
	defer func() { _ = response.Body.Close() }()
	switch {
	case response.StatusCode == http.StatusNotFound:
		return page{}, errMissing
	case response.StatusCode != http.StatusOK:
		return page{}, statusError{response.StatusCode}
	}
	body, err := readAll(response, d.limit, cancel)
	if cause := context.Cause(ctx); err != nil && cause != nil {
		err = cause
	}
	return page{body, nextLink(response)}, err
}

// nextLink reads the address of the next page of a list (RFC 5988, as in the OCI distribution specification).
func nextLink(response *http.Response) string {
	target, _, found := strings.Cut(strings.TrimPrefix(response.Header.Get("Link"), "<"), ">")
	if !found {
		return ""
	}
	next, err := response.Request.URL.Parse(target)
	if err != nil || next.Host != response.Request.URL.Host {
		return ""
	}
	return next.String()
}

// ask sends the request; with credentials that are only for those who ask, it first goes without.
func (d download) ask(ctx context.Context) (*http.Response, error) {
	client := &http.Client{Transport: d.over, CheckRedirect: keepCredentials}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, d.address, nil)
	if err != nil {
		return nil, fault.Newf(fault.Invalid, "the address of a chart is no URL")
	}
	request.Header.Set("User-Agent", userAgent)
	if d.accept != "" {
		request.Header.Set("Accept", d.accept)
	}
	as := d.as
	if as.known() && !as.whenAsked {
		request.SetBasicAuth(as.username, as.password)
	}
	response, err := client.Do(request)
	if err != nil || !as.known() || !as.whenAsked || response.StatusCode != http.StatusUnauthorized {
		return response, err
	}
	_ = response.Body.Close()
	request = request.Clone(ctx)
	request.SetBasicAuth(as.username, as.password)
	return client.Do(request)
}

// maxRedirects is Go's own limit.
const maxRedirects = 10

// keepCredentials lets a redirect take the credentials along to the same host and port alone, never in the open.
// Go's own rule lets them go to every port and subdomain of a host.
func keepCredentials(request *http.Request, via []*http.Request) error {
	if len(via) >= maxRedirects {
		return fault.Newf(fault.Invalid, "more than %d redirects", maxRedirects)
	}
	if first := via[0].URL; request.URL.Host != first.Host || request.URL.Scheme != first.Scheme {
		request.Header.Del("Authorization")
	}
	return nil
}

// userAgent names the provider to repositories.
const userAgent = "terraform-provider-lab"

// readAll reads a body of at most limit bytes, and gives up on one that stalls.
func readAll(response *http.Response, limit int64, cancel context.CancelCauseFunc) ([]byte, error) {
	stall := time.AfterFunc(stallTimeout, func() {
		cancel(fmt.Errorf("nothing came for %s", stallTimeout))
	})
	defer stall.Stop()
	var data bytes.Buffer
	if size := response.ContentLength; size > 0 && size <= limit {
		data.Grow(int(size) + bytes.MinRead) // the end is only seen with room left
	}
	if _, err := data.ReadFrom(io.LimitReader(&livelyReader{response.Body, stall}, limit+1)); err != nil {
		return nil, err
	}
	if int64(data.Len()) > limit {
		return nil, fault.Newf(fault.Invalid, "it is bigger than %d MiB", limit>>20)
	}
	return data.Bytes(), nil
}

// livelyReader pushes a timer away with each read that brings something.
type livelyReader struct {
	io.Reader
	stall *time.Timer
}

func (r *livelyReader) Read(p []byte) (int, error) {
	n, err := r.Reader.Read(p)
	if n > 0 {
		r.stall.Reset(stallTimeout)
	}
	return n, err
}

// retry calls fn until it succeeds or fails for good; only what is unreachable is tried again.
func retry[T any](ctx context.Context, pause time.Duration, fn func() (T, error)) (T, error) {
	pauses := backoff.NewExponentialBackOff()
	pauses.InitialInterval, pauses.MaxInterval, pauses.Multiplier = pause, 20*pause, 3
	out, err := backoff.Retry(ctx, func() (T, error) {
		out, err := fn()
		if err != nil && !transient(err) {
			err = backoff.Permanent(err)
		}
		return out, err
	}, backoff.WithBackOff(pauses), backoff.WithMaxTries(tries), backoff.WithMaxElapsedTime(0))
	var permanent *backoff.PermanentError
	if errors.As(err, &permanent) {
		err = permanent.Unwrap()
	}
	return out, err
}

// transient reports whether trying again may help. A certificate that is not trusted stays so.
func transient(err error) bool {
	var unknown x509.UnknownAuthorityError
	var name x509.HostnameError
	var invalid x509.CertificateInvalidError
	if errors.As(err, &unknown) || errors.As(err, &name) || errors.As(err, &invalid) {
		return false
	}
	return fault.Is(err, fault.Unreachable)
}

// classifyWeb gives an error of HTTP its kind and says where it happened.
func classifyWeb(ctx context.Context, err error, where string) error {
	var status statusError
	switch {
	case err == nil, errors.Is(err, errMissing):
		return err
	case ctx.Err() != nil:
		return fmt.Errorf("%s: %w", where, ctx.Err())
	case errors.As(err, &status):
		return classifyStatus(status.code, fmt.Errorf("%s: %w", where, err))
	case fault.KindOf(err) != fault.Unknown:
		return fmt.Errorf("%s: %w", where, err)
	}
	return fault.Newf(fault.Unreachable, "%s: %w%s", where, withoutURL(err), hint(err))
}

// classifyStatus gives err the kind that an HTTP status means.
func classifyStatus(code int, err error) error {
	switch {
	case code == http.StatusUnauthorized || code == http.StatusForbidden:
		return fault.New(fault.Auth, err)
	case code == http.StatusTooManyRequests || code == http.StatusRequestTimeout || code >= 500:
		return fault.New(fault.Unreachable, err)
	}
	return fault.New(fault.Invalid, err)
}

// withoutURL takes off the layer that repeats the URL, which may carry a signature in its query.
func withoutURL(err error) error {
	var u *url.Error
	if errors.As(err, &u) {
		return u.Err
	}
	return err
}

// hint says what to do about an untrusted certificate.
func hint(err error) string {
	var unknown x509.UnknownAuthorityError
	if errors.As(err, &unknown) {
		return " (set the CA of the chart repository if it has its own)"
	}
	return ""
}

// plainURL returns an address without credentials, query and fragment.
func plainURL(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return "the repository"
	}
	return (&url.URL{Scheme: u.Scheme, Host: u.Host, Path: u.Path}).String()
}
