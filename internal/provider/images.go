package provider

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/diag"

	"github.com/dxlab/terraform-provider-lab/internal/cluster"
	"github.com/dxlab/terraform-provider-lab/internal/component"
	"github.com/dxlab/terraform-provider-lab/internal/images"
	"github.com/dxlab/terraform-provider-lab/internal/object"
)

// asWritten is a model whose charts and objects are the user's own. Nothing is known of them, whatever their names, and
// nothing in them is changed.
type asWritten interface{ asWritten() }

func (*helmReleaseModel) asWritten() {}
func (*manifestModel) asWritten()    {}

// build makes what a model puts on a cluster, with images from the provider's mirror.
func (s *session) build(ctx context.Context, m resourceModel, secret secrets, diags *diag.Diagnostics) component.Component {
	c := m.component(ctx, secret, diags)
	if _, own := m.(asWritten); own || diags.HasError() {
		return c
	}
	return mirrored(c, s.settings.images)
}

// mirrored sends the images of a component to a mirror: over what the component sets, under what the user set.
func mirrored(c component.Component, mirror images.Mirror) component.Component {
	for i := range c.Charts {
		chart := &c.Charts[i]
		keys := mirror.Values(chart.Name, chart.Version, chart.Values)
		if len(keys) == 0 {
			continue
		}
		chart.Values = component.MergeValues(component.MergeValues(chart.Values, images.Nested(keys)), chart.UserValues)
		chart.Images = make(map[string]string, len(keys))
		for path := range keys {
			value, _ := object.Lookup(chart.Values, strings.Split(path, ".")...)
			chart.Images[path] = fmt.Sprint(value)
		}
	}
	mirror.Objects(c.Objects)
	return c
}

// imagesKey is where private state keeps where the images of releases were taken from.
const imagesKey = "images"

// imageRecord holds the image values of each release, by dotted path.
type imageRecord map[string]map[string]string

func imageRecordOf(c component.Component) imageRecord {
	record := imageRecord{}
	for _, chart := range c.Charts {
		if len(chart.Images) > 0 {
			record[chart.Namespace+"/"+chart.Release] = chart.Images
		}
	}
	return record
}

func saveImages(ctx context.Context, private privateSetter, c component.Component, diags *diag.Diagnostics) {
	raw, err := json.Marshal(imageRecordOf(c))
	if err != nil {
		diags.AddError("Keeping private state failed", err.Error())
		return
	}
	diags.Append(private.SetKey(ctx, imagesKey, raw)...)
}

// compareImages adds to what was observed that a release takes its images from somewhere else than the provider's
// images block says by now. Objects need none of it: they are compared field by field.
func (s *session) compareImages(ctx context.Context, private privateGetter, m resourceModel, c component.Component, o *cluster.Observed, diags *diag.Diagnostics) {
	if m.base().DriftPolicy.ValueString() == driftIgnore || !s.settings.imagesKnown {
		return
	}
	raw, d := private.GetKey(ctx, imagesKey)
	diags.Append(d...)
	made := imageRecord{}
	if len(raw) > 0 && json.Unmarshal(raw, &made) != nil {
		return // written by another version
	}
	o.Drift = append(o.Drift, made.drift(imageRecordOf(c))...)
	slices.Sort(o.Drift)
}

// drift says in lines what differs between where images come from and where they should.
func (r imageRecord) drift(want imageRecord) []string {
	var lines []string
	releases := maps.Clone(r)
	maps.Copy(releases, want)
	for release := range releases {
		paths := maps.Clone(r[release])
		if paths == nil {
			paths = map[string]string{}
		}
		maps.Copy(paths, want[release])
		for path := range paths {
			if r[release][path] != want[release][path] {
				lines = append(lines, fmt.Sprintf("release %s value %s: want %s, installed with %s", release, path, orDefault(want[release][path]), orDefault(r[release][path])))
			}
		}
	}
	return lines
}

func orDefault(value string) string {
	if value == "" {
		return "the chart's default"
	}
	return value
}
