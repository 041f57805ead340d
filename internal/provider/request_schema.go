package provider

import (
	"strings"

	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/booldefault"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"
)

// requestModel are the arguments of everything that sends requests to the lab.
type requestModel struct {
	Cluster        types.Object `tfsdk:"cluster"`
	URL            types.String `tfsdk:"url"`
	Host           types.String `tfsdk:"host"`
	Via            types.String `tfsdk:"via"`
	Headers        types.Map    `tfsdk:"headers"`
	RequestTimeout types.String `tfsdk:"request_timeout"`
	AllowExternal  types.Bool   `tfsdk:"allow_external"`
}

// quoted lists words for the documentation.
func quoted(words []string) string { return "`" + strings.Join(words, "`, `") + "`" }

func requestAttributes(own map[string]schema.Attribute) map[string]schema.Attribute {
	shared := map[string]schema.Attribute{
		"cluster":         referenceAttribute(),
		"url":             schema.StringAttribute{Required: true, MarkdownDescription: "What to ask for, such as `http://${lab_istio_gateway.this.load_balancer_address}/productpage`. Only http and https."},
		"host":            schema.StringAttribute{Optional: true, MarkdownDescription: "Name in the request (Host header), so that no name has to resolve. Default: the one of `url`."},
		"via":             schema.StringAttribute{Optional: true, MarkdownDescription: viaDoc + " Default: `node` where `cluster` is given, else `local`.", Validators: []validator.String{stringvalidator.OneOf(ways...)}},
		"headers":         schema.MapAttribute{Optional: true, ElementType: types.StringType, MarkdownDescription: "Further headers of every request. `traceparent` and B3 headers are added, with a trace id of its own for each request, sampled."},
		"request_timeout": schema.StringAttribute{Optional: true, MarkdownDescription: "How long each answer may take. Default: `10s`.", Validators: []validator.String{duration{}}},
		"allow_external": schema.BoolAttribute{
			Optional: true, Computed: true, Default: booldefault.StaticBool(false),
			MarkdownDescription: "Sends also to an address that is neither a node nor a load balancer nor in an address pool of the cluster. Default: `false`, which refuses it, because what is sent is load.",
		},
	}
	for name, a := range own {
		shared[name] = a
	}
	return shared
}
