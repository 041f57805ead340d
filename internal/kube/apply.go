package kube

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/utils/ptr"

	"github.com/dxlab/terraform-provider-lab/internal/fault"
	"github.com/dxlab/terraform-provider-lab/internal/object"
	"github.com/dxlab/terraform-provider-lab/internal/wait"
)

// DefaultFieldManager owns the fields that [Client.Apply] sets.
const DefaultFieldManager = "terraform-provider-lab"

// ApplyOptions steer [Client.Apply].
type ApplyOptions struct {
	// FieldManager owns the fields; empty means [DefaultFieldManager].
	FieldManager string
	// Force takes fields over from other managers.
	Force bool
	// DryRun asks the server what would be, and changes nothing.
	DryRun bool
	// RetryFor is how long to try again when the cause is one that passes by itself: a webhook that is not up
	// yet, a kind whose CRD is about to come, a namespace that is still going away, an API server that restarts.
	// Zero tries once.
	RetryFor time.Duration
}

// Apply makes an object so, server-side, and returns it as the server has it. It fails with fault.Conflict and a
// [*ConflictError] when other managers own fields with other values, with fault.Invalid when the object is
// refused, with fault.NotFound when its kind or namespace is missing, and with fault.Timeout when a cause that
// passes did not pass within RetryFor.
func (c *Client) Apply(ctx context.Context, o object.Object, opts ApplyOptions) (object.Object, error) {
	ref := object.RefOf(o)
	if err := object.Validate(o); err != nil {
		return nil, fault.New(fault.Invalid, err)
	}
	live, err := c.retrying(ctx, opts.RetryFor, func(ctx context.Context) (object.Object, error) {
		return c.applyOnce(ctx, ref, o, opts)
	})
	if err != nil {
		return nil, fmt.Errorf("applying %s: %w", ref, err)
	}
	if changesDiscovery(ref) && !opts.DryRun {
		c.mapper.changed()
	}
	return live, nil
}

func (c *Client) applyOnce(ctx context.Context, ref object.Ref, o object.Object, opts ApplyOptions) (object.Object, error) {
	res, namespace, err := c.target(ctx, ref)
	if err != nil {
		return nil, err
	}
	body := object.Copy(o)
	if meta := object.Map(body, "metadata"); meta != nil {
		delete(meta, "managedFields") // the server refuses an apply that carries them
		if !res.namespaced {
			delete(meta, "namespace")
		}
	}
	data, err := json.Marshal(body)
	if err != nil {
		return nil, fault.New(fault.Invalid, err)
	}
	patch := metav1.PatchOptions{
		FieldManager:    opts.FieldManager,
		Force:           ptr.To(opts.Force),
		FieldValidation: metav1.FieldValidationStrict,
	}
	if patch.FieldManager == "" {
		patch.FieldManager = DefaultFieldManager
	}
	if opts.DryRun {
		patch.DryRun = []string{metav1.DryRunAll}
	}
	asking, cancel := c.bounded(ctx)
	defer cancel()
	live, err := c.dynamic.Resource(res.GroupVersionResource).Namespace(namespace).Patch(asking, ref.Name, types.ApplyPatchType, data, patch)
	if err != nil {
		return nil, c.failed(ctx, err, ref, res)
	}
	return live.Object, nil
}

// failed classifies the error of a request about one object, and adds what only this place knows: which fields
// are in conflict, and that a kind which discovery still lists is no longer served. ctx is the caller's, not the
// request's.
func (c *Client) failed(ctx context.Context, err error, ref object.Ref, res resource) error {
	if conflict := conflictOf(err); conflict != nil {
		return fault.New(fault.Conflict, conflict)
	}
	if !isUnserved(err) {
		return c.classify(err)
	}
	c.mapper.changed()
	ctx, cancel := c.bounded(ctx)
	defer cancel()
	gvk := res.GroupVersion().WithKind(ref.Kind)
	switch served, askErr := c.mapper.ask(ctx, gvk); {
	case askErr != nil:
		return c.classify(askErr)
	case served == nil:
		return fault.New(fault.NotFound, errNoKind{gvk})
	}
	return c.secrets.clean(fault.New(fault.Unreachable, err))
}

// retrying calls try again as long as the cause of its failure passes by itself, for at most retryFor.
func (c *Client) retrying(ctx context.Context, retryFor time.Duration, try func(context.Context) (object.Object, error)) (object.Object, error) {
	if retryFor <= 0 {
		return try(ctx)
	}
	started := time.Now()
	var (
		out  object.Object
		last error
	)
	err := wait.Until(ctx, wait.Options{For: "it to be accepted", Timeout: retryFor, MaxInterval: 2 * time.Second}, func(ctx context.Context) error {
		var err error
		out, err = try(ctx)
		if err == nil || !passes(err) {
			return err
		}
		if ctx.Err() == nil || last == nil {
			last = err
		}
		c.log.DebugContext(ctx, "trying again", "cause", err.Error())
		return wait.Pending(err.Error())
	})
	switch {
	case err == nil:
		return out, nil
	case fault.Is(err, fault.Timeout) && last != nil:
		return nil, fault.Newf(fault.Timeout, "gave up after %s: %w", time.Since(started).Round(100*time.Millisecond), last)
	}
	if cause := errors.Unwrap(err); cause != nil && ctx.Err() == nil {
		err = cause // without "waiting for": a first try that fails for good was no wait
	}
	return nil, err
}

// passes reports whether the cause of err goes away by itself in a cluster that is being set up.
func passes(err error) bool {
	var (
		status   apierrors.APIStatus
		conflict *ConflictError
	)
	switch {
	case IsWebhookNotReady(err), isNoKind(err), fault.Is(err, fault.Unreachable):
		return true
	case errors.As(err, &conflict):
		return false
	case asStatus(err, &status):
		s := status.Status()
		return isTerminatingNamespace(s) || isMissingServiceAccount(s.Message) ||
			(s.Reason == metav1.StatusReasonConflict && s.Details != nil && len(s.Details.Causes) == 0 && !isOtherUID(s.Message))
	}
	return false
}

func asStatus(err error, status *apierrors.APIStatus) bool { return errors.As(err, status) }

// changesDiscovery reports whether an object changes which kinds the cluster serves.
func changesDiscovery(ref object.Ref) bool {
	switch ref.Group() {
	case "apiextensions.k8s.io", "apiregistration.k8s.io":
		return true
	}
	return false
}
