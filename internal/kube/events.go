package kube

import (
	"context"
	"fmt"
	"slices"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/fields"

	"github.com/dxlab/terraform-provider-lab/internal/object"
)

// Event is one thing that happened to an object.
type Event struct {
	Ref object.Ref
	// Type is "Normal" or "Warning".
	Type, Reason, Message string
	Count                 int64
	Last                  time.Time
}

// String reads "Pod demo/web-1: Failed: image not found (12 times)".
func (e Event) String() string {
	text := fmt.Sprintf("%s: %s: %s", e.Ref, e.Reason, e.Message)
	if e.Count > 1 {
		text += fmt.Sprintf(" (%d times)", e.Count)
	}
	return text
}

// Events returns the events of one object, newest first.
func (c *Client) Events(ctx context.Context, ref object.Ref) ([]Event, error) {
	selector := fields.Set{"involvedObject.kind": ref.Kind, "involvedObject.name": ref.Name}
	out, err := c.events(ctx, ref.Namespace, selector.String())
	if err != nil {
		return nil, fmt.Errorf("reading the events of %s: %w", ref, err)
	}
	return out, nil
}

// events lists the events of a namespace; those of cluster-scoped objects are in "default".
func (c *Client) events(ctx context.Context, namespace, selector string) ([]Event, error) {
	if namespace == "" {
		namespace = metav1.NamespaceDefault
	}
	ctx, cancel := c.bounded(ctx)
	defer cancel()
	list, err := c.dynamic.Resource(eventsResource).Namespace(namespace).List(ctx, metav1.ListOptions{FieldSelector: selector, Limit: pageSize})
	if err != nil {
		return nil, c.classify(err)
	}
	out := make([]Event, 0, len(list.Items))
	for _, item := range list.Items {
		out = append(out, eventOf(item.Object))
	}
	slices.SortStableFunc(out, func(a, b Event) int { return b.Last.Compare(a.Last) })
	return out, nil
}

func eventOf(o object.Object) Event {
	return Event{
		Ref: object.Ref{
			APIVersion: object.String(o, "involvedObject", "apiVersion"),
			Kind:       object.String(o, "involvedObject", "kind"),
			Namespace:  object.String(o, "involvedObject", "namespace"),
			Name:       object.String(o, "involvedObject", "name"),
		},
		Type:    object.String(o, "type"),
		Reason:  object.String(o, "reason"),
		Message: object.String(o, "message"),
		Count:   max(number(o, "count"), number(o, "series", "count")),
		Last:    eventTime(o),
	}
}

// eventTime returns when an event was last seen. Which field says so depends on who wrote it, the old recorder
// or the new one (events.k8s.io).
func eventTime(o object.Object) time.Time {
	for _, path := range [][]string{{"series", "lastObservedTime"}, {"lastTimestamp"}, {"eventTime"}, {"metadata", "creationTimestamp"}} {
		if at, err := time.Parse(time.RFC3339Nano, object.String(o, path...)); err == nil {
			return at
		}
	}
	return time.Time{}
}
