package kube_test

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/dxlab/terraform-provider-lab/internal/fault"
	"github.com/dxlab/terraform-provider-lab/internal/kube"
)

func TestGet_ClassifiesWhatTheServerAnswers(t *testing.T) {
	t.Parallel()
	cases := map[string]struct {
		answer http.HandlerFunc
		want   fault.Kind
	}{
		"400":                   {fails(400, metav1.StatusReasonBadRequest, "bad"), fault.Invalid},
		"401":                   {fails(401, metav1.StatusReasonUnauthorized, "Unauthorized"), fault.Auth},
		"403 by the authorizer": {fails(403, metav1.StatusReasonForbidden, `configmaps "x" is forbidden: User "system:serviceaccount:demo:reader" cannot get resource "configmaps"`), fault.Denied},
		"403 of nobody":         {fails(403, metav1.StatusReasonForbidden, `configmaps "x" is forbidden: User "system:anonymous" cannot get resource "configmaps"`), fault.Auth},
		"403 by admission":      {fails(403, metav1.StatusReasonForbidden, `pods "x" is forbidden: violates PodSecurity "restricted:latest"`), fault.Invalid},
		"403 by a webhook":      {fails(403, metav1.StatusReasonForbidden, `admission webhook "pools.metallb.io" denied the request: User "x" cannot have it`), fault.Invalid},
		"403 of a namespace that goes away": {fails(403, metav1.StatusReasonForbidden, "it is being terminated",
			metav1.StatusCause{Type: "NamespaceTerminating"}), fault.Conflict},
		"404": {fails(404, metav1.StatusReasonNotFound, `configmaps "x" not found`), fault.NotFound},
		"409": {fails(409, metav1.StatusReasonConflict, "the object has been modified"), fault.Conflict},
		"410": {fails(410, metav1.StatusReasonExpired, "too old"), fault.Unreachable},
		"413": {fails(413, metav1.StatusReasonRequestEntityTooLarge, "too large"), fault.Invalid},
		"422": {fails(422, metav1.StatusReasonInvalid, "spec.x: Required value"), fault.Invalid},
		"500": {fails(500, metav1.StatusReasonInternalError, "etcdserver: leader changed"), fault.Unreachable},
		"500 for a field that the kind does not have": {fails(500, metav1.StatusReasonInternalError,
			"failed to create typed patch object (demo/x; apps/v1, Kind=Deployment): .spec.foo: field not declared in schema"), fault.Invalid},
		"503": {fails(503, metav1.StatusReasonServiceUnavailable, "apiserver is shutting down"), fault.Unreachable},
		"504": {fails(504, metav1.StatusReasonTimeout, "timed out"), fault.Unreachable},
		"502 of a load balancer": {func(w http.ResponseWriter, _ *http.Request) {
			http.Error(w, "<html>bad gateway</html>", http.StatusBadGateway)
		}, fault.Unreachable},
		"connection lost": {func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, fault.Unreachable},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newStub(t)
			s.on("GET "+configMapPath, c.answer)
			_, err := s.client().Get(t.Context(), configMapRef)
			if fault.KindOf(err) != c.want {
				t.Errorf("kind %q of %v, want %q", fault.KindOf(err), err, c.want)
			}
			if err == nil || !strings.HasPrefix(err.Error(), "reading ConfigMap demo/x: ") {
				t.Errorf("the error does not say what was done: %v", err)
			}
		})
	}
}

func TestGet_ServerThatRefusesConnectionsIsUnreachable(t *testing.T) {
	t.Parallel()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := listener.Addr().String()
	if err := listener.Close(); err != nil {
		t.Fatal(err)
	}
	_, err = newClient(t, "http://"+address).UID(t.Context())
	if !fault.Is(err, fault.Unreachable) {
		t.Errorf("kind %q of %v", fault.KindOf(err), err)
	}
}

func TestGet_ServerThatNeverAnswersIsUnreachable(t *testing.T) {
	t.Parallel()
	s := newStub(t)
	s.on("GET "+configMapPath, func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
	client := s.client(func(c *kube.Config) { c.RequestTimeout = 50 * time.Millisecond })
	_, err := client.Get(t.Context(), configMapRef)
	if !fault.Is(err, fault.Unreachable) {
		t.Errorf("kind %q of %v", fault.KindOf(err), err)
	}
}

func TestGet_RateLimitThatTakesTooLongIsUnreachable(t *testing.T) {
	t.Parallel()
	s := newStub(t)
	whoami(s)
	client := s.client(func(c *kube.Config) { c.QPS, c.Burst = 0.001, 1 })
	if _, err := client.UID(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := client.UID(t.Context()); !fault.Is(err, fault.Unreachable) {
		t.Errorf("kind %q of %v", fault.KindOf(err), err)
	}
}

func TestGet_CancelIsNoFault(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	s := newStub(t)
	s.on("GET "+configMapPath, func(_ http.ResponseWriter, r *http.Request) { cancel(); <-r.Context().Done() })
	_, err := s.client().Get(ctx, configMapRef)
	if !errors.Is(err, context.Canceled) || fault.KindOf(err) != fault.Unknown {
		t.Errorf("kind %q of %v", fault.KindOf(err), err)
	}
}

func TestGet_ServerWithAnotherCAIsNotTheServer(t *testing.T) {
	t.Parallel()
	server := newStub(t)
	cases := map[string]func(*kube.Config){
		"unknown authority": func(c *kube.Config) { c.CA = nil },
		"another name": func(c *kube.Config) {
			c.TLSServerName = "elsewhere.test"
		},
	}
	for name, change := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := server.client(change).UID(t.Context())
			if !fault.Is(err, fault.HostKey) {
				t.Errorf("kind %q of %v", fault.KindOf(err), err)
			}
		})
	}
}

func TestGet_KeepsTheKindThatTheDialerKnows(t *testing.T) {
	t.Parallel()
	client := newClient(t, "https://10.0.0.1:6443", func(c *kube.Config) {
		c.Dial = func(context.Context, string, string) (net.Conn, error) {
			return nil, fault.Newf(fault.Denied, "forwarding is forbidden")
		}
	})
	_, err := client.UID(t.Context())
	if !fault.Is(err, fault.Denied) {
		t.Errorf("kind %q of %v", fault.KindOf(err), err)
	}
}

func TestGet_CredentialsThatCannotBeHadAreAuth(t *testing.T) {
	t.Parallel()
	s := newStub(t)
	strict := httptest.NewUnstartedServer(http.HandlerFunc(nothingHere))
	strict.Config.ErrorLog = log.New(io.Discard, "", 0)
	strict.TLS = &tls.Config{ClientAuth: tls.RequireAnyClientCert}
	strict.StartTLS()
	t.Cleanup(strict.Close)
	clients := map[string]*kube.Client{
		"plugin is missing": s.client(func(c *kube.Config) { c.Token, c.Exec = "", &kube.Exec{Command: "/none/such"} }),
		"plugin fails":      s.client(func(c *kube.Config) { c.Token, c.Exec = "", &kube.Exec{Command: "/bin/false"} }),
		"no certificate":    newClient(t, strict.URL, func(c *kube.Config) { c.CA = certificateOf(strict) }),
	}
	for name, client := range clients {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if _, err := client.UID(t.Context()); !fault.Is(err, fault.Auth) {
				t.Errorf("kind %q of %v", fault.KindOf(err), err)
			}
		})
	}
}

func TestErrors_HoldNoCredentials(t *testing.T) {
	t.Parallel()
	s := newStub(t)
	s.on("GET "+configMapPath, func(w http.ResponseWriter, r *http.Request) {
		fails(500, metav1.StatusReasonInternalError, "header was "+r.Header.Get("Authorization"))(w, r)
	})
	_, err := s.client().Get(t.Context(), configMapRef)
	if err == nil || strings.Contains(err.Error(), "a-token-of-the-test") || !strings.Contains(err.Error(), "(redacted)") {
		t.Errorf("unexpected error: %v", err)
	}
	if !fault.Is(err, fault.Unreachable) {
		t.Errorf("the kind is lost: %q", fault.KindOf(err))
	}
}

func TestIsWebhookNotReady(t *testing.T) {
	t.Parallel()
	call := `Internal error occurred: failed calling webhook "ipaddresspoolvalidationwebhook.metallb.io": failed to call webhook: Post "https://metallb-webhook-service.metallb-system.svc:443/validate?timeout=10s": `
	cases := map[string]struct {
		text string
		want bool
	}{
		"connection refused": {call + "dial tcp 10.43.1.2:443: connect: connection refused", true},
		"unknown authority":  {call + "tls: failed to verify certificate: x509: certificate signed by unknown authority", true},
		"no endpoints":       {call + `no endpoints available for service "metallb-webhook-service"`, true},
		"no service":         {call + `service "metallb-webhook-service" not found`, true},
		"cut":                {call + "EOF", true},
		"deadline":           {call + "context deadline exceeded", true},
		"503":                {`Internal error occurred: failed calling webhook "x": failed to call webhook: the server is currently unable to handle the request`, true},
		"502":                {`Internal error occurred: failed calling webhook "x": failed to call webhook: an error on the server ("") has prevented the request from succeeding`, true},
		"504":                {`Internal error occurred: failed calling webhook "x": failed to call webhook: the server was unable to return a response in the time allotted, but may still be processing the request`, true},
		"RKE2's proxy":       {call + "proxy error from 127.0.0.1:9345 while dialing 10.42.0.5:9443, code 502: 502 Bad Gateway", true},
		"conversion":         {`conversion webhook for opentelemetry.io/v1alpha1, Kind=OpenTelemetryCollector failed: Post "https://x.svc:443/convert?timeout=30s": dial tcp 10.43.0.9:443: connect: connection refused`, true},
		"through helm":       {"1 error occurred:\n\t* " + call + "dial tcp 10.43.1.2:443: i/o timeout\n", true},
		"refused by it":      {`admission webhook "x" denied the request: connection refused by policy`, false},
		"wrong answer":       {`Internal error occurred: failed calling webhook "x": expected response.uid="1", got ""`, false},
		"the API itself":     {`Get "https://10.0.0.1:6443/api": dial tcp 10.0.0.1:6443: connect: connection refused`, false},
		"something else":     {`configmaps "x" not found`, false},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := kube.IsWebhookNotReady(errors.New(c.text)); got != c.want {
				t.Errorf("got %v for %s", got, c.text)
			}
		})
	}
	if kube.IsWebhookNotReady(nil) {
		t.Error("no error is a race")
	}
}
