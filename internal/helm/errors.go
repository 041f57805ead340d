package helm

import (
	"context"
	"errors"
	"fmt"
	"net"
	"regexp"
	"strings"

	"helm.sh/helm/v3/pkg/storage/driver"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	utilnet "k8s.io/apimachinery/pkg/util/net"

	"github.com/dxlab/terraform-provider-lab/internal/fault"
)

// kindOfAPI names the kind of an error of the Kubernetes API or of the way to it. It never says NotFound: an object
// that an operation misses does not mean that the release is gone.
func kindOfAPI(err error) fault.Kind {
	var network net.Error
	switch {
	case fault.KindOf(err) != fault.Unknown:
		return fault.KindOf(err)
	case apierrors.IsUnauthorized(err):
		return fault.Auth
	case apierrors.IsForbidden(err):
		return fault.Denied
	case apierrors.IsConflict(err), apierrors.IsAlreadyExists(err):
		return fault.Conflict
	case apierrors.IsInvalid(err), apierrors.IsBadRequest(err), apierrors.IsRequestEntityTooLargeError(err), meta.IsNoMatchError(err):
		return fault.Invalid
	case apierrors.IsServiceUnavailable(err), apierrors.IsTooManyRequests(err), apierrors.IsServerTimeout(err):
		return fault.Unreachable
	case utilnet.IsConnectionRefused(err), utilnet.IsConnectionReset(err), utilnet.IsProbableEOF(err), errors.As(err, &network):
		return fault.Unreachable
	}
	return fault.Unknown
}

// The texts by which Helm tells what it refuses; it has no types for them. All are of v3.22.0.
var (
	// pkg/action/action.go, renderResources.
	kubeVersionText = regexp.MustCompile(`chart requires kubeVersion: (.*) which is incompatible with Kubernetes (\S+)`)
	// pkg/chartutil/jsonschema.go, ValidateAgainstSchema, called by ToRenderValues.
	schemaText = "values don't meet the specifications of the schema(s)"
	// pkg/action/validate.go, existingResourceConflict.
	ownerText = regexp.MustCompile(`(\S+ ".*?" in namespace ".*?") exists and cannot be imported into the current release: (.*)`)
	// pkg/engine/engine.go, pkg/chartutil and pkg/releaseutil: what a chart and its values do wrong.
	chartTexts = []string{
		"execution error at (", "error calling ", "parse error at (", "template: ", "YAML parse error on ",
		"error converting YAML to JSON", "error unmarshaling JSON", "release name", "cannot overwrite table",
		"unable to recognize", "resource mapping not found", "no matches for kind",
	}
	// pkg/action/install.go, availableName.
	inUseText = "cannot re-use a name that is still in use"
	// pkg/action/action.go, errPending.
	busyText = "another operation (install/upgrade/rollback) is in progress"
	// pkg/kube/client.go, update, makes text of the API's answers; these are of k8s.io/apimachinery/pkg/api/errors.
	apiTexts = []struct {
		part string
		kind fault.Kind
	}{
		{" is forbidden: ", fault.Denied},
		{" is invalid: ", fault.Invalid},
		{"the object has been modified", fault.Conflict},
		{" already exists", fault.Conflict},
	}
)

// explain turns an error of Helm into one that says what was done to which release, of a kind, without secrets.
func explain(ctx context.Context, err error, s session, what string, hide redactor) error {
	seen := s.faults.take()
	if err == nil {
		return nil
	}
	if ctx.Err() != nil {
		return stopped(ctx, what)
	}
	return hide.err(fmt.Errorf("%s: %w", what, classify(err, seen)))
}

// stopped is the error of an operation that was cancelled or ran out of time.
func stopped(ctx context.Context, what string) error {
	const next = "it was stopped half-way; the next run repairs it"
	if errors.Is(ctx.Err(), context.DeadlineExceeded) {
		return fault.Newf(fault.Timeout, "%s: %w: %s", what, ctx.Err(), next)
	}
	return fmt.Errorf("%s: %w: %s", what, ctx.Err(), next)
}

// classify gives an error of Helm its kind: from what Helm itself refuses, from the error's chain, from what the
// Kubernetes client saw before Helm made text of it, and at last from words.
func classify(err error, seen []error) error {
	if refused := refusal(err); refused != nil {
		return refused
	}
	if kind := kindOfAPI(err); kind != fault.Unknown {
		return fault.New(kind, plain(err))
	}
	if lost := lostCause(err.Error(), seen); lost != nil {
		err = lost
	}
	if fault.KindOf(err) != fault.Unknown {
		return err
	}
	return fault.New(kindOfText(err.Error()), plain(err))
}

// refusal recognises what Helm refuses to do, and says it in the user's terms; nil for everything else.
func refusal(err error) error {
	text := err.Error()
	if found := kubeVersionText.FindStringSubmatch(text); found != nil {
		return fault.Newf(fault.Invalid, "the chart needs Kubernetes %s, the cluster runs %s", found[1], found[2])
	}
	if found := ownerText.FindStringSubmatch(text); found != nil {
		return fault.Newf(fault.Conflict, "%s exists already and belongs to somebody else (%s); adopt it to take it over", found[1], found[2])
	}
	if strings.Contains(text, schemaText) {
		return fault.New(fault.Invalid, errors.New(describeSchema(text)))
	}
	if strings.Contains(text, inUseText) || strings.Contains(text, busyText) || errors.Is(err, driver.ErrReleaseExists) {
		return fault.Newf(fault.Conflict, "somebody else is working on the release at this moment: %w", err)
	}
	return nil
}

// kindOfText is the last resort: the kind of an error that is only words any more.
func kindOfText(text string) fault.Kind {
	for _, part := range chartTexts {
		if strings.Contains(text, part) {
			return fault.Invalid
		}
	}
	for _, api := range apiTexts {
		if strings.Contains(text, api.part) {
			return api.kind
		}
	}
	return fault.Unknown
}

// lostCause finds the error that Helm has turned into text, or has only logged, and returns it with Helm's words.
func lostCause(text string, seen []error) error {
	if len(seen) == 0 {
		return nil
	}
	last := seen[len(seen)-1]
	if strings.Contains(text, last.Error()) {
		return fault.New(kindOfAPI(last), &worded{text, last})
	}
	if !strings.HasPrefix(text, "failed to delete release") && !strings.HasPrefix(text, "uninstallation completed with") {
		return nil
	}
	var texts []string
	for _, e := range seen {
		texts = append(texts, e.Error())
	}
	return fault.New(kindOfAPI(last), &worded{strings.Join(texts, "; "), last})
}

// worded is an error with a text that says more.
type worded struct {
	text string
	err  error
}

func (w *worded) Error() string { return w.text }
func (w *worded) Unwrap() error { return w.err }

// schemaLine takes the file out of a line like "- at '/replicas': got string, want integer".
var schemaLine = regexp.MustCompile(`^-? ?at '([^']*)': (.*)$`)

// describeSchema makes a list of what values.schema.json does not allow: "the values do not fit the chart:
// replicas: got string, want integer".
func describeSchema(text string) string {
	var said []string
	chart := ""
	_, rest, _ := strings.Cut(text, "\n")
	for line := range strings.Lines(rest) {
		trimmed := strings.TrimSpace(line)
		if found := schemaLine.FindStringSubmatch(trimmed); found != nil {
			path := strings.ReplaceAll(strings.Trim(found[1], "/"), "/", ".")
			if path == "" {
				path = "(top level)"
			}
			said = append(said, fmt.Sprintf("%s%s: %s", chart, path, found[2]))
			continue
		}
		if name, ok := strings.CutSuffix(trimmed, ":"); ok && !strings.HasPrefix(line, "-") {
			chart = name + ": "
		} else if trimmed != "" {
			said = append(said, chart+trimmed)
		}
	}
	return "the values do not fit the chart's schema:\n  " + strings.Join(said, "\n  ")
}
