package provider

import (
	"context"
	"time"

	"github.com/hashicorp/terraform-plugin-framework-timeouts/resource/timeouts"
	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/booldefault"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/mapplanmodifier"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/planmodifier"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/stringdefault"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/dxlab/terraform-provider-lab/internal/cluster"
	"github.com/dxlab/terraform-provider-lab/internal/component"
)

// What a resource's drift_policy may be.
const (
	driftCorrect = "correct"
	driftWarn    = "warn"
	driftIgnore  = "ignore"
)

// What a resource's status may be.
const (
	statusReady = "ready"
	// statusFailed marks a creation that did not finish. It is repaired in place, not removed and made again.
	statusFailed = "failed"
)

// componentModel has the attributes of every resource that puts something on a cluster.
type componentModel struct {
	Cluster     types.Object   `tfsdk:"cluster"`
	ClusterUID  types.String   `tfsdk:"cluster_uid"`
	Adopt       types.Bool     `tfsdk:"adopt"`
	DriftPolicy types.String   `tfsdk:"drift_policy"`
	Drift       types.List     `tfsdk:"drift"`
	Objects     types.Map      `tfsdk:"objects"`
	Status      types.String   `tfsdk:"status"`
	Timeouts    timeouts.Value `tfsdk:"timeouts"`
}

// resourceModel is what the shared functions need of a resource's model; the pointer to each model has it.
type resourceModel interface {
	// base returns the embedded attributes.
	base() *componentModel
	// component builds what is to be on the cluster. All values are known when it is called.
	component(ctx context.Context, s secrets, diags *diag.Diagnostics) component.Component
	// observe takes over what only the cluster knows.
	observe(o cluster.Observed)
	// removal says what the resource decides about its removal.
	removal() cluster.RemoveOptions
	// id names the resource on its cluster; namespace may be empty.
	id() (namespace, name string)
}

func (m *componentModel) base() *componentModel { return m }

func (m *componentModel) removal() cluster.RemoveOptions {
	return cluster.RemoveOptions{Namespaces: true}
}

// markFailed makes a model say that its creation did not finish.
func (m *componentModel) markFailed() { m.Status = types.StringValue(statusFailed) }

// secrets are the write-only values of a configuration. They are read apart from the model, so that no path can
// lead them into the state.
type secrets struct {
	// values is the YAML of values_wo, empty where there is none.
	values string
}

func componentAttributes(ctx context.Context, own map[string]schema.Attribute) map[string]schema.Attribute {
	shared := map[string]schema.Attribute{
		"cluster":     referenceAttribute(),
		"cluster_uid": clusterUIDAttribute(),
		"adopt": schema.BoolAttribute{
			Optional: true, Computed: true, Default: booldefault.StaticBool(false),
			MarkdownDescription: "Takes over a release or objects that exist already and that something else made. Default: `false`, which makes them an error.",
		},
		"drift_policy": schema.StringAttribute{
			Optional: true, Computed: true, Default: stringdefault.StaticString(driftCorrect),
			MarkdownDescription: "What to do about differences between what was installed and what is live: `correct` plans to put them right, `warn` tells of them, " +
				"`ignore` does not look. Default: `correct`.",
			Validators: []validator.String{stringvalidator.OneOf(driftCorrect, driftWarn, driftIgnore)},
		},
		"drift": schema.ListAttribute{
			Computed: true, ElementType: types.StringType,
			MarkdownDescription: "Differences found by the last refresh, one line each: `Deployment istio-system/istiod spec.replicas: want 1, live 3`. Values of Secrets are not shown.",
		},
		"objects": schema.MapAttribute{
			Computed: true, ElementType: types.StringType,
			MarkdownDescription: "Every object that this resource keeps on the cluster, with a digest of what it is meant to be.",
			PlanModifiers:       []planmodifier.Map{mapplanmodifier.UseStateForUnknown()},
		},
		"status": schema.StringAttribute{
			Computed:            true,
			MarkdownDescription: "`ready`, or `failed` when a creation did not finish; a failed creation is repaired in place by the next apply.",
		},
		"timeouts": timeoutsAttribute(ctx),
	}
	for name, a := range own {
		shared[name] = a
	}
	return shared
}

// timeoutsAttribute is the attribute of every resource that limits its operations in time.
func timeoutsAttribute(ctx context.Context) schema.Attribute {
	a := timeouts.Attributes(ctx, timeouts.Opts{Create: true, Read: true, Update: true, Delete: true})
	if nested, ok := a.(schema.SingleNestedAttribute); ok {
		nested.MarkdownDescription = "How long each operation may take, such as `30m`."
		return nested
	}
	return a
}

// driftList makes the drift attribute; it is never null, so that a plan can promise that nothing will be left.
func driftList(lines []string) types.List { return everyOf(lines) }

func objectsMap(objects map[string]string) types.Map { return textsOf(objects) }

// observed takes over what every resource reads back.
func (m *componentModel) observed(o cluster.Observed) {
	m.Drift = driftList(o.Drift)
	m.Objects = objectsMap(o.Objects)
	m.Status = types.StringValue(statusReady)
}

// Default time limits. Images of a whole mesh may have to be pulled over a slow line.
const (
	createTimeout = 20 * time.Minute
	readTimeout   = 2 * time.Minute
	updateTimeout = 20 * time.Minute
	deleteTimeout = 10 * time.Minute
)
