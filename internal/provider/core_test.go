package provider_test

import (
	"testing"

	"github.com/hashicorp/terraform-plugin-framework/providerserver"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"github.com/dxlab/terraform-provider-lab/internal/provider"
)

// attrs is a configuration of which only some attributes are given.
type attrs = map[string]any

// unknown stands for a value that is not known yet.
type unknown struct{}

// core does what Terraform's core does with one resource, over the provider protocol.
type core struct {
	t       *testing.T
	server  tfprotov6.ProviderServer
	schemas *tfprotov6.GetProviderSchemaResponse
	config  attrs
	// planned are the resources that this walk has planned; planning one of them again is another walk.
	planned map[*tracked]bool
}

// tracked is a resource in a state.
type tracked struct {
	value    tftypes.Value
	private  []byte
	identity *tfprotov6.ResourceIdentityData
	tainted  bool
}

// plan is what a resource's plan says.
type plan struct {
	value    tftypes.Value
	private  []byte
	identity *tfprotov6.ResourceIdentityData
	action   string
	report
}

// report are the diagnostics of a step.
type report struct{ errors, warnings string }

func newCore(t *testing.T, w *fakeWorld, config attrs) *core {
	t.Helper()
	server := providerserver.NewProtocol6(provider.NewWith("test", w.open)())()
	schemas, err := server.GetProviderSchema(t.Context(), &tfprotov6.GetProviderSchemaRequest{})
	if err != nil {
		t.Fatal(err)
	}
	c := &core{t: t, server: server, schemas: schemas, config: config}
	c.walk()
	return c
}

// walk configures the provider as core does at the start of each walk.
func (c *core) walk() {
	c.t.Helper()
	c.planned = map[*tracked]bool{}
	typ := c.schemas.Provider.ValueType()
	resp, err := c.server.ConfigureProvider(c.t.Context(), &tfprotov6.ConfigureProviderRequest{Config: c.dynamic(typ, valueOf(c.t, typ, c.config))})
	if err != nil {
		c.t.Fatal(err)
	}
	if r := c.report(resp.Diagnostics); r.errors != "" {
		c.t.Fatal(r.errors)
	}
}

func (c *core) typ(name string) tftypes.Type {
	c.t.Helper()
	s := c.schemas.ResourceSchemas[name]
	if s == nil {
		c.t.Fatalf("no resource %s", name)
	}
	return s.ValueType()
}

func (c *core) dynamic(typ tftypes.Type, v tftypes.Value) *tfprotov6.DynamicValue {
	c.t.Helper()
	d, err := tfprotov6.NewDynamicValue(typ, v)
	if err != nil {
		c.t.Fatal(err)
	}
	return &d
}

func (c *core) static(typ tftypes.Type, d *tfprotov6.DynamicValue) tftypes.Value {
	c.t.Helper()
	if d == nil {
		return tftypes.NewValue(typ, nil)
	}
	v, err := d.Unmarshal(typ)
	if err != nil {
		c.t.Fatal(err)
	}
	return v
}

func (c *core) report(diags []*tfprotov6.Diagnostic) report {
	var r report
	for _, d := range diags {
		text := d.Summary + ": " + d.Detail
		if d.Attribute != nil {
			text = d.Attribute.String() + ": " + text
		}
		if d.Severity == tfprotov6.DiagnosticSeverityError {
			r.errors += text + "\n"
		} else {
			r.warnings += text + "\n"
		}
	}
	return r
}

func (c *core) validate(name string, config attrs) report {
	c.t.Helper()
	resp, err := c.server.ValidateResourceConfig(c.t.Context(), &tfprotov6.ValidateResourceConfigRequest{
		TypeName: name, Config: c.dynamic(c.typ(name), valueOf(c.t, c.typ(name), config)),
		ClientCapabilities: &tfprotov6.ValidateResourceConfigClientCapabilities{WriteOnlyAttributesAllowed: true},
	})
	if err != nil {
		c.t.Fatal(err)
	}
	return c.report(resp.Diagnostics)
}

// plan plans a resource towards a configuration; prior is nil for a new one.
func (c *core) plan(name string, prior *tracked, config attrs) plan {
	c.t.Helper()
	if r := c.validate(name, config); r.errors != "" {
		return plan{report: r}
	}
	typ := c.typ(name)
	from, private := tftypes.NewValue(typ, nil), []byte(nil)
	var identity *tfprotov6.ResourceIdentityData
	if prior != nil {
		if c.planned[prior] {
			c.walk()
		}
		c.planned[prior] = true
		private, identity = prior.private, prior.identity
		if !prior.tainted {
			from = prior.value
		}
	}
	p, replaces := c.planOnce(name, from, private, identity, config)
	switch {
	case p.errors != "":
	case prior == nil:
		p.action = "create"
	case prior.tainted || replaces:
		p.action = "replace"
		if !prior.tainted {
			warnings := p.warnings
			p, _ = c.planOnce(name, tftypes.NewValue(typ, nil), p.private, nil, config)
			p.action, p.warnings = "replace", p.warnings+warnings
		}
	case p.value.Equal(prior.value):
		p.action = "nothing"
	default:
		p.action = "update"
	}
	return p
}

func (c *core) planOnce(name string, from tftypes.Value, private []byte, identity *tfprotov6.ResourceIdentityData, config attrs) (plan, bool) {
	c.t.Helper()
	typ := c.typ(name)
	value := valueOf(c.t, typ, config)
	resp, err := c.server.PlanResourceChange(c.t.Context(), &tfprotov6.PlanResourceChangeRequest{
		TypeName: name, PriorState: c.dynamic(typ, from), ProposedNewState: c.dynamic(typ, c.proposed(name, from, value)),
		Config: c.dynamic(typ, value), PriorPrivate: private, PriorIdentity: identity,
	})
	if err != nil {
		c.t.Fatal(err)
	}
	p := plan{private: resp.PlannedPrivate, identity: resp.PlannedIdentity, report: c.report(resp.Diagnostics)}
	if p.errors != "" {
		return p, false
	}
	p.value = c.static(typ, resp.PlannedState)
	if from.IsNull() {
		return p, false
	}
	replaces := false
	for _, path := range resp.RequiresReplace {
		before, _, errBefore := tftypes.WalkAttributePath(from, path)
		after, _, errAfter := tftypes.WalkAttributePath(p.value, path)
		if errBefore != nil || errAfter != nil {
			c.t.Fatalf("replacement for a path that is not there: %s", path)
		}
		replaces = replaces || !after.(tftypes.Value).Equal(before.(tftypes.Value))
	}
	return p, replaces
}

// proposed merges a configuration with the prior state as core does.
func (c *core) proposed(name string, prior, config tftypes.Value) tftypes.Value {
	c.t.Helper()
	have, want := fields(c.t, prior), fields(c.t, config)
	for _, a := range c.schemas.ResourceSchemas[name].Block.Attributes {
		switch {
		case a.WriteOnly:
			want[a.Name] = tftypes.NewValue(want[a.Name].Type(), nil)
		case !a.Computed || !want[a.Name].IsNull():
		case prior.IsNull():
			want[a.Name] = tftypes.NewValue(want[a.Name].Type(), tftypes.UnknownValue)
		default:
			want[a.Name] = have[a.Name]
		}
	}
	return tftypes.NewValue(config.Type(), want)
}

// apply plans and applies. It returns what is in the state afterwards, nil for nothing.
func (c *core) apply(name string, prior *tracked, config attrs) (*tracked, report) {
	c.t.Helper()
	p := c.plan(name, prior, config)
	if p.errors != "" || p.action == "nothing" {
		return prior, p.report
	}
	return c.applyPlan(name, prior, config, p)
}

func (c *core) applyPlan(name string, prior *tracked, config attrs, p plan) (*tracked, report) {
	c.t.Helper()
	if p.action == "replace" {
		if r := c.remove(name, prior, p.private); r.errors != "" {
			return prior, r
		}
		prior = nil
	}
	typ := c.typ(name)
	from := tftypes.NewValue(typ, nil)
	if prior != nil {
		from = prior.value
	}
	resp, err := c.server.ApplyResourceChange(c.t.Context(), &tfprotov6.ApplyResourceChangeRequest{
		TypeName: name, PriorState: c.dynamic(typ, from), PlannedState: c.dynamic(typ, p.value),
		Config: c.dynamic(typ, valueOf(c.t, typ, config)), PlannedPrivate: p.private, PlannedIdentity: p.identity,
	})
	if err != nil {
		c.t.Fatal(err)
	}
	r := c.report(resp.Diagnostics)
	value := c.static(typ, resp.NewState)
	c.walk()
	if value.IsNull() {
		return nil, r
	}
	if !value.IsFullyKnown() {
		c.t.Errorf("unknown values in the state of %s: %s", name, words(c.t, value))
	}
	if r.errors == "" {
		c.consistent(name, p.value, value)
	}
	return &tracked{value: value, private: resp.Private, identity: resp.NewIdentity, tainted: r.errors != "" && prior == nil}, r
}

// consistent fails the test when a result is not what was planned, which core calls a bug of the provider.
func (c *core) consistent(name string, planned, result tftypes.Value) {
	c.t.Helper()
	have := fields(c.t, result)
	for k, v := range fields(c.t, planned) {
		if v.IsFullyKnown() && !v.Equal(have[k]) {
			c.t.Errorf("%s.%s: planned %s, got %s", name, k, v, have[k])
		}
	}
}

// destroy plans and applies a destruction.
func (c *core) destroy(name string, prior *tracked) report {
	c.t.Helper()
	private, r := c.planDestroy(name, prior)
	if r.errors != "" {
		return r
	}
	return c.remove(name, prior, private)
}

// planDestroy plans a destruction and returns the planned private state.
func (c *core) planDestroy(name string, prior *tracked) ([]byte, report) {
	c.t.Helper()
	typ := c.typ(name)
	null := c.dynamic(typ, tftypes.NewValue(typ, nil))
	resp, err := c.server.PlanResourceChange(c.t.Context(), &tfprotov6.PlanResourceChangeRequest{
		TypeName: name, PriorState: c.dynamic(typ, prior.value), ProposedNewState: null, Config: null, PriorPrivate: prior.private, PriorIdentity: prior.identity,
	})
	if err != nil {
		c.t.Fatal(err)
	}
	return resp.PlannedPrivate, c.report(resp.Diagnostics)
}

func (c *core) remove(name string, prior *tracked, private []byte) report {
	c.t.Helper()
	typ := c.typ(name)
	null := c.dynamic(typ, tftypes.NewValue(typ, nil))
	resp, err := c.server.ApplyResourceChange(c.t.Context(), &tfprotov6.ApplyResourceChangeRequest{
		TypeName: name, PriorState: c.dynamic(typ, prior.value), PlannedState: null, Config: null, PlannedPrivate: private, PlannedIdentity: prior.identity,
	})
	if err != nil {
		c.t.Fatal(err)
	}
	return c.report(resp.Diagnostics)
}

// refresh reads a resource; nil means that it left the state.
func (c *core) refresh(name string, prior *tracked) (*tracked, report) {
	c.t.Helper()
	typ := c.typ(name)
	resp, err := c.server.ReadResource(c.t.Context(), &tfprotov6.ReadResourceRequest{
		TypeName: name, CurrentState: c.dynamic(typ, prior.value), Private: prior.private, CurrentIdentity: prior.identity,
	})
	if err != nil {
		c.t.Fatal(err)
	}
	r := c.report(resp.Diagnostics)
	value := c.static(typ, resp.NewState)
	if value.IsNull() {
		return nil, r
	}
	return &tracked{value: value, private: resp.Private, identity: resp.NewIdentity, tainted: prior.tainted}, r
}

// imported imports and refreshes, as core does in one go.
func (c *core) imported(name, id string) (*tracked, report) {
	c.t.Helper()
	resp, err := c.server.ImportResourceState(c.t.Context(), &tfprotov6.ImportResourceStateRequest{TypeName: name, ID: id})
	if err != nil {
		c.t.Fatal(err)
	}
	if r := c.report(resp.Diagnostics); r.errors != "" {
		return nil, r
	}
	got := resp.ImportedResources[0]
	return c.refresh(name, &tracked{value: c.static(c.typ(name), got.State), private: got.Private, identity: got.Identity})
}

// read reads a data source.
func (c *core) read(name string, config attrs) (tftypes.Value, report) {
	c.t.Helper()
	typ := c.schemas.DataSourceSchemas[name].ValueType()
	resp, err := c.server.ReadDataSource(c.t.Context(), &tfprotov6.ReadDataSourceRequest{
		TypeName: name, Config: c.dynamic(typ, valueOf(c.t, typ, config)),
	})
	if err != nil {
		c.t.Fatal(err)
	}
	return c.static(typ, resp.State), c.report(resp.Diagnostics)
}
