package provider

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/planmodifier"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/stringplanmodifier"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/dxlab/terraform-provider-lab/internal/reach"
)

// referenceModel is a cluster named without secrets, as lab_rke2_node exports it.
type referenceModel struct {
	UID     types.String `tfsdk:"uid"`
	Host    types.String `tfsdk:"host"`
	Port    types.Int64  `tfsdk:"port"`
	User    types.String `tfsdk:"user"`
	HostKey types.String `tfsdk:"host_key"`
	Address types.String `tfsdk:"address"`
	// KubeconfigPath is null for RKE2, whose kubeconfig has its place.
	KubeconfigPath types.String `tfsdk:"kubeconfig_path"`
}

var referenceTypes = map[string]attr.Type{
	"uid": types.StringType, "host": types.StringType, "port": types.Int64Type,
	"user": types.StringType, "host_key": types.StringType, "address": types.StringType,
	"kubeconfig_path": types.StringType,
}

const referenceDoc = "The cluster, as `lab_rke2_node.<name>.cluster` gives it; it holds no secrets. " +
	"Without it the provider's `kubernetes` block serves. Another cluster means replacement; another address of the same cluster does not."

func referenceAttribute() schema.SingleNestedAttribute {
	return schema.SingleNestedAttribute{
		Optional:            true,
		MarkdownDescription: referenceDoc,
		Attributes: map[string]schema.Attribute{
			"uid": schema.StringAttribute{
				Optional:            true,
				MarkdownDescription: "UID of namespace `kube-system`. It is compared with the live cluster before anything is written or deleted.",
			},
			"host":     schema.StringAttribute{Required: true, MarkdownDescription: "Server node to reach the API through, over SSH."},
			"port":     schema.Int64Attribute{Optional: true, MarkdownDescription: "Port of its SSH server."},
			"user":     schema.StringAttribute{Optional: true, MarkdownDescription: "User to log in as."},
			"host_key": schema.StringAttribute{Optional: true, MarkdownDescription: "Its public host key."},
			"address":  schema.StringAttribute{Optional: true, MarkdownDescription: "Its own address, which other nodes join at."},
			"kubeconfig_path": schema.StringAttribute{
				Optional:            true,
				MarkdownDescription: "Admin kubeconfig on the host, where the cluster is not RKE2's. The API server that it names is dialled from the host. Default: where RKE2 writes it.",
			},
		},
	}
}

func clusterUIDAttribute() schema.StringAttribute {
	return schema.StringAttribute{
		Computed:            true,
		MarkdownDescription: "UID of namespace `kube-system` of the cluster that this was made on.",
		PlanModifiers:       []planmodifier.String{stringplanmodifier.UseStateForUnknown()},
	}
}

// referenceOf reads a cluster reference; null means the provider's kubernetes block. uid is what was recorded when
// the resource was made, and serves where the reference itself has none.
func referenceOf(ctx context.Context, o types.Object, uid types.String, diags *diag.Diagnostics) reach.Reference {
	if o.IsNull() || o.IsUnknown() {
		return reach.Reference{UID: uid.ValueString()}
	}
	var m referenceModel
	diags.Append(o.As(ctx, &m, emptyForUnknown)...)
	ref := reach.Reference{
		UID: m.UID.ValueString(), Host: m.Host.ValueString(), Port: int(m.Port.ValueInt64()),
		User: m.User.ValueString(), HostKey: m.HostKey.ValueString(), Address: m.Address.ValueString(),
		KubeconfigPath: m.KubeconfigPath.ValueString(),
	}
	if ref.UID == "" {
		ref.UID = uid.ValueString()
	}
	return ref
}

// planReference makes a resource follow its cluster: another cluster means another resource. The attribute cannot
// say so by itself, because a reference that is unknown as a whole hides its uid from plan modifiers, and because an
// imported resource knows its cluster without having a reference.
func planReference(ctx context.Context, req resource.ModifyPlanRequest, resp *resource.ModifyPlanResponse) {
	var planned types.Object
	var made types.String
	resp.Diagnostics.Append(req.Plan.GetAttribute(ctx, path.Root("cluster"), &planned)...)
	resp.Diagnostics.Append(req.State.GetAttribute(ctx, path.Root("cluster_uid"), &made)...)
	if leaves(ctx, planned, made.ValueString(), &resp.Diagnostics) {
		resp.RequiresReplace = append(resp.RequiresReplace, path.Root("cluster"))
	}
}

// leaves reports whether a planned reference names another cluster than the one with the recorded uid, or may do so.
// A reference without a uid names whatever answers there, which is compared when it is reached.
func leaves(ctx context.Context, planned types.Object, recorded string, diags *diag.Diagnostics) bool {
	if planned.IsNull() || planned.IsUnknown() {
		return planned.IsUnknown()
	}
	var ref referenceModel
	diags.Append(planned.As(ctx, &ref, emptyForUnknown)...)
	return ref.UID.IsUnknown() || (!ref.UID.IsNull() && recorded != "" && ref.UID.ValueString() != recorded)
}
