package bench_test

import (
	"strconv"
	"strings"
	"testing"

	"github.com/dxlab/terraform-provider-lab/test/lab/hosts"
)

// logins is what a host's sshd has seen. It is the host's word, not the provider's.
type logins struct{ connections, sessions int }

// loginsOf counts what stands in a host's journal; sshd names sessions with LogLevel VERBOSE.
func loginsOf(t testing.TB, host *hosts.Host) logins {
	t.Helper()
	count := func(text string) int {
		out, err := host.Run(t.Context(), "journalctl --sync; journalctl -q -o cat -t sshd -t sshd-session | grep -c '^"+text+"' || true")
		if err != nil {
			t.Fatal(err)
		}
		n, err := strconv.Atoi(strings.TrimSpace(out))
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	return logins{connections: count("Accepted publickey "), sessions: count("Starting session")}
}

func (l logins) since(earlier logins) logins {
	return logins{l.connections - earlier.connections, l.sessions - earlier.sessions}
}
