package serve_test

import (
	"context"
	"io"
	"net"
	"net/http"
	"testing"

	"github.com/dxlab/terraform-provider-lab/test/lab/containers/standins/serve"
)

// TestHTTP_FinishesRequestsAtTheEnd ends the server while it answers a request.
func TestHTTP_FinishesRequestsAtTheEnd(t *testing.T) {
	t.Parallel()
	ctx, end := context.WithCancel(t.Context())
	defer end()
	address, ended := make(chan string, 1), make(chan error, 1)
	handler := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		end()
		<-ctx.Done()
		_, _ = io.WriteString(w, "done")
	})
	go func() { ended <- serve.HTTP(ctx, "127.0.0.1:0", handler, func(at net.Addr) { address <- at.String() }) }()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+<-address, nil)
	if err != nil {
		t.Fatal(err)
	}
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = answer.Body.Close() }()
	if body, err := io.ReadAll(answer.Body); err != nil || string(body) != "done" {
		t.Errorf("%q (%v)", body, err)
	}
	if err := <-ended; err != nil {
		t.Errorf("an end that was asked for gives %v", err)
	}
}

func TestHTTP_TakenAddressIsAnError(t *testing.T) {
	t.Parallel()
	var config net.ListenConfig
	taken, err := config.Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = taken.Close() }()
	if err := serve.HTTP(t.Context(), taken.Addr().String(), http.NotFoundHandler(), func(net.Addr) {}); err == nil {
		t.Error("it listens where somebody else does")
	}
}
