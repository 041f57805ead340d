package kube

import (
	"context"
	"fmt"
	"strings"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/utils/ptr"

	"github.com/dxlab/terraform-provider-lab/internal/fault"
	"github.com/dxlab/terraform-provider-lab/internal/object"
	"github.com/dxlab/terraform-provider-lab/internal/wait"
)

// Propagation says what happens to the objects that belong to a deleted one.
type Propagation string

// The propagations.
const (
	// Background lets the garbage collector delete them afterwards; it is the default.
	Background Propagation = Propagation(metav1.DeletePropagationBackground)
	// Foreground deletes them first.
	Foreground Propagation = Propagation(metav1.DeletePropagationForeground)
	// Orphan leaves them.
	Orphan Propagation = Propagation(metav1.DeletePropagationOrphan)
)

// DeleteOptions steer [Client.Delete].
type DeleteOptions struct {
	// Wait is how long to wait until the object is gone, finalizers included. Within that time a webhook that
	// cannot be reached is waited for, too. Zero asks for the deletion and returns.
	Wait time.Duration
	// Propagation is empty for [Background].
	Propagation Propagation
	// UID, when set, deletes only the very object that had it.
	UID string
}

// Delete deletes an object. What is gone, or of a kind that is gone, is no error. With a UID, another object of
// that name is fault.Conflict and stays. When the object is still there after Wait, the error is fault.Timeout
// and says what holds it: its finalizers, or for a namespace the content that remains and who holds that.
func (c *Client) Delete(ctx context.Context, ref object.Ref, o DeleteOptions) error {
	if o.Wait <= 0 {
		_, err := c.deleteOnce(ctx, ref, o)
		if err != nil {
			return fmt.Errorf("deleting %s: %w", ref, err)
		}
		return nil
	}
	var (
		accepted bool
		last     error
	)
	left := &Meta{UID: o.UID}
	err := wait.Until(ctx, wait.Options{For: ref.String() + " to be gone", Timeout: o.Wait, Interval: 100 * time.Millisecond, MaxInterval: time.Second},
		func(ctx context.Context) (err error) {
			if !accepted {
				accepted, err = c.deleteOnce(ctx, ref, o)
			}
			if accepted && err == nil {
				left, err = c.remaining(ctx, ref, left)
			}
			if left == nil || err != nil && !passes(err) {
				return err
			}
			if ctx.Err() == nil {
				last = err
			}
			return wait.Pending("still there")
		})
	if fault.Is(err, fault.Timeout) {
		return c.held(ctx, ref, held{after: o.Wait, left: left, last: last})
	}
	if err != nil {
		return fmt.Errorf("deleting %s: %w", ref, err)
	}
	return nil
}

// deleteOnce asks for the deletion and reports whether the server accepted it, or has nothing to delete.
func (c *Client) deleteOnce(ctx context.Context, ref object.Ref, o DeleteOptions) (bool, error) {
	res, namespace, err := c.target(ctx, ref)
	if fault.Is(err, fault.NotFound) {
		return true, nil
	}
	if err != nil {
		return false, err
	}
	opts := metav1.DeleteOptions{PropagationPolicy: ptr.To(metav1.DeletePropagationBackground)}
	if o.Propagation != "" {
		opts.PropagationPolicy = ptr.To(metav1.DeletionPropagation(o.Propagation))
	}
	if o.UID != "" {
		opts.Preconditions = &metav1.Preconditions{UID: ptr.To(types.UID(o.UID))}
	}
	asking, cancel := c.bounded(ctx)
	defer cancel()
	err = c.metadata.Resource(res.GroupVersionResource).Namespace(namespace).Delete(asking, ref.Name, opts)
	if err != nil {
		err = c.failed(ctx, err, ref, res)
	}
	switch {
	case err == nil:
		if changesDiscovery(ref) {
			c.mapper.changed()
		}
		return true, nil
	case fault.Is(err, fault.NotFound):
		return true, nil
	case isOtherUID(message(err)):
		return false, fault.Newf(fault.Conflict, "another object has this name now, it is left alone: %w", err)
	}
	return false, err
}

// remaining returns the object's metadata, or nil when it is gone. An object with another UID is not the one
// that was deleted.
func (c *Client) remaining(ctx context.Context, ref object.Ref, before *Meta) (*Meta, error) {
	now, err := c.getMeta(ctx, ref)
	switch {
	case fault.Is(err, fault.NotFound):
		return nil, nil
	case err != nil:
		return before, err
	case before.UID != "" && before.UID != now.UID:
		return nil, nil
	}
	return &now, nil
}

// held is what is known of an object whose deletion took too long.
type held struct {
	after time.Duration
	left  *Meta
	last  error
}

// held explains why an object is still there.
func (c *Client) held(ctx context.Context, ref object.Ref, h held) error {
	if h.last != nil {
		return fault.Newf(fault.Timeout, "deleting %s: gave up after %s: %w", ref, h.after, h.last)
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), reportTimeout)
	defer cancel()
	why := []string{}
	if len(h.left.Finalizers) > 0 {
		why = append(why, "finalizers "+strings.Join(h.left.Finalizers, ", "))
	}
	switch ref.Kind {
	case "Namespace":
		why = append(why, c.namespaceContent(ctx, ref)...)
	case "CustomResourceDefinition":
		why = append(why, c.definitionContent(ctx, ref)...)
	}
	if len(why) == 0 {
		why = append(why, "nothing that it says: it has no finalizers")
	}
	return fault.Newf(fault.Timeout, "deleting %s: still there after %s, held by %s", ref, h.after, strings.Join(why, "; "))
}
