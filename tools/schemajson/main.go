// Command schemajson prints the provider's schemas in the form of `terraform providers schema -json`, without a
// Terraform binary: an older one would leave out the kinds that it does not know.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path"

	"github.com/hashicorp/terraform-plugin-framework/providerserver"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6"

	"github.com/dxlab/terraform-provider-lab/internal/provider"
)

func main() {
	if err := run(context.Background()); err != nil {
		fmt.Fprintln(os.Stderr, "schemajson:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context) error {
	server := providerserver.NewProtocol6(provider.New("docs")())()
	schemas, err := server.GetProviderSchema(ctx, &tfprotov6.GetProviderSchemaRequest{})
	if err != nil {
		return err
	}
	for _, d := range schemas.Diagnostics {
		return fmt.Errorf("%s: %s", d.Summary, d.Detail)
	}
	identities, err := server.GetResourceIdentitySchemas(ctx, &tfprotov6.GetResourceIdentitySchemasRequest{})
	if err != nil {
		return err
	}
	out := map[string]any{
		"format_version": "1.0",
		// tfplugindocs looks the provider up by its bare name.
		"provider_schemas": map[string]any{path.Base(provider.Address): map[string]any{
			"provider":                   schema(schemas.Provider),
			"resource_schemas":           all(schemas.ResourceSchemas),
			"data_source_schemas":        all(schemas.DataSourceSchemas),
			"ephemeral_resource_schemas": all(schemas.EphemeralResourceSchemas),
			"action_schemas":             actions(schemas.ActionSchemas),
			"functions":                  functions(schemas.Functions),
			"resource_identity_schemas":  identitySchemas(identities.IdentitySchemas),
		}},
	}
	encoder := json.NewEncoder(os.Stdout)
	encoder.SetIndent("", "  ")
	return encoder.Encode(out)
}

func all(schemas map[string]*tfprotov6.Schema) map[string]any {
	out := map[string]any{}
	for name, s := range schemas {
		out[name] = schema(s)
	}
	return out
}

func actions(schemas map[string]*tfprotov6.ActionSchema) map[string]any {
	out := map[string]any{}
	for name, s := range schemas {
		out[name] = map[string]any{"block": block(s.Schema.Block)}
	}
	return out
}

func schema(s *tfprotov6.Schema) any {
	return map[string]any{"version": s.Version, "block": block(s.Block)}
}

func block(b *tfprotov6.SchemaBlock) map[string]any {
	out := map[string]any{}
	describe(out, b.Description, b.DescriptionKind, b.Deprecated)
	if len(b.Attributes) > 0 {
		out["attributes"] = attributes(b.Attributes)
	}
	if len(b.BlockTypes) > 0 {
		blocks := map[string]any{}
		for _, n := range b.BlockTypes {
			blocks[n.TypeName] = map[string]any{"nesting_mode": blockNesting[n.Nesting], "block": block(n.Block)}
		}
		out["block_types"] = blocks
	}
	return out
}

var blockNesting = map[tfprotov6.SchemaNestedBlockNestingMode]string{
	tfprotov6.SchemaNestedBlockNestingModeSingle: "single",
	tfprotov6.SchemaNestedBlockNestingModeList:   "list",
	tfprotov6.SchemaNestedBlockNestingModeSet:    "set",
	tfprotov6.SchemaNestedBlockNestingModeMap:    "map",
	tfprotov6.SchemaNestedBlockNestingModeGroup:  "group",
}

var objectNesting = map[tfprotov6.SchemaObjectNestingMode]string{
	tfprotov6.SchemaObjectNestingModeSingle: "single",
	tfprotov6.SchemaObjectNestingModeList:   "list",
	tfprotov6.SchemaObjectNestingModeSet:    "set",
	tfprotov6.SchemaObjectNestingModeMap:    "map",
}

func attributes(list []*tfprotov6.SchemaAttribute) map[string]any {
	out := map[string]any{}
	for _, a := range list {
		m := map[string]any{}
		if a.NestedType != nil {
			m["nested_type"] = map[string]any{"attributes": attributes(a.NestedType.Attributes), "nesting_mode": objectNesting[a.NestedType.Nesting]}
		} else {
			m["type"] = a.Type
		}
		describe(m, a.Description, a.DescriptionKind, a.Deprecated)
		for name, set := range map[string]bool{
			"required": a.Required, "optional": a.Optional, "computed": a.Computed, "sensitive": a.Sensitive, "write_only": a.WriteOnly,
		} {
			if set {
				m[name] = true
			}
		}
		out[a.Name] = m
	}
	return out
}

func describe(into map[string]any, text string, kind tfprotov6.StringKind, deprecated bool) {
	if text != "" {
		into["description"] = text
		into["description_kind"] = kindName(kind)
	}
	if deprecated {
		into["deprecated"] = true
	}
}

func kindName(kind tfprotov6.StringKind) string {
	if kind == tfprotov6.StringKindMarkdown {
		return "markdown"
	}
	return "plain"
}

func functions(list map[string]*tfprotov6.Function) map[string]any {
	out := map[string]any{}
	for name, f := range list {
		m := map[string]any{"summary": f.Summary, "description": f.Description, "return_type": f.Return.Type}
		var parameters []any
		for _, p := range f.Parameters {
			parameters = append(parameters, parameter(p))
		}
		if len(parameters) > 0 {
			m["parameters"] = parameters
		}
		if f.VariadicParameter != nil {
			m["variadic_parameter"] = parameter(f.VariadicParameter)
		}
		out[name] = m
	}
	return out
}

func parameter(p *tfprotov6.FunctionParameter) map[string]any {
	m := map[string]any{"name": p.Name, "type": p.Type, "description": p.Description}
	if p.AllowNullValue {
		m["is_nullable"] = true
	}
	return m
}

func identitySchemas(list map[string]*tfprotov6.ResourceIdentitySchema) map[string]any {
	out := map[string]any{}
	for name, s := range list {
		fields := map[string]any{}
		for _, a := range s.IdentityAttributes {
			m := map[string]any{"type": a.Type, "description": a.Description}
			if a.RequiredForImport {
				m["required_for_import"] = true
			}
			if a.OptionalForImport {
				m["optional_for_import"] = true
			}
			fields[a.Name] = m
		}
		out[name] = map[string]any{"version": s.Version, "attributes": fields}
	}
	return out
}
