package journal_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"regexp"
	"testing"

	"github.com/dxlab/terraform-provider-lab/test/lab/release/rke2/internal/journal"
)

func TestNew_WritesLogrusLines(t *testing.T) {
	t.Parallel()
	var b bytes.Buffer
	logger := journal.New(&b, slog.LevelInfo).With("node", "h1")
	logger.Debug("hidden")
	logger.Warn(`say "hi"`, "error", errors.New("no way"))
	logger.Log(context.Background(), journal.Fatal, "over")
	want := regexp.MustCompile(`^time="\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ" level=warning msg="say \\"hi\\"" node=h1 error="no way"
time="[^"]+" level=fatal msg="over" node=h1
$`)
	if !want.MatchString(b.String()) {
		t.Errorf("got\n%s", b.String())
	}
}
