package host_test

import (
	"bytes"
	"log/slog"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/dxlab/terraform-provider-lab/internal/host"
	"github.com/dxlab/terraform-provider-lab/internal/host/hosttest"
)

// lockedBuffer is a log's destination.
type lockedBuffer struct {
	mu  sync.Mutex
	all bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.all.Write(p)
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.all.String()
}

// No credential and no content may come up in an error or in the log, however things go.
func TestSecrets_AreInNoErrorAndNoLog(t *testing.T) {
	t.Parallel()
	key := hosttest.NewKey(t, "ed25519")
	canaries := map[string]string{
		"login password": "canary-login-1", "sudo password": "canary-sudo-2", "passphrase": "canary-phrase-3", "script": "canary-script-4",
		"argument": "canary-arg-5", "environment": "canary-env-6", "input": "canary-input-7", "content": "canary-content-8", "redacted": "canary-output-9",
	}
	var log lockedBuffer
	var errs []string
	for _, kind := range []hosttest.SudoKind{hosttest.SudoPassword, hosttest.SudoNotInSudoers, hosttest.SudoTTY} {
		for _, right := range []bool{true, false} {
			server := hosttest.ServerOptions{Bin: hosttest.Sudo(kind, canaries["sudo password"])}
			if !right {
				server.Password = "another"
			}
			s := hosttest.NewServer(t, server)
			o := s.Options()
			o.Logger = slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))
			o.PrivateKey, o.Passphrase = key.Encrypted(t, canaries["passphrase"]), canaries["passphrase"]
			o.Password, o.SudoPassword = canaries["login password"], canaries["sudo password"]
			h := newPool(t, o).Host(s.Target())
			for _, sudo := range []bool{true, false} {
				_, err := h.Run(t.Context(), host.Command{
					Script: "echo " + canaries["script"] + " " + canaries["sudo password"] + " " + canaries["redacted"] + " >&2; cat >/dev/null; exit 1",
					Stdin:  strings.NewReader(canaries["input"]), Env: map[string]string{"X": canaries["environment"]}, Sudo: sudo,
					Redact: []string{canaries["redacted"], canaries["script"]},
				})
				errs = append(errs, err.Error())
				_, err = h.Run(t.Context(), host.Command{Args: []string{"false", canaries["argument"]}, Sudo: sudo})
				errs = append(errs, err.Error())
			}
			_, err := h.WriteFile(t.Context(), host.File{Path: filepath.Join(s.Dir, "x"), Content: []byte(canaries["content"]), Owner: "no-such-user"})
			errs = append(errs, err.Error())
		}
	}
	if !strings.Contains(log.String(), "command=") || len(errs) != 30 {
		t.Fatalf("nothing was logged, or only %d errors were seen", len(errs))
	}
	for what, canary := range canaries {
		if strings.Contains(log.String(), canary) {
			t.Errorf("the %s is in the log", what)
		}
		for _, text := range errs {
			if strings.Contains(text, canary) {
				t.Errorf("the %s is in the error: %s", what, text)
			}
		}
	}
}
