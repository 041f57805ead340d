package provider

import (
	"context"
	"fmt"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/resource/identityschema"
	"github.com/hashicorp/terraform-plugin-framework/tfsdk"
	"github.com/hashicorp/terraform-plugin-framework/types"
)

// identityModel names a resource for good: nothing in it ever changes while the resource lives.
type identityModel struct {
	ClusterUID types.String `tfsdk:"cluster_uid"`
	Namespace  types.String `tfsdk:"namespace"`
	Name       types.String `tfsdk:"name"`
}

func componentIdentity() identityschema.Schema {
	return identityschema.Schema{Attributes: map[string]identityschema.Attribute{
		"cluster_uid": identityschema.StringAttribute{OptionalForImport: true, Description: "UID of namespace kube-system."},
		"namespace":   identityschema.StringAttribute{OptionalForImport: true, Description: "Namespace, where the resource has one."},
		"name":        identityschema.StringAttribute{RequiredForImport: true, Description: "Name of the release or object."},
	}}
}

// setIdentity is called first in every operation: a Read that removes a resource without an identity is an error
// for Terraform before 1.12 and wherever the state was written by it (hashicorp/terraform-provider-aws#46964).
func setIdentity(ctx context.Context, identity *tfsdk.ResourceIdentity, m resourceModel, diags *diag.Diagnostics) {
	if identity == nil {
		return
	}
	namespace, name := m.id()
	diags.Append(identity.Set(ctx, identityModel{
		ClusterUID: types.StringValue(m.base().ClusterUID.ValueString()),
		Namespace:  types.StringValue(namespace),
		Name:       types.StringValue(name),
	})...)
}

// importFormat describes import ids in errors and documentation.
const importFormat = "[ssh://[user@]host[:port]/]namespace/name"

// importID is where something to import is.
type importID struct {
	cluster         types.Object
	namespace, name string
}

// parseImportID reads an import id: a name on the provider's cluster, or behind a node.
func parseImportID(id string) (importID, error) {
	out := importID{cluster: types.ObjectNull(referenceTypes)}
	rest := id
	if after, ok := strings.CutPrefix(id, "ssh://"); ok {
		at, name, found := strings.Cut(after, "/")
		target, err := parseTarget(at)
		if !found || err != nil {
			return out, fmt.Errorf("import id %q: want %s", id, importFormat)
		}
		rest = name
		out.cluster = referenceObject(referenceModel{
			UID: types.StringNull(), Host: types.StringValue(target.Host), Port: nullIfZero(target.Port),
			User: nullIfEmpty(target.User), HostKey: types.StringNull(), Address: types.StringNull(),
		})
	}
	parts := strings.Split(rest, "/")
	switch {
	case len(parts) == 2 && parts[0] != "" && parts[1] != "":
		out.namespace, out.name = parts[0], parts[1]
	case len(parts) == 1 && parts[0] != "":
		out.name = parts[0]
	default:
		return out, fmt.Errorf("import id %q: want %s", id, importFormat)
	}
	return out, nil
}

// importComponent fills in what an import knows: where the thing is. The refresh that follows reads the rest.
// nameAttribute is the attribute that holds the name, empty where the resource has a fixed one.
func importComponent(ctx context.Context, req resource.ImportStateRequest, resp *resource.ImportStateResponse, nameAttribute string) {
	id, ok := importedID(ctx, req, &resp.Diagnostics)
	if !ok {
		return
	}
	set := func(name string, v attr.Value) {
		resp.Diagnostics.Append(resp.State.SetAttribute(ctx, path.Root(name), v)...)
	}
	set("cluster", id.cluster)
	set("drift_policy", types.StringValue(driftCorrect))
	set("adopt", types.BoolValue(false))
	set("drift", driftList(nil))
	if id.namespace != "" {
		set("namespace", types.StringValue(id.namespace))
	}
	if nameAttribute != "" {
		set(nameAttribute, types.StringValue(id.name))
	}
	if resp.Identity != nil {
		resp.Diagnostics.Append(resp.Identity.Set(ctx, identityModel{
			ClusterUID: types.StringValue(""), Namespace: types.StringValue(id.namespace), Name: types.StringValue(id.name),
		})...)
	}
}

func importedID(ctx context.Context, req resource.ImportStateRequest, diags *diag.Diagnostics) (importID, bool) {
	if req.ID == "" && req.Identity != nil {
		var m identityModel
		diags.Append(req.Identity.Get(ctx, &m)...)
		return importID{
			cluster: types.ObjectNull(referenceTypes), namespace: m.Namespace.ValueString(), name: m.Name.ValueString(),
		}, !diags.HasError()
	}
	id, err := parseImportID(req.ID)
	if err != nil {
		diags.AddError("Malformed import id", sentence(err.Error())+
			". The first part is needed when the cluster is reached through a node rather than by the provider's kubernetes block.")
		return id, false
	}
	return id, true
}

func referenceObject(m referenceModel) types.Object {
	return types.ObjectValueMust(referenceTypes, map[string]attr.Value{
		"uid": m.UID, "host": m.Host, "port": m.Port, "user": m.User, "host_key": m.HostKey, "address": m.Address,
	})
}

func nullIfEmpty(s string) types.String {
	if s == "" {
		return types.StringNull()
	}
	return types.StringValue(s)
}

func nullIfZero(n int) types.Int64 {
	if n == 0 {
		return types.Int64Null()
	}
	return types.Int64Value(int64(n))
}
