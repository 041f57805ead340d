package provider

import (
	"context"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/tfsdk"
)

// hostModel is the model T of something that is kept on a host beside RKE2.
type hostModel[T any] interface {
	limited
	// named is how messages call it.
	named() string
	setIdentity(ctx context.Context, identity *tfsdk.ResourceIdentity, diags *diag.Diagnostics)
	// create makes it and takes over what is there then. keep says that something is there to be tracked, also beside
	// an error.
	create(ctx context.Context, s *session, diags *diag.Diagnostics) (keep bool, err error)
	// refresh takes over what is there; gone says in a sentence that nothing is.
	refresh(ctx context.Context, s *session, diags *diag.Diagnostics) (gone string, err error)
	// update changes what is there. keep says that the model tells what is there now, also beside an error; the state
	// stays as it is otherwise.
	update(ctx context.Context, s *session, before T, diags *diag.Diagnostics) (keep bool, err error)
	// remove takes it away. What is gone already is a success.
	remove(ctx context.Context, s *session, diags *diag.Diagnostics) error
}

// limited is a model that says how long an operation may take.
type limited interface {
	limit(ctx context.Context, o operation) (time.Duration, diag.Diagnostics)
}

// hostModelOf lets the shared functions make such a model and call its methods.
type hostModelOf[T any] interface {
	*T
	hostModel[T]
}

// operation is what is done with something on a host, as messages begin.
type operation string

const (
	creating operation = "Creating"
	reading  operation = "Reading"
	updating operation = "Updating"
	removing operation = "Removing"
)

// createOnHost makes what the plan says. When it fails after the host was touched, the state keeps what is known.
func createOnHost[T any, M hostModelOf[T]](ctx context.Context, s *session, req resource.CreateRequest, resp *resource.CreateResponse) {
	m := M(new(T))
	ctx, cancel, ok := begin(ctx, req.Plan, m, creating, &resp.Diagnostics)
	defer cancel()
	if !ok {
		return
	}
	m.setIdentity(ctx, resp.Identity, &resp.Diagnostics)
	keep, err := m.create(ctx, s, &resp.Diagnostics)
	s.addFailed(&resp.Diagnostics, creating, m.named(), err)
	if keep {
		resp.Diagnostics.Append(saveKnown(ctx, &resp.State, m)...)
	}
}

// readOnHost refreshes. Only a host that answers and has nothing removes it from the state.
func readOnHost[T any, M hostModelOf[T]](ctx context.Context, s *session, req resource.ReadRequest, resp *resource.ReadResponse) {
	m := M(new(T))
	ctx, cancel, ok := begin(ctx, req.State, m, reading, &resp.Diagnostics)
	defer cancel()
	if !ok {
		return
	}
	m.setIdentity(ctx, resp.Identity, &resp.Diagnostics)
	gone, err := m.refresh(ctx, s, &resp.Diagnostics)
	if s.stays(ctx, resp, m.named(), gone, err) {
		resp.Diagnostics.Append(resp.State.Set(ctx, m)...)
	}
}

// updateOnHost converges on the plan.
func updateOnHost[T any, M hostModelOf[T]](ctx context.Context, s *session, req resource.UpdateRequest, resp *resource.UpdateResponse) {
	m, before := M(new(T)), new(T)
	resp.Diagnostics.Append(req.State.Get(ctx, before)...)
	ctx, cancel, ok := begin(ctx, req.Plan, m, updating, &resp.Diagnostics)
	defer cancel()
	if !ok {
		return
	}
	m.setIdentity(ctx, resp.Identity, &resp.Diagnostics)
	keep, err := m.update(ctx, s, *before, &resp.Diagnostics)
	s.addFailed(&resp.Diagnostics, updating, m.named(), err)
	if keep {
		resp.Diagnostics.Append(resp.State.Set(ctx, m)...)
	}
}

// deleteOnHost removes what the state says.
func deleteOnHost[T any, M hostModelOf[T]](ctx context.Context, s *session, req resource.DeleteRequest, resp *resource.DeleteResponse) {
	m := M(new(T))
	ctx, cancel, ok := begin(ctx, req.State, m, removing, &resp.Diagnostics)
	defer cancel()
	if ok {
		s.addFailed(&resp.Diagnostics, removing, m.named(), m.remove(ctx, s, &resp.Diagnostics))
	}
}

// begin reads a model and bounds what is done with it. Not ok means that there is nothing to go on with.
func begin(ctx context.Context, from interface {
	Get(ctx context.Context, target any) diag.Diagnostics
}, m limited, o operation, diags *diag.Diagnostics,
) (bounded context.Context, cancel context.CancelFunc, ok bool) {
	diags.Append(from.Get(ctx, m)...)
	if diags.HasError() {
		return ctx, func() {}, false
	}
	limit, d := m.limit(ctx, o)
	diags.Append(d...)
	bounded, cancel = context.WithTimeout(ctx, limit)
	return bounded, cancel, !diags.HasError()
}

// addFailed reports what went wrong with something on a host, if anything did.
func (s *session) addFailed(diags *diag.Diagnostics, o operation, what string, err error) {
	if err != nil {
		addFault(diags, string(o), what, s.explainUnknown(err))
	}
}

// stays judges a look at something on a host: it stays in the state as it was when nobody could look, leaves it when
// gone says that it is not there, and is to be saved as it was found otherwise.
func (s *session) stays(ctx context.Context, resp *resource.ReadResponse, what, gone string, err error) bool {
	switch {
	case err != nil && couldNotLook(err):
		s.addUnread(&resp.Diagnostics, what, s.explainUnknown(err))
	case err != nil:
		addFault(&resp.Diagnostics, string(reading), what, err)
	case gone != "":
		resp.Diagnostics.AddWarning(what+" is gone", gone+" It is taken out of the state; the plan makes it again.")
		resp.State.RemoveResource(ctx)
	default:
		return true
	}
	return false
}
