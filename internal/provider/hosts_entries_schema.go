package provider

import (
	"context"
	"regexp"

	"github.com/hashicorp/terraform-plugin-framework-validators/mapvalidator"
	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/booldefault"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/planmodifier"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/stringdefault"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/stringplanmodifier"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/dxlab/terraform-provider-lab/internal/hostsfile"
)

var absolutePath = regexp.MustCompile(`^/([^/]+/)*[^/]+$`)

func (r *hostsEntries) Schema(_ context.Context, _ resource.SchemaRequest, resp *resource.SchemaResponse) {
	resp.Schema = schema.Schema{
		MarkdownDescription: "Names and addresses in a hosts file, in place of DNS: between two marks in `/etc/hosts` of a host, or of the machine that Terraform runs on.\n\n" +
			"Everything outside of the marks is kept byte for byte, and several resources may share one file, each with a `name` of its own. " +
			"A destroy leaves the file as it would be had the block never been there. Lines elsewhere in the file that contradict the block are a warning.",
		Attributes: withConnection("Host whose file it is, reached over SSH. Without it, it is the file of the machine that Terraform runs on, which then needs the right to write it.", false, map[string]schema.Attribute{
			"path": schema.StringAttribute{
				Optional: true, Computed: true, Default: stringdefault.StaticString(hostsfile.DefaultPath),
				MarkdownDescription: "The file. Default: `/etc/hosts`.",
				Validators:          []validator.String{stringvalidator.RegexMatches(absolutePath, "must be an absolute path")},
				PlanModifiers:       []planmodifier.String{stringplanmodifier.RequiresReplace()},
			},
			"name": schema.StringAttribute{
				Optional: true, Computed: true, Default: stringdefault.StaticString(hostsfile.DefaultName),
				MarkdownDescription: "Name of the block in its marks, unique in the file. Default: `lab`.",
				PlanModifiers:       []planmodifier.String{stringplanmodifier.RequiresReplace()},
			},
			"entries": schema.MapAttribute{
				Required: true, ElementType: types.ListType{ElemType: types.StringType},
				MarkdownDescription: "Names by address: `{ \"10.0.0.114\" = [\"grafana.lab.example\", \"prometheus.lab.example\"] }`. The first name is the canonical one.",
				Validators:          []validator.Map{mapvalidator.SizeAtLeast(1)},
			},
			"adopt": schema.BoolAttribute{
				Optional: true, Computed: true, Default: booldefault.StaticBool(false),
				MarkdownDescription: "Takes over a block of this name that is in the file already. Default: `false`, which makes it an error.",
			},
			"drift_policy": nodeDriftPolicy(),
			"drift": schema.ListAttribute{
				Computed: true, ElementType: types.StringType,
				MarkdownDescription: "Differences found by the last refresh, one for each line: `want line \"10.0.0.9 a.lab\", the file has none`.",
			},
		}),
	}
}
