package provider

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/diag"
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

func referenceObject(m referenceModel) types.Object {
	return types.ObjectValueMust(referenceTypes, map[string]attr.Value{
		"uid": m.UID, "host": m.Host, "port": m.Port, "user": m.User, "host_key": m.HostKey, "address": m.Address,
		"kubeconfig_path": m.KubeconfigPath,
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
