package provider

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework/function"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/dxlab/terraform-provider-lab/internal/hostsfile"
)

var _ function.Function = hostsBlock{}

func newHostsBlock() function.Function { return hostsBlock{} }

type hostsBlock struct{}

func (hostsBlock) Metadata(_ context.Context, _ function.MetadataRequest, resp *function.MetadataResponse) {
	resp.Name = "hosts_block"
}

func (hostsBlock) Definition(_ context.Context, _ function.DefinitionRequest, resp *function.DefinitionResponse) {
	resp.Definition = function.Definition{
		Summary: "Text of a block for a hosts file",
		MarkdownDescription: "Writes names by address as `lab_hosts_entries` writes them into a hosts file, marks included: for an output that people paste into the " +
			"file of their own machine, where `lab_hosts_entries` recognises and can import it later.",
		Parameters: []function.Parameter{
			function.MapParameter{
				Name: "entries", ElementType: types.ListType{ElemType: types.StringType},
				MarkdownDescription: "Names by address: `{ \"10.0.0.114\" = [\"grafana.lab.example\"] }`.",
			},
		},
		Return: function.StringReturn{},
	}
}

func (hostsBlock) Run(ctx context.Context, req function.RunRequest, resp *function.RunResponse) {
	var entries map[string][]string
	if resp.Error = req.Arguments.Get(ctx, &entries); resp.Error != nil {
		return
	}
	b, err := hostsfile.New(hostsfile.DefaultName, entries)
	if err != nil {
		resp.Error = function.NewArgumentFuncError(0, sentence(err.Error()))
		return
	}
	resp.Error = resp.Result.Set(ctx, b.Text())
}
