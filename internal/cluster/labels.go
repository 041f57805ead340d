package cluster

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/dxlab/terraform-provider-lab/internal/component"
	"github.com/dxlab/terraform-provider-lab/internal/fault"
	"github.com/dxlab/terraform-provider-lab/internal/kube"
	"github.com/dxlab/terraform-provider-lab/internal/object"
)

// Labelled is an object of somebody else with the labels that a component put on it.
type Labelled struct {
	Ref    object.Ref        `json:"ref"`
	Labels map[string]string `json:"labels"`
}

// applyLabels puts a component's labels on an object. What the object is labelled with already, and differently, is
// somebody else's until the user says otherwise.
func (c *Cluster) applyLabels(ctx context.Context, l component.Labelling, o InstallOptions) error {
	live, err := c.kube.Get(ctx, l.Ref)
	if fault.Is(err, fault.NotFound) {
		return fault.Newf(fault.Invalid, "%s does not exist, so it cannot be labelled", l.Ref)
	}
	if err != nil {
		return err
	}
	// Labels of the last run may be replaced, also by hand: that is the drift that is put right here.
	before := labelsOf(o.Known.Labelled, l.Ref)
	if !o.Adopt && before == nil {
		if err := contradiction(l, object.Map(live, "metadata", "labels")); err != nil {
			return err
		}
	}
	labels := map[string]any{}
	for name := range l.Absent {
		labels[name] = nil
	}
	for name := range before {
		labels[name] = nil
	}
	for name, value := range l.Labels {
		labels[name] = value
	}
	return c.patchLabels(ctx, l.Ref, live, labels)
}

// contradiction says which label of an object stands in the way.
func contradiction(l component.Labelling, live map[string]any) error {
	for _, name := range slices.Sorted(maps.Keys(l.Labels)) {
		if have, there := live[name]; there && have != l.Labels[name] {
			return fault.Newf(fault.Conflict, "%s has the label %s=%v, not %s; set adopt = true to replace it", l.Ref, name, have, l.Labels[name])
		}
	}
	for _, name := range slices.Sorted(maps.Keys(l.Absent)) {
		if have, there := live[name]; there {
			return fault.Newf(fault.Conflict, "%s has the label %s=%v: %s; take it off, or set adopt = true", l.Ref, name, have, l.Absent[name])
		}
	}
	return nil
}

// patchLabels sets labels; nil takes one off. Nothing is sent when the object is so already.
func (c *Cluster) patchLabels(ctx context.Context, ref object.Ref, live object.Object, labels map[string]any) error {
	have := object.Map(live, "metadata", "labels")
	changes := map[string]any{}
	for name, value := range labels {
		if is, there := have[name]; there != (value != nil) || is != value {
			changes[name] = value
		}
	}
	if len(changes) == 0 {
		return nil
	}
	patch, err := json.Marshal(map[string]any{"metadata": map[string]any{"labels": changes}})
	if err != nil {
		return err
	}
	_, err = c.kube.Patch(ctx, ref, kube.MergePatch, patch)
	return err
}

// removeLabels takes the component's labels off, as far as they still are what it set: another value is somebody's
// choice.
func (c *Cluster) removeLabels(ctx context.Context, l Labelled) error {
	live, err := c.kube.Get(ctx, l.Ref)
	if fault.Is(err, fault.NotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	labels := map[string]any{}
	for name, value := range l.Labels {
		if object.String(live, "metadata", "labels", name) == value {
			labels[name] = nil
		}
	}
	return c.patchLabels(ctx, l.Ref, live, labels)
}

// lookAtLabels compares the labels with what they should be. It fails with fault.NotFound when a component that is
// nothing but labels has lost the object that carries them.
func (s *scan) lookAtLabels(ctx context.Context, comp component.Component) error {
	for _, l := range comp.Labels {
		name := "labels of " + l.Ref.String()
		s.observed.Objects[name] = digest(object.Object{"labels": l.Labels})
		s.observed.Known.Labelled = append(s.observed.Known.Labelled, Labelled{l.Ref, l.Labels})
		live, err := s.cluster.kube.Get(ctx, l.Ref)
		switch {
		case fault.Is(err, fault.NotFound) && len(comp.Charts)+len(comp.Objects) > 0:
			s.observed.Drift = append(s.observed.Drift, l.Ref.String()+": it is missing")
		case err != nil:
			return err
		case s.options.Drift == DriftFind:
			s.observed.Drift = append(s.observed.Drift, labelDrift(l, object.Map(live, "metadata", "labels"))...)
		}
	}
	return nil
}

func labelDrift(l component.Labelling, live map[string]any) []string {
	var lines []string
	add := func(name, want string) {
		have := "nothing"
		if v, there := live[name]; there {
			have = fmt.Sprint(v)
		}
		if have != want {
			lines = append(lines, fmt.Sprintf("%s metadata.labels.%s: want %s, live %s", l.Ref, name, want, have))
		}
	}
	for name, value := range l.Labels {
		add(name, value)
	}
	for name := range l.Absent {
		add(name, "nothing")
	}
	slices.SortFunc(lines, strings.Compare)
	return lines
}

// labelsOf returns the labels that the last run put on an object; nil when it put none.
func labelsOf(labelled []Labelled, ref object.Ref) map[string]string {
	for _, l := range labelled {
		if key(l.Ref) == key(ref) {
			return l.Labels
		}
	}
	return nil
}

// allLabels are the labels of a component and those of the last run that it no longer has.
func allLabels(comp component.Component, known Known) []Labelled {
	all := make([]Labelled, 0, len(comp.Labels))
	for _, l := range comp.Labels {
		all = append(all, Labelled{l.Ref, l.Labels})
	}
	for _, l := range known.Labelled {
		if labelsOf(all, l.Ref) == nil {
			all = append(all, l)
		}
	}
	return all
}
