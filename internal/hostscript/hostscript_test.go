package hostscript_test

import (
	"strings"
	"testing"

	"github.com/dxlab/terraform-provider-lab/internal/fault"
	"github.com/dxlab/terraform-provider-lab/internal/hostscript"
	"github.com/dxlab/terraform-provider-lab/internal/hostscript/hostscripttest"
)

func TestRun_ReadsTheAnswer(t *testing.T) {
	t.Parallel()
	answer, err := hostscript.Run(t.Context(), hostscripttest.NewShell(t, "h"), hostscript.Script{
		Name: "try", Env: map[string]string{"NAME": "a 'b'\nc"}, Stdin: []byte("raw\x00bytes"),
		Body: "say name \"$NAME\"\nsay many 1\nsay many 2\nblob input\necho noise\n",
	})
	if err != nil {
		t.Fatal(err)
	}
	if got := answer.Value("name"); got != "a 'b' c" {
		t.Errorf("name %q", got)
	}
	if got := strings.Join(answer.Values("many"), ","); got != "1,2" {
		t.Errorf("many %q", got)
	}
	if got := string(answer.Blob("input")); got != "raw\x00bytes" {
		t.Errorf("input %q", got)
	}
	if answer.Value("none") != "" || answer.Blob("none") != nil {
		t.Error("something was answered that nobody said")
	}
}

func TestRun_TellsNothingOfTheOutputOfAFailure(t *testing.T) {
	t.Parallel()
	_, err := hostscript.Run(t.Context(), hostscripttest.NewShell(t, "h"), hostscript.Script{Name: "try", Body: "say content secret\necho broken >&2\nexit 3\n"})
	if !fault.Is(err, fault.Command) || strings.Contains(err.Error(), "secret") || !strings.Contains(err.Error(), "try on h: exit status 3: broken") {
		t.Errorf("got %v", err)
	}
}

func TestRun_RedactsWhatAFailureSaid(t *testing.T) {
	t.Parallel()
	redact := func(said string) string { return strings.ReplaceAll(said, "canary", "[redacted]") }
	_, err := hostscript.Run(t.Context(), hostscripttest.NewShell(t, "h"), hostscript.Script{Name: "try", Body: "echo no canary >&2\nexit 3\n", Redact: redact})
	if !fault.Is(err, fault.Command) || !strings.Contains(err.Error(), "exit status 3: no [redacted]") {
		t.Errorf("got %v", err)
	}
}

func TestRun_BelievesNoHalfAnswer(t *testing.T) {
	t.Parallel()
	_, err := hostscript.Run(t.Context(), hostscripttest.NewShell(t, "h"), hostscript.Script{Name: "try", Body: "say a b\ntrap - EXIT\n"})
	if err == nil || !strings.Contains(err.Error(), "not whole") {
		t.Errorf("got %v", err)
	}
}
