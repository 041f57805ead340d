package provider

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-log/tflog"

	"github.com/dxlab/terraform-provider-lab/internal/fault"
	"github.com/dxlab/terraform-provider-lab/internal/verify"
)

// telling says on the way what is done; where it can be seen depends on what Terraform shows.
type telling func(message string)

// logged tells the log, because Terraform shows nothing of a resource while it is made.
func logged(ctx context.Context, what string) telling {
	return func(message string) { tflog.Info(ctx, what+": "+message) }
}

// send sends the traffic and judges what came back. What was sent is told whatever happens.
func (m *trafficArguments) send(ctx context.Context, s *session, tell telling, diags *diag.Diagnostics) (verify.Traffic, bool) {
	client, err := m.client(ctx, s, diags)
	if err != nil {
		addFault(diags, "Sending", "traffic to "+m.URL.ValueString(), err)
		return verify.Traffic{}, false
	}
	options := verify.TrafficOptions{
		URL: m.URL.ValueString(), Host: m.Host.ValueString(), Headers: textMap(ctx, m.Headers, diags),
		Requests: int(m.Requests.ValueInt64()), Rate: orFloat(m.Rate, defaultRate), Concurrency: int(orInt(m.Concurrency, defaultConcurrency)),
		Timeout: limitOf(m.RequestTimeout, 0), KeepTraces: keptTraces,
	}
	options.OnProgress = func(t verify.Traffic) { tell(fmt.Sprintf("of %d requests: %s", options.Requests, t)) }
	if diags.HasError() {
		return verify.Traffic{}, false
	}
	sent, err := verify.Send(ctx, client, options)
	if err != nil {
		m.stopped(sent, err, diags)
		return sent, false
	}
	return sent, m.judge(sent, diags)
}

// stopped says how far traffic came before it ended early.
func (m *trafficArguments) stopped(sent verify.Traffic, err error, diags *diag.Diagnostics) {
	what := "traffic to " + m.URL.ValueString()
	soFar := fmt.Sprintf("Of %d requests until then: %s.", m.Requests.ValueInt64(), sent)
	switch {
	case errors.Is(err, context.Canceled):
		diags.AddError("Sending "+what+" was interrupted", soFar+"\n\nNothing of it is kept in the state: the next apply sends all requests.")
	case fault.Is(err, fault.Timeout):
		diags.AddError("Sending "+what+" took too long", soFar+"\n\n"+sentence(err.Error())+". Raise timeouts.create, rate or concurrency, or send fewer.")
	default:
		addFault(diags, "Sending", what, err)
	}
}

// judge compares what came back with what has to.
func (m *trafficArguments) judge(sent verify.Traffic, diags *diag.Diagnostics) bool {
	said := "To " + m.URL.ValueString() + ": " + sent.String() + "."
	switch want := m.MinSuccess.ValueFloat64(); {
	case float64(sent.Succeeded) < want*float64(sent.Sent):
		diags.AddError("Too few requests succeeded", said)
		return false
	case sent.Succeeded == 0:
		diags.AddWarning("No request succeeded", said+"\n\nWith min_success that is an error.")
	case sent.Redirected > 0:
		diags.AddWarning("Requests were redirected", said+"\n\nAsk for the address that they lead to, if that is what was meant.")
	}
	return true
}

// duration is how long the requests take at their rate, without the time for the last answers.
func (m *trafficArguments) duration() time.Duration {
	return time.Duration(float64(m.Requests.ValueInt64()-1) / m.Rate.ValueFloat64() * float64(time.Second)).Round(time.Second)
}
