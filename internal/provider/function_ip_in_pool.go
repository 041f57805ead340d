package provider

import (
	"context"
	"fmt"
	"net/netip"

	"github.com/hashicorp/terraform-plugin-framework/function"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/dxlab/terraform-provider-lab/internal/metallb"
)

var _ function.Function = ipInPool{}

func newIPInPool() function.Function { return ipInPool{} }

type ipInPool struct{}

func (ipInPool) Metadata(_ context.Context, _ function.MetadataRequest, resp *function.MetadataResponse) {
	resp.Name = "ip_in_pool"
}

func (ipInPool) Definition(_ context.Context, _ function.DefinitionRequest, resp *function.DefinitionResponse) {
	resp.Definition = function.Definition{
		Summary: "Whether an address is in a pool",
		MarkdownDescription: "Returns whether an address is in one of the ranges of a `lab_metallb_pool`, read as MetalLB reads them: " +
			"for the validation of a variable, or a check that a gateway's address can be given out.",
		Parameters: []function.Parameter{
			function.StringParameter{Name: "ip", MarkdownDescription: "The address, IPv4 or IPv6."},
			function.ListParameter{
				Name: "addresses", ElementType: types.StringType,
				MarkdownDescription: "The pool's ranges: `10.0.0.0/28` or `10.0.0.10-10.0.0.20`.",
			},
		},
		Return: function.BoolReturn{},
	}
}

func (ipInPool) Run(ctx context.Context, req function.RunRequest, resp *function.RunResponse) {
	var ip string
	var addresses []string
	if resp.Error = req.Arguments.Get(ctx, &ip, &addresses); resp.Error != nil {
		return
	}
	address, err := netip.ParseAddr(ip)
	if err != nil {
		resp.Error = function.NewArgumentFuncError(0, fmt.Sprintf("%q is not an address.", ip))
		return
	}
	within := false
	for _, text := range addresses {
		r, err := metallb.ParseRange(text)
		if err != nil {
			resp.Error = function.NewArgumentFuncError(1, sentence(err.Error()))
			return
		}
		within = within || r.Contains(address)
	}
	resp.Error = resp.Result.Set(ctx, within)
}
