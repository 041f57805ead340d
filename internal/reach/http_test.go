package reach_test

import (
	"crypto/tls"
	"errors"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/dxlab/terraform-provider-lab/internal/fault"
	"github.com/dxlab/terraform-provider-lab/internal/reach"
)

// ask returns the status and what the page says.
func ask(t *testing.T, client *http.Client, address string) (int, string, error) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, address, nil)
	if err != nil {
		t.Fatal(err)
	}
	response, err := client.Do(request)
	if err != nil {
		return 0, "", err
	}
	body, err := io.ReadAll(response.Body)
	return response.StatusCode, string(body), errors.Join(err, response.Body.Close())
}

func TestHTTP_GoesOutWhereItIsToldTo(t *testing.T) {
	t.Parallel()
	n := newNode(t)
	r := n.reach(t)
	page := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/elsewhere" {
			t.Error("a redirect was followed")
		}
		if r.URL.Path == "/leads" {
			http.Redirect(w, r, "/elsewhere", http.StatusFound)
			return
		}
		_, _ = io.WriteString(w, "hello")
	}))
	t.Cleanup(page.Close)
	before := r.NodeStats().Dials
	for via, dials := range map[reach.Via]int64{reach.ViaLocal: 0, reach.ViaNode: 1} {
		client, err := r.HTTP(t.Context(), n.ref, reach.HTTPOptions{Via: via})
		if err != nil {
			t.Fatal(err)
		}
		if status, body, err := ask(t, client, page.URL); err != nil || status != http.StatusOK || body != "hello" {
			t.Errorf("%s: %d %q %v", via, status, body, err)
		}
		if status, _, err := ask(t, client, page.URL+"/leads"); err != nil || status != http.StatusFound {
			t.Errorf("%s: %d %v", via, status, err)
		}
		if via == reach.ViaNode && r.NodeStats().Dials-before != dials {
			t.Errorf("%s: %d connections from the node", via, r.NodeStats().Dials-before)
		}
	}
	for _, o := range []reach.HTTPOptions{{Via: "pigeon"}, {}} {
		if _, err := r.HTTP(t.Context(), n.ref, o); !fault.Is(err, fault.Invalid) {
			t.Errorf("%+v: %v", o, err)
		}
	}
	if _, err := r.HTTP(t.Context(), reach.Reference{}, reach.HTTPOptions{Via: reach.ViaNode}); !fault.Is(err, fault.Invalid) {
		t.Errorf("via no node: %v", err)
	}
	n.down.Store(true)
	r.Forget(n.ref)
	if _, err := r.HTTP(t.Context(), n.ref, reach.HTTPOptions{Via: reach.ViaCluster}); !fault.Is(err, fault.Unreachable) {
		t.Errorf("into a cluster that is down: %v", err)
	}
}

// What a name was found to be is dialled, whoever else says what about it, and other names are looked up as ever.
func TestHTTP_DialsWhatWasLookedUp(t *testing.T) {
	t.Parallel()
	n := newNode(t)
	r := n.reach(t)
	page := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { _, _ = io.WriteString(w, r.Host) }))
	t.Cleanup(page.Close)
	ip, port, err := net.SplitHostPort(page.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	for _, via := range []reach.Via{reach.ViaLocal, reach.ViaNode} {
		client, err := r.HTTP(t.Context(), n.ref, reach.HTTPOptions{Via: via, Pinned: map[string]string{"page.invalid": ip}})
		if err != nil {
			t.Fatal(err)
		}
		if _, host, err := ask(t, client, "http://page.invalid:"+port); err != nil || host != "page.invalid:"+port {
			t.Errorf("%s: %q %v", via, host, err)
		}
		if _, _, err := ask(t, client, "http://other.invalid:"+port); err == nil {
			t.Errorf("%s: a name that nobody looked up was reached", via)
		}
	}
}

func TestHTTP_ExpectsTheNameThatIsAskedFor(t *testing.T) {
	t.Parallel()
	n := newNode(t)
	var asked atomic.Value
	page := httptest.NewUnstartedServer(http.NotFoundHandler())
	page.Config.ErrorLog = log.New(io.Discard, "", 0)
	page.TLS = &tls.Config{GetConfigForClient: func(hello *tls.ClientHelloInfo) (*tls.Config, error) {
		asked.Store(hello.ServerName)
		return nil, nil //nolint:nilnil // the server's own configuration serves
	}}
	page.StartTLS()
	t.Cleanup(page.Close)
	client, err := n.reach(t).HTTP(t.Context(), n.ref, reach.HTTPOptions{Via: reach.ViaLocal, ServerName: "page.example"})
	if err != nil {
		t.Fatal(err)
	}
	var untrusted *tls.CertificateVerificationError
	if _, _, err := ask(t, client, page.URL); !errors.As(err, &untrusted) || asked.Load() != "page.example" {
		t.Errorf("%v, asked for %v", err, asked.Load())
	}
}

// A load reuses its connections: over SSH each one costs a channel and a dial on the node.
func TestHTTP_ALoadDialsNoMoreThanItNeedsAtOnce(t *testing.T) {
	t.Parallel()
	n := newNode(t)
	r := n.reach(t)
	page := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "hello") }))
	t.Cleanup(page.Close)
	client, err := r.HTTP(t.Context(), n.ref, reach.HTTPOptions{Via: reach.ViaNode})
	if err != nil {
		t.Fatal(err)
	}
	const at, each = 8, 50
	var workers sync.WaitGroup
	for range at {
		workers.Go(func() {
			for range each {
				if _, _, err := ask(t, client, page.URL); err != nil {
					t.Error(err)
				}
			}
		})
	}
	workers.Wait()
	if dials := r.NodeStats().Dials; dials > 2*at {
		t.Errorf("%d requests, %d at once, dialled %d times", at*each, at, dials)
	}
}
