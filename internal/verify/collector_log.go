package verify

import (
	"context"
	"regexp"
	"slices"
	"strings"

	"github.com/dxlab/terraform-provider-lab/internal/object"
)

// exportComplaint is a line of a collector's log that says that spans could not be passed on
// (opentelemetry-collector:exporter/exporterhelper/internal, "Exporting failed." in queue and retry senders).
var exportComplaint = regexp.MustCompile(`(?i)exporting failed|export.*\berror\b|\berror\b.*export`)

// stampOfLine is the time that a line of a log begins with.
var stampOfLine = regexp.MustCompile(`^\d{4}-\d\d-\d\dT\S+\s+`)

// exporterSays is what the collector's own log says last of its exporter, in one line; empty when it says nothing, or
// cannot be read. Its pods have the name of its Service as a label (opentelemetry-operator:internal/manifests/manifestutils/labels.go).
func (w Way) exporterSays(ctx context.Context) string {
	if w.Log == nil {
		return ""
	}
	pods, err := w.Cluster.List(ctx, "v1", "Pod", w.Collector.Namespace, "app.kubernetes.io/name="+w.Collector.Name)
	if err != nil {
		return ""
	}
	for _, pod := range slices.DeleteFunc(pods, isOver) {
		text, err := w.Log(ctx, object.RefOf(pod))
		if err != nil {
			continue
		}
		lines := strings.Split(strings.TrimSpace(text), "\n")
		for _, line := range slices.Backward(lines) {
			if exportComplaint.MatchString(line) {
				return "; its log says: " + cut(masked(strings.Join(strings.Fields(stampOfLine.ReplaceAllString(line, "")), " ")), shownOfError)
			}
		}
	}
	return ""
}
