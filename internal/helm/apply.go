package helm

import (
	"context"
	"fmt"
	"strings"
	"time"

	"helm.sh/helm/v3/pkg/action"
	"helm.sh/helm/v3/pkg/chart"
	"helm.sh/helm/v3/pkg/chartutil"
	"helm.sh/helm/v3/pkg/release"
	"helm.sh/helm/v3/pkg/storage/driver"

	"github.com/dxlab/terraform-provider-lab/internal/fault"
)

// defaultTimeout is Helm's own (pkg/cmd, --timeout).
const defaultTimeout = 5 * time.Minute

// Install puts a chart on the cluster as a new release. It does not wait for anything but hooks. A release that
// exists already is fault.Conflict, unless it is to be adopted or is what an interrupted Install of the same chart
// left behind.
//
// When an installation fails half-way, the release is returned beside the error: it is there, marked failed, and
// [Client.Apply] repairs it in place.
func (c *Client) Install(ctx context.Context, s Spec) (Release, error) {
	return c.operate(ctx, s, "installing", func(found []record, next step, chart Chart) (step, error) {
		if next.method == install || s.Adopt || abandonedInstall(found, next, chart) || uninstalled(found) {
			return next, nil
		}
		newest := found[0]
		return step{}, fault.Newf(fault.Conflict,
			"it exists already: revision %d of chart %s %s is %s; import it, adopt it or choose another name",
			newest.Version, newest.Chart.Metadata.Name, newest.Chart.Metadata.Version, newest.Info.Status)
	})
}

// Upgrade changes a release that exists; fault.NotFound when there is none. Values are those of the specification
// alone, nothing is carried over from the last revision.
func (c *Client) Upgrade(ctx context.Context, s Spec) (Release, error) {
	return c.operate(ctx, s, "upgrading", func(found []record, next step, _ Chart) (step, error) {
		if len(found) == 0 || uninstalled(found) {
			return step{}, fault.Newf(fault.NotFound, "there is no such release")
		}
		return next, nil
	})
}

// Apply brings a release to what it should be from whatever is there: it installs, upgrades, or first heals what an
// interrupted or failed run left behind. [Release.Healed] says what had to be healed.
func (c *Client) Apply(ctx context.Context, s Spec) (Release, error) {
	return c.operate(ctx, s, "applying", func(_ []record, next step, _ Chart) (step, error) { return next, nil })
}

// abandonedInstall recognises a release that an Install of the same chart began and that never came to be.
func abandonedInstall(found []record, next step, chart Chart) bool {
	if next.deployed || len(found) == 0 {
		return false
	}
	metadata := found[0].Chart.Metadata
	return metadata.Annotations[digestAnnotation] != "" && metadata.Name == chart.Name
}

func uninstalled(found []record) bool {
	return len(found) > 0 && found[0].Info.Status == release.StatusUninstalled
}

// operation is one change of one release.
type operation struct {
	Spec
	session
	values  map[string]any
	files   files
	chart   Chart
	history int
	hide    redactor
}

// permission looks at what was found and at the way to go, and may refuse.
type permission func(found []record, next step, chart Chart) (step, error)

// operate finds chart and release, asks for permission, and goes the way.
func (c *Client) operate(ctx context.Context, s Spec, verb string, allow permission) (Release, error) {
	what := fmt.Sprintf("%s release %s/%s", verb, s.Namespace, s.Release)
	hide := newRedactor(s.Values, s.SecretValues)
	if err := checkSpec(s); err != nil {
		return Release{}, fmt.Errorf("%s: %w", what, err)
	}
	done, err := c.turns.take(ctx, s.Namespace+"/"+s.Release)
	if err != nil {
		return Release{}, stopped(ctx, what)
	}
	defer done()
	op := operation{Spec: s, history: c.options.MaxHistory, hide: hide}
	if op.values, err = helmValues(s); err != nil {
		return Release{}, fmt.Errorf("%s: %w", what, err)
	}
	if op.files, op.chart, err = c.charts.open(ctx, s.Chart); err != nil {
		return Release{}, fmt.Errorf("%s: %w", what, hide.err(err))
	}
	if op.session, err = c.connect(ctx, s.Namespace, c.debugLog(ctx, hide)); err != nil {
		return Release{}, fmt.Errorf("%s: %w", what, err)
	}
	op.keep(hide)
	found, err := op.revisions(s.Release)
	if err != nil {
		return Release{}, explain(ctx, err, op.session, what, hide)
	}
	next, err := decide(found, time.Now(), c.options.PendingGrace)
	if err == nil {
		next, err = allow(found, next, op.chart)
	}
	if err != nil {
		return Release{}, fmt.Errorf("%s: %w", what, err)
	}
	return op.carryOut(ctx, found, next, what)
}

func checkSpec(s Spec) error {
	if err := chartutil.ValidateReleaseName(s.Release); err != nil {
		return fault.Newf(fault.Invalid, "%w", err)
	}
	if s.Namespace == "" {
		return fault.Newf(fault.Invalid, "it has no namespace")
	}
	if driver.ContainsSystemLabels(s.Labels) {
		return fault.Newf(fault.Invalid, "the labels %s are Helm's own", strings.Join(driver.GetSystemLabels(), ", "))
	}
	return nil
}

// carryOut does a step and returns the release as it is then, also when the step failed half-way.
func (op *operation) carryOut(ctx context.Context, found []record, next step, what string) (Release, error) {
	done, healed, err := op.advance(ctx, found, next)
	failure := explain(ctx, err, op.session, what, op.hide)
	if done == nil || done.Info == nil {
		return Release{}, failure
	}
	kept, err := recordOf(done)
	if err != nil {
		return Release{}, firstOf(failure, err)
	}
	out, err := kept.release()
	out.Description = op.hide.text(out.Description)
	if failure == nil {
		out.Healed = healed
	}
	return out, firstOf(failure, err)
}

// advance does a step and says what it healed. The release is there whenever Helm has come so far as to keep it.
func (op *operation) advance(ctx context.Context, found []record, next step) (*release.Release, string, error) {
	if next.settle > 0 {
		if err := op.settle(next); err != nil {
			return nil, "", err
		}
	}
	healed := next.healed
	done, err := op.run(next.method)
	if err != nil && next.method == replace && !next.deployed && immutable(err) && ctx.Err() == nil {
		done, err = op.afresh()
		healed += "; what it had left could not be changed and was removed first"
	}
	if err != nil {
		return done, "", err
	}
	cleaned, err := op.clean(found, done)
	return done, healed + cleaned, err
}

func firstOf(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

// settle marks the revision that an interrupted run left behind as failed, which Helm can go on from.
func (op *operation) settle(next step) error {
	left, err := op.config.Releases.Get(op.Release, next.settle)
	if err != nil {
		return fmt.Errorf("reading revision %d: %w", next.settle, err)
	}
	left.SetStatus(release.StatusFailed, "interrupted while "+left.Info.Status.String())
	if err := op.config.Releases.Update(left); err != nil {
		return fmt.Errorf("marking revision %d as failed: %w", next.settle, err)
	}
	return nil
}

// load returns the chart, marked with the digest of its archive.
func (op *operation) load() (*chart.Chart, error) {
	ch, err := op.files()
	if err != nil {
		return nil, err
	}
	annotations := map[string]string{digestAnnotation: op.chart.Digest}
	for key, value := range ch.Metadata.Annotations {
		if key != digestAnnotation {
			annotations[key] = value
		}
	}
	ch.Metadata.Annotations = annotations
	return ch, nil
}

func (op *operation) timeout() time.Duration {
	if op.Timeout > 0 {
		return op.Timeout
	}
	return defaultTimeout
}

// run lets Helm do it. The actions get no context: when theirs ends they return at once and go on in the background
// (pkg/action/install.go, RunWithContext). Here the requests end instead, so that the actions fail, write that down
// and return.
func (op *operation) run(m method) (*release.Release, error) {
	ch, err := op.load()
	if err != nil {
		return nil, err
	}
	onCluster, _ := op.config.KubeClient.(*cluster)
	if onCluster != nil {
		onCluster.owner, onCluster.ahead = owner{op.Release, op.Namespace}, m != upgrade
	}
	if m == upgrade {
		up := action.NewUpgrade(op.config)
		up.Namespace, up.Timeout, up.Description, up.Labels = op.Namespace, op.timeout(), op.Description, op.Labels
		up.ResetValues = true // otherwise empty values would mean the last ones
		up.MaxHistory, up.TakeOwnership = op.history, op.Adopt
		return up.Run(op.Release, ch, op.values)
	}
	in := action.NewInstall(op.config)
	in.ReleaseName, in.Namespace = op.Release, op.Namespace
	in.Timeout, in.Description, in.Labels = op.timeout(), op.Description, op.Labels
	in.SkipCRDs, in.TakeOwnership, in.Replace = op.SkipCRDs, op.Adopt, m == replace
	op.config.Releases.MaxHistory = op.history
	return in.Run(ch, op.values)
}

// immutable reports whether an object cannot be changed into what it should be.
func immutable(err error) bool { return strings.Contains(err.Error(), "field is immutable") }

// afresh removes what a first installation left behind and installs again. Nothing of it has ever been in place.
func (op *operation) afresh() (*release.Release, error) {
	un := action.NewUninstall(op.config)
	un.DisableHooks, un.Wait, un.Timeout = true, true, op.timeout()
	if _, err := un.Run(op.Release); err != nil {
		return nil, err
	}
	op.faults.take()
	return op.run(install)
}
