package verify_test

import (
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/dxlab/terraform-provider-lab/internal/verify"
)

// A trace is whole when nothing came for a while; one that grows for ever, or a store that fails, holds nobody up.
func TestStore_SettleWaitsForTheRest(t *testing.T) {
	t.Parallel()
	spans := func(n int64) string {
		return `{"batches":[` + strings.TrimSuffix(strings.Repeat(batch("scopeSpans", "a", "1", "")+",", int(n)), ",") + `]}`
	}
	for name, c := range map[string]struct {
		answer func(n int64) (status int, body string)
		want   func(spans int) bool
	}{
		"whole already": {func(int64) (int, string) { return 200, spans(1) }, func(n int) bool { return n == 1 }},
		"two more":      {func(n int64) (int, string) { return 200, spans(min(n+1, 3)) }, func(n int) bool { return n == 3 }},
		"ever more":     {func(n int64) (int, string) { return 200, spans(n + 1) }, func(n int) bool { return n > 3 }},
		"a store fails": {func(int64) (int, string) { return 500, "" }, func(n int) bool { return n == 1 }},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var asked atomic.Int64
			server := serve(t, func(w http.ResponseWriter, _ *http.Request) {
				status, body := c.answer(asked.Add(1))
				w.WriteHeader(status)
				_, _ = w.Write([]byte(body))
			})
			began := time.Now()
			seen := verify.Trace{ID: id, Spans: []verify.Span{{Service: "a"}}}
			got := storeAt(server).Settle(t.Context(), seen, verify.SettleOptions{Quiet: 400 * time.Millisecond, Limit: 3 * time.Second})
			if took := time.Since(began); !c.want(len(got.Spans)) || took < 350*time.Millisecond || took > 10*time.Second {
				t.Errorf("%d spans after %s, asked %d times", len(got.Spans), took, asked.Load())
			}
		})
	}
}
