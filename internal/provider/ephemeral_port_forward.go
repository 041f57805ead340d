package provider

import (
	"context"
	"encoding/json"
	"strconv"
	"sync"

	"github.com/hashicorp/terraform-plugin-framework-validators/int64validator"
	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/ephemeral"
	"github.com/hashicorp/terraform-plugin-framework/ephemeral/schema"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/dxlab/terraform-provider-lab/internal/kube"
	"github.com/dxlab/terraform-provider-lab/internal/object"
)

var (
	_ ephemeral.EphemeralResourceWithConfigure = (*portForward)(nil)
	_ ephemeral.EphemeralResourceWithClose     = (*portForward)(nil)
)

func newPortForward() ephemeral.EphemeralResource { return &portForward{} }

type portForward struct{ session *session }

type portForwardModel struct {
	Cluster   types.Object `tfsdk:"cluster"`
	Namespace types.String `tfsdk:"namespace"`
	Service   types.String `tfsdk:"service"`
	Pod       types.String `tfsdk:"pod"`
	Port      types.Int64  `tfsdk:"port"`
	Address   types.String `tfsdk:"address"`
}

func (e *portForward) Metadata(_ context.Context, req ephemeral.MetadataRequest, resp *ephemeral.MetadataResponse) {
	resp.TypeName = req.ProviderTypeName + "_port_forward"
}

func (e *portForward) Configure(_ context.Context, req ephemeral.ConfigureRequest, resp *ephemeral.ConfigureResponse) {
	e.session = sessionOf(req.ProviderData, &resp.Diagnostics)
}

func (e *portForward) Schema(_ context.Context, _ ephemeral.SchemaRequest, resp *ephemeral.SchemaResponse) {
	resp.Schema = schema.Schema{
		MarkdownDescription: "A port of this machine that leads into the cluster while Terraform runs, for other providers that have to reach something inside, such as Grafana. It stays where it is when the pod behind it is replaced or the connection to the cluster is lost: the next connection leads to a pod that is ready then.",
		Attributes: map[string]schema.Attribute{
			"cluster": schema.SingleNestedAttribute{
				Optional: true, MarkdownDescription: "The cluster, as `lab_rke2_node.<name>.cluster` gives it. Default: the provider's `kubernetes` block.",
				Attributes: ephemeralReference(),
			},
			"namespace": schema.StringAttribute{Required: true, MarkdownDescription: "Namespace of the Service or Pod."},
			"service":   schema.StringAttribute{Optional: true, MarkdownDescription: "Service; one of its ready pods is chosen.", Validators: []validator.String{stringvalidator.ExactlyOneOf(path.MatchRoot("pod"))}},
			"pod":       schema.StringAttribute{Optional: true, MarkdownDescription: "Pod."},
			"port":      schema.Int64Attribute{Required: true, MarkdownDescription: "Port of the Service, or of the Pod.", Validators: []validator.Int64{int64validator.Between(1, 65535)}},
			"address":   schema.StringAttribute{Computed: true, MarkdownDescription: "Where it is: `127.0.0.1:41234`."},
		},
	}
}

// forwardKey is where private data keeps which forward is to be closed.
const forwardKey = "forward"

func (e *portForward) Open(ctx context.Context, req ephemeral.OpenRequest, resp *ephemeral.OpenResponse) {
	var m portForwardModel
	resp.Diagnostics.Append(req.Config.Get(ctx, &m)...)
	if resp.Diagnostics.HasError() {
		return
	}
	target := object.Ref{APIVersion: "v1", Kind: "Service", Namespace: m.Namespace.ValueString(), Name: m.Service.ValueString()}
	if m.Service.IsNull() {
		target.Kind, target.Name = "Pod", m.Pod.ValueString()
	}
	ref := referenceOf(ctx, m.Cluster, types.StringNull(), &resp.Diagnostics)
	forward, err := e.session.world.Forward(ctx, ref, kube.ForwardOptions{Ref: target, Port: strconv.FormatInt(m.Port.ValueInt64(), 10)})
	if err != nil {
		addFault(&resp.Diagnostics, "Forwarding", "a port of "+target.String(), e.session.explainUnknown(err))
		return
	}
	e.session.forwards.put(forward.Addr, forward)
	key, err := json.Marshal(forward.Addr)
	if err != nil {
		resp.Diagnostics.AddError("Keeping private data failed", err.Error())
		return
	}
	resp.Diagnostics.Append(resp.Private.SetKey(ctx, forwardKey, key)...)
	m.Address = types.StringValue(forward.Addr)
	resp.Diagnostics.Append(resp.Result.Set(ctx, &m)...)
}

// Close ends the forward when Terraform needs it no longer.
func (e *portForward) Close(ctx context.Context, req ephemeral.CloseRequest, resp *ephemeral.CloseResponse) {
	raw, diags := req.Private.GetKey(ctx, forwardKey)
	resp.Diagnostics.Append(diags...)
	var address string
	if json.Unmarshal(raw, &address) != nil {
		return
	}
	if err := e.session.forwards.close(address); err != nil {
		resp.Diagnostics.AddWarning("A forwarded port did not end", sentence(err.Error()))
	}
}

// openForwards are the forwards of one process, by their local address.
type openForwards struct {
	mu   sync.Mutex
	open map[string]interface{ Close() error }
}

func (o *openForwards) put(address string, f interface{ Close() error }) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.open == nil {
		o.open = map[string]interface{ Close() error }{}
	}
	o.open[address] = f
}

func (o *openForwards) close(address string) error {
	o.mu.Lock()
	f := o.open[address]
	delete(o.open, address)
	o.mu.Unlock()
	if f == nil {
		return nil
	}
	return f.Close()
}
