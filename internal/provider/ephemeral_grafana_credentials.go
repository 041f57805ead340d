package provider

import (
	"context"
	"encoding/base64"
	"fmt"

	"github.com/hashicorp/terraform-plugin-framework/ephemeral"
	"github.com/hashicorp/terraform-plugin-framework/ephemeral/schema"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/dxlab/terraform-provider-lab/internal/fault"
	"github.com/dxlab/terraform-provider-lab/internal/monitoring"
	"github.com/dxlab/terraform-provider-lab/internal/object"
)

var _ ephemeral.EphemeralResourceWithConfigure = (*grafanaCredentials)(nil)

func newGrafanaCredentials() ephemeral.EphemeralResource { return &grafanaCredentials{} }

type grafanaCredentials struct{ session *session }

type grafanaCredentialsModel struct {
	Cluster   types.Object `tfsdk:"cluster"`
	Namespace types.String `tfsdk:"namespace"`
	Secret    types.String `tfsdk:"secret"`
	Username  types.String `tfsdk:"username"`
	Password  types.String `tfsdk:"password"`
}

func (e *grafanaCredentials) Metadata(_ context.Context, req ephemeral.MetadataRequest, resp *ephemeral.MetadataResponse) {
	resp.TypeName = req.ProviderTypeName + "_grafana_credentials"
}

func (e *grafanaCredentials) Configure(_ context.Context, req ephemeral.ConfigureRequest, resp *ephemeral.ConfigureResponse) {
	e.session = sessionOf(req.ProviderData, &resp.Diagnostics)
}

func (e *grafanaCredentials) Schema(_ context.Context, _ ephemeral.SchemaRequest, resp *ephemeral.SchemaResponse) {
	resp.Schema = schema.Schema{
		MarkdownDescription: "Grafana's administrator, read from its Secret while Terraform runs and stored nowhere. Since kube-prometheus-stack 79 the password is a random one of each installation. " +
			"rancher-monitoring switches HTTP basic authentication off, so that there they serve the login form alone.",
		Attributes: map[string]schema.Attribute{
			"cluster": schema.SingleNestedAttribute{
				Optional: true, MarkdownDescription: "The cluster, as `lab_rke2_node.<name>.cluster` gives it. Without it the provider's `kubernetes` block serves.",
				Attributes: ephemeralReference(),
			},
			"namespace": schema.StringAttribute{Required: true, MarkdownDescription: "Namespace of the Secret: `lab_monitoring.<name>.grafana_admin_secret.namespace`. It is unknown until the Secret is there, which is what makes Terraform wait."},
			"secret":    schema.StringAttribute{Required: true, MarkdownDescription: "Name of the Secret: `lab_monitoring.<name>.grafana_admin_secret.name`."},
			"username":  schema.StringAttribute{Computed: true, MarkdownDescription: "Name of the administrator."},
			"password":  schema.StringAttribute{Computed: true, Sensitive: true, MarkdownDescription: "Password of the administrator."},
		},
	}
}

func (e *grafanaCredentials) Open(ctx context.Context, req ephemeral.OpenRequest, resp *ephemeral.OpenResponse) {
	var m grafanaCredentialsModel
	resp.Diagnostics.Append(req.Config.Get(ctx, &m)...)
	if resp.Diagnostics.HasError() {
		return
	}
	ref := object.Ref{APIVersion: "v1", Kind: "Secret", Namespace: m.Namespace.ValueString(), Name: m.Secret.ValueString()}
	engine, err := e.session.cluster(ctx, referenceOf(ctx, m.Cluster, types.StringNull(), &resp.Diagnostics))
	var found []object.Object
	if err == nil {
		found, err = engine.Objects(ctx, ref)
	}
	var user, password string
	if err == nil {
		user, password, err = credentialsIn(ref, found)
	}
	if err != nil {
		addFault(&resp.Diagnostics, "Reading", "the credentials in "+ref.String(), err)
		return
	}
	m.Username, m.Password = types.StringValue(user), types.StringValue(password)
	resp.Diagnostics.Append(resp.Result.Set(ctx, &m)...)
}

// credentialsIn reads Grafana's Secret, fault.NotFound when it is not there or is another kind of Secret.
func credentialsIn(ref object.Ref, found []object.Object) (user, password string, err error) {
	if len(found) == 0 {
		return "", "", fault.Newf(fault.NotFound, "%s is not there", ref)
	}
	texts := map[string]string{}
	for _, key := range []string{monitoring.UserKey, monitoring.PasswordKey} {
		encoded := object.String(found[0], "data", key)
		if encoded == "" {
			return "", "", fault.Newf(fault.NotFound, "%s has no key %s, so that it is not the one that Grafana's chart makes", ref, key)
		}
		text, err := base64.StdEncoding.DecodeString(encoded)
		if err != nil {
			return "", "", fmt.Errorf("key %s is not base64", key)
		}
		texts[key] = string(text)
	}
	return texts[monitoring.UserKey], texts[monitoring.PasswordKey], nil
}
