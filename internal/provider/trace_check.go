package provider

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/diag"

	"github.com/dxlab/terraform-provider-lab/internal/verify"
)

// proof is a trace that arrived.
type proof struct {
	trace verify.Trace
	sent  time.Time
	took  time.Duration
	// open is where to look at it.
	open openTrace
}

// traceRun is one run of a check.
type traceRun struct {
	*traceCheckArguments
	way   verify.Way
	id    verify.TraceID
	tell  telling
	diags *diag.Diagnostics
}

// check sends the request, waits for its trace, and says which hop lost it when it does not come.
func (m *traceCheckArguments) check(ctx context.Context, s *session, tell telling, diags *diag.Diagnostics) (proof, bool) {
	way, err := m.way(ctx, s, diags)
	var nameless *unresolved
	switch {
	case errors.As(err, &nameless):
		diags.AddError("No trace: "+verify.HopAddress+" is broken", sentence(nameless.Error())+".\n\nUse the gateway's or ingress controller's address in url and the name in host, or add the name with lab_hosts_entries.")
		return proof{}, false
	case err != nil:
		addFault(diags, "Checking", m.what(), err)
		return proof{}, false
	case diags.HasError():
		return proof{}, false
	}
	run := traceRun{traceCheckArguments: m, way: way, id: verify.NewTraceID(), tell: tell, diags: diags}
	patience := run.outlook(ctx)
	run.way.Before, _ = way.Counters(ctx) // a collector that does not tell is looked at without
	sent := time.Now()
	if !run.ask(ctx) {
		return proof{}, false
	}
	tell(fmt.Sprintf("sent a request with trace id %s; waiting for it up to %s", run.id, patience))
	trace, err := way.Store.Await(ctx, run.id, verify.AwaitOptions{Services: way.Services, Timeout: patience, OnPending: func(seen string) { tell("not yet: " + seen) }})
	if err != nil {
		run.failed(ctx, trace, err)
		return proof{}, false
	}
	p := proof{sent: sent, took: time.Since(sent)}
	p.trace = way.Store.Settle(ctx, trace, verify.SettleOptions{Quiet: quietTrace, Limit: settleLimit})
	p.open = m.openTrace(ctx, way, p)
	run.warnOfClocks(p)
	return p, run.viewed(ctx, p)
}

// viewed looks whether people can see the trace as well, where it is said through which Grafana.
func (r *traceRun) viewed(ctx context.Context, p proof) bool {
	hop := r.way.Viewed(ctx)
	if hop == nil {
		return true
	}
	text := fmt.Sprintf("Trace %s arrived, with %d spans of %s. %s.\n\n%s", p.trace.ID, len(p.trace.Spans), verify.Listed(p.trace.Services()), sentence(hop.Evidence), hop.Fix)
	switch hop.State {
	case verify.HopBroken:
		r.diags.AddError("The trace arrived, but nobody can see it: "+hop.Name+" is broken", text)
		return false
	case verify.HopSuspect:
		r.diags.AddWarning("The trace arrived, but may not be seen: "+hop.Name, text)
	case verify.HopUnknown:
		r.diags.AddWarning("The trace arrived; whether it can be seen is not known", text)
	case verify.HopFine:
	}
	return true
}

func (m *traceCheckArguments) what() string {
	return "whether a trace of " + m.URL.ValueString() + " arrives"
}

// A trace that has all that was expected may still grow: the graph is drawn when it has not for a while.
const (
	quietTrace  = 2 * time.Second
	settleLimit = 15 * time.Second
)

// likely is the sampling, in percent, from which a trace is to be expected.
const likely = 50

// vainPatience is how long a trace is waited for that, as far as the mesh's configuration says, nobody makes: long enough
// for one that comes nevertheless, because a configuration may be changed by what only istiod knows.
const vainPatience = 10 * time.Second

// outlook says before anything is sent what sampling makes of the trace, and returns how long it is worth waiting for.
func (r *traceRun) outlook(ctx context.Context) time.Duration {
	deadline := limitOf(r.Deadline, traceDeadline)
	seen, known := r.way.Outlook(ctx)
	switch {
	case known && seen.Off != nil:
		patience := min(deadline, vainPatience)
		r.tell(fmt.Sprintf("%v: no trace is to be expected, so that it is waited for %s only", seen.Off, patience))
		return patience
	case known && seen.Percent < likely:
		warning := fewSamples(seen)
		r.tell(warning.Summary() + ": " + warning.Detail())
		r.diags.Append(warning)
	}
	return deadline
}

func fewSamples(seen verify.Outlook) diag.Diagnostic {
	if seen.Percent == 0 {
		return diag.NewWarningDiagnostic("The mesh samples no requests", fmt.Sprintf("%s samples 0 %% of the requests. The check asks for its own request to be sampled, which proxies follow, so that it may well find its trace; "+
			"ordinary requests are not traced at all. Raise lab_istio_mesh.tracing.sampling.", seen.Source))
	}
	return diag.NewWarningDiagnostic("The mesh samples few requests", fmt.Sprintf("%s samples %g %% of the requests. The check asks for its own request to be sampled, which proxies follow; "+
		"where something in between starts a trace of its own, it is recorded with that probability only. Raise lab_istio_mesh.tracing.sampling for the check.", seen.Source, seen.Percent))
}

// ask sends the request. One without a good answer makes no good trace.
func (r *traceRun) ask(ctx context.Context) bool {
	answer, err := verify.Ask(ctx, r.way.Client, r.id, verify.TrafficOptions{URL: r.way.URL, Host: r.way.Host, Headers: r.way.Headers, Timeout: r.way.Timeout})
	switch {
	case err != nil && ctx.Err() != nil:
		r.stopped(ctx, "the request was under way, with trace id "+string(r.id))
		return false
	case err != nil:
		r.explain(ctx, "the request got no answer: "+err.Error())
		return false
	case answer.Status >= http.StatusBadRequest:
		r.explain(ctx, fmt.Sprintf("the request got no good answer (%d %s)", answer.Status, http.StatusText(answer.Status)))
		return false
	}
	return true
}

// failed tells why there is no trace, or only half of one.
func (r *traceRun) failed(ctx context.Context, trace verify.Trace, err error) {
	r.way.Said = err
	switch {
	case ctx.Err() != nil:
		r.stopped(ctx, err.Error())
	case len(trace.Spans) > 0:
		r.explain(ctx, fmt.Sprintf("trace %s arrived in part: spans of %s, none of %s", r.id, verify.Listed(trace.Services()), verify.Listed(trace.Missing(r.way.Services))))
	default:
		r.explain(ctx, fmt.Sprintf("trace %s did not arrive: %v", r.id, err))
	}
}

// stopped is a check that was interrupted, or had no more time.
func (r *traceRun) stopped(ctx context.Context, seen string) {
	if errors.Is(ctx.Err(), context.Canceled) {
		r.diags.AddError("Checking "+r.what()+" was interrupted", sentence(seen)+".\n\nNothing is kept in the state: the next apply makes the check again.")
		return
	}
	r.diags.AddError("Checking "+r.what()+" took too long", sentence(seen)+".\n\nRaise timeouts.create, which is for the whole check, above deadline.")
}

// explain walks the way and puts what it found into one error.
func (r *traceRun) explain(ctx context.Context, what string) {
	r.tell("no trace; looking for the hop that lost it")
	found := verify.Diagnose(ctx, r.way)
	text := sentence(what) + ".\n\n"
	hop := found.Finding()
	switch {
	case ctx.Err() != nil:
		r.stopped(ctx, what)
	case hop == nil:
		r.diags.AddError("No trace, and no hop is found broken", text+"Every hop that could be looked at is fine:\n"+found.String()+
			"\n\nGive collector and grafana to have more of the way looked at, and raise deadline if the trace is only late.")
	case hop.State == verify.HopSuspect:
		r.diags.AddError("No trace: "+hop.Name+" may be the cause", text+sentence(hop.Evidence)+".\n\n"+hop.Fix+"\n\nNothing else is found broken. The way as far as it was walked:\n"+found.String())
	default:
		r.diags.AddError("No trace: "+hop.Name+" is broken", text+sentence(hop.Evidence)+".\n\n"+hop.Fix+"\n\nThe way as far as it was walked:\n"+found.String())
	}
}

// warnOfClocks says that a trace that arrived carries another time than this machine's.
func (r *traceRun) warnOfClocks(p proof) {
	const tolerated = 30 * time.Second
	if skew := p.trace.Skew(p.sent, p.took); skew.Abs() > tolerated {
		r.diags.AddWarning("Clocks are apart", fmt.Sprintf("The spans of trace %s are dated %s before or after this machine's time. Searches by time, in Grafana too, do not find them where they are looked for. "+
			"Set the clocks of the hosts and of this machine right (NTP).", r.id, skew.Abs().Round(time.Second)))
	}
}
