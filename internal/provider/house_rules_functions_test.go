package provider

import (
	"testing"

	"github.com/hashicorp/terraform-plugin-framework/function"
)

func TestHouseRules_Functions(t *testing.T) {
	t.Parallel()
	p := &labProvider{}
	for _, construct := range p.Functions(t.Context()) {
		var meta function.MetadataResponse
		var got function.DefinitionResponse
		construct().Metadata(t.Context(), function.MetadataRequest{}, &meta)
		construct().Definition(t.Context(), function.DefinitionRequest{}, &got)
		var checked function.DefinitionValidateResponse
		got.Definition.ValidateImplementation(t.Context(), function.DefinitionValidateRequest{FuncName: meta.Name}, &checked)
		report(t, checked.Diagnostics)
		if got.Definition.Summary == "" || got.Definition.MarkdownDescription == "" {
			t.Errorf("function %s is not documented", meta.Name)
		}
		for _, parameter := range got.Definition.Parameters {
			if parameter.GetMarkdownDescription() == "" {
				t.Errorf("%s(%s) is not documented", meta.Name, parameter.GetName())
			}
		}
		exists(t, "examples/functions/"+meta.Name+"/function.tf")
		exists(t, "docs/functions/"+meta.Name+".md")
	}
}
