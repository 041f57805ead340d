package provider

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/resource/identityschema"
	"github.com/hashicorp/terraform-plugin-framework/tfsdk"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/dxlab/terraform-provider-lab/internal/fault"
	"github.com/dxlab/terraform-provider-lab/internal/hostsfile"
)

const hostsEntriesType = "lab_hosts_entries"

var (
	_ resource.ResourceWithConfigure      = (*hostsEntries)(nil)
	_ resource.ResourceWithModifyPlan     = (*hostsEntries)(nil)
	_ resource.ResourceWithImportState    = (*hostsEntries)(nil)
	_ resource.ResourceWithIdentity       = (*hostsEntries)(nil)
	_ resource.ResourceWithValidateConfig = (*hostsEntries)(nil)
	_ hostModel[hostsEntriesModel]        = (*hostsEntriesModel)(nil)
)

func newHostsEntries() resource.Resource { return &hostsEntries{} }

type hostsEntries struct{ session *session }

type hostsEntriesModel struct {
	connectionModel
	Path        types.String `tfsdk:"path"`
	Name        types.String `tfsdk:"name"`
	Entries     types.Map    `tfsdk:"entries"`
	Adopt       types.Bool   `tfsdk:"adopt"`
	DriftPolicy types.String `tfsdk:"drift_policy"`
	Drift       types.List   `tfsdk:"drift"`
}

type hostsEntriesIdentity struct {
	Host types.String `tfsdk:"host"`
	Path types.String `tfsdk:"path"`
	Name types.String `tfsdk:"name"`
}

// hostsFileTimeout bounds an operation on a file, with the connection that it may have to make first.
const hostsFileTimeout = 2 * time.Minute

func (r *hostsEntries) Metadata(_ context.Context, req resource.MetadataRequest, resp *resource.MetadataResponse) {
	resp.TypeName = req.ProviderTypeName + "_hosts_entries"
}

func (r *hostsEntries) Configure(_ context.Context, req resource.ConfigureRequest, resp *resource.ConfigureResponse) {
	r.session = sessionOf(req.ProviderData, &resp.Diagnostics)
}

func (r *hostsEntries) IdentitySchema(_ context.Context, _ resource.IdentitySchemaRequest, resp *resource.IdentitySchemaResponse) {
	resp.IdentitySchema = identityschema.Schema{Attributes: map[string]identityschema.Attribute{
		"host": identityschema.StringAttribute{OptionalForImport: true, Description: "Host of the file; empty for the machine that Terraform runs on."},
		"path": identityschema.StringAttribute{RequiredForImport: true, Description: "Path of the file."},
		"name": identityschema.StringAttribute{RequiredForImport: true, Description: "Name of the block."},
	}}
}

// ValidateConfig refuses what no resolver could read.
func (r *hostsEntries) ValidateConfig(ctx context.Context, req resource.ValidateConfigRequest, resp *resource.ValidateConfigResponse) {
	var m hostsEntriesModel
	resp.Diagnostics.Append(req.Config.Get(ctx, &m)...)
	if resp.Diagnostics.HasError() || m.Name.IsUnknown() || m.Entries.IsUnknown() {
		return
	}
	if m.Name.IsNull() {
		m.Name = types.StringValue(hostsfile.DefaultName)
	}
	m.block(ctx, &resp.Diagnostics)
}

func (r *hostsEntries) ModifyPlan(ctx context.Context, req resource.ModifyPlanRequest, resp *resource.ModifyPlanResponse) {
	if req.Plan.Raw.IsNull() {
		return
	}
	var m hostsEntriesModel
	resp.Diagnostics.Append(req.Plan.Get(ctx, &m)...)
	if !m.Name.IsUnknown() && !m.Entries.IsUnknown() {
		m.block(ctx, &resp.Diagnostics)
	}
	planHostDrift(ctx, req, resp, m.named())
}

func (r *hostsEntries) Create(ctx context.Context, req resource.CreateRequest, resp *resource.CreateResponse) {
	createOnHost[hostsEntriesModel](ctx, r.session, req, resp)
}

func (r *hostsEntries) Read(ctx context.Context, req resource.ReadRequest, resp *resource.ReadResponse) {
	readOnHost[hostsEntriesModel](ctx, r.session, req, resp)
}

func (r *hostsEntries) Update(ctx context.Context, req resource.UpdateRequest, resp *resource.UpdateResponse) {
	updateOnHost[hostsEntriesModel](ctx, r.session, req, resp)
}

func (r *hostsEntries) Delete(ctx context.Context, req resource.DeleteRequest, resp *resource.DeleteResponse) {
	deleteOnHost[hostsEntriesModel](ctx, r.session, req, resp)
}

// ImportState takes over a block that is in a file: the file says what is in it.
func (r *hostsEntries) ImportState(ctx context.Context, req resource.ImportStateRequest, resp *resource.ImportStateResponse) {
	m, err := importedHostsEntries(ctx, req, &resp.Diagnostics)
	if err != nil {
		resp.Diagnostics.AddError("Malformed import id", sentence(err.Error())+`, as in "ssh://root@10.0.0.1/etc/hosts#lab", or "/etc/hosts#lab" for the machine that Terraform runs on.`)
	}
	if resp.Diagnostics.HasError() {
		return
	}
	o, err := hostsfile.Read(ctx, m.file(r.session), hostsfile.Block{Name: m.Name.ValueString()})
	if err == nil && !o.Found {
		err = fault.Newf(fault.NotFound, "there is no block %q in %s", m.Name.ValueString(), m.file(r.session))
	}
	var entries map[string][]string
	if err == nil {
		entries, err = hostsfile.Entries(o.Lines)
	}
	if err != nil {
		addFault(&resp.Diagnostics, "Importing", m.named(), r.session.explainUnknown(err))
		return
	}
	m.setEntries(ctx, entries, &resp.Diagnostics)
	m.DriftPolicy, m.Adopt, m.Drift = types.StringValue(driftCorrect), types.BoolValue(false), driftList(nil)
	resp.Diagnostics.Append(resp.State.Set(ctx, &m)...)
	m.setIdentity(ctx, resp.Identity, &resp.Diagnostics)
}

func importedHostsEntries(ctx context.Context, req resource.ImportStateRequest, diags *diag.Diagnostics) (hostsEntriesModel, error) {
	var m hostsEntriesModel
	if req.ID == "" && req.Identity != nil {
		var identity hostsEntriesIdentity
		diags.Append(req.Identity.Get(ctx, &identity)...)
		m.Host, m.Path, m.Name = nullIfEmpty(identity.Host.ValueString()), identity.Path, identity.Name
		return m, nil
	}
	file, name, named := strings.Cut(req.ID, "#")
	if !named || name == "" {
		name = hostsfile.DefaultName
	}
	if after, ok := strings.CutPrefix(file, "ssh://"); ok {
		at, rest, found := strings.Cut(after, "/")
		target, err := parseTarget(at)
		if err != nil || !found {
			return m, fmt.Errorf("import id %q: want [ssh://[user@]host[:port]]/path#name", req.ID)
		}
		m.setTarget(target)
		file = "/" + rest
	}
	if !strings.HasPrefix(file, "/") {
		return m, fmt.Errorf("import id %q: want [ssh://[user@]host[:port]]/path#name", req.ID)
	}
	m.Path, m.Name = types.StringValue(file), types.StringValue(name)
	return m, nil
}

// limit implements [hostModel].
func (*hostsEntriesModel) limit(context.Context, operation) (time.Duration, diag.Diagnostics) {
	return hostsFileTimeout, nil
}

func (m *hostsEntriesModel) create(ctx context.Context, s *session, diags *diag.Diagnostics) (keep bool, err error) {
	return m.apply(ctx, s, hostsfile.Options{New: true, Adopt: m.Adopt.ValueBool()}, diags)
}

func (m *hostsEntriesModel) refresh(ctx context.Context, s *session, diags *diag.Diagnostics) (gone string, err error) {
	o, err := hostsfile.Read(ctx, m.file(s), m.block(ctx, diags))
	if err != nil {
		return "", err
	}
	if !o.Found {
		return fmt.Sprintf("There is no block %q in %s.", m.Name.ValueString(), m.file(s)), nil
	}
	m.observe(o, diags)
	return "", nil
}

func (m *hostsEntriesModel) update(ctx context.Context, s *session, before hostsEntriesModel, diags *diag.Diagnostics) (keep bool, err error) {
	return m.apply(ctx, s, hostsfile.Options{Former: before.block(ctx, diags).Lines()}, diags)
}

func (m *hostsEntriesModel) remove(ctx context.Context, s *session, diags *diag.Diagnostics) error {
	return hostsfile.Remove(ctx, m.file(s), m.block(ctx, diags))
}

func (m *hostsEntriesModel) apply(ctx context.Context, s *session, o hostsfile.Options, diags *diag.Diagnostics) (done bool, err error) {
	b := m.block(ctx, diags)
	if diags.HasError() {
		return false, nil
	}
	observed, err := hostsfile.Apply(ctx, m.file(s), b, o)
	if err != nil {
		return false, err
	}
	m.observe(observed, diags)
	return true, nil
}

// file is the file on its host, or on the machine that Terraform runs on.
func (m *hostsEntriesModel) file(s *session) hostsfile.File {
	if m.Host.ValueString() == "" {
		return hostsfile.Here(m.Path.ValueString())
	}
	return hostsfile.On(s.world.Host(m.target()), m.Path.ValueString())
}

func (m *hostsEntriesModel) named() string {
	place := m.Path.ValueString()
	if host := m.Host.ValueString(); host != "" {
		place = host + ":" + place
	}
	return hostsEntriesType + " " + place + "#" + m.Name.ValueString()
}

func (m *hostsEntriesModel) block(ctx context.Context, diags *diag.Diagnostics) hostsfile.Block {
	b, err := hostsfile.New(m.Name.ValueString(), namesByAddress(ctx, m.Entries, diags))
	if err != nil {
		diags.AddAttributeError(path.Root("entries"), "Not fit for a hosts file", sentence(err.Error()))
	}
	return b
}

// namesByAddress reads the map of entries; names that are not known yet are left out, and addresses that have only
// such names with them.
func namesByAddress(ctx context.Context, entries types.Map, diags *diag.Diagnostics) map[string][]string {
	lists := map[string]types.List{}
	diags.Append(entries.ElementsAs(ctx, &lists, false)...)
	out := make(map[string][]string, len(lists))
	for address, list := range lists {
		if list.IsUnknown() {
			continue
		}
		names := textList(ctx, list, diags)
		if len(names) == 0 && len(list.Elements()) > 0 {
			continue
		}
		out[address] = names
	}
	return out
}

func (m *hostsEntriesModel) setEntries(ctx context.Context, entries map[string][]string, diags *diag.Diagnostics) {
	value, d := types.MapValueFrom(ctx, types.ListType{ElemType: types.StringType}, entries)
	diags.Append(d...)
	m.Entries = value
}

// observe takes over the differences that were found, and tells of entries elsewhere in the file.
func (m *hostsEntriesModel) observe(o hostsfile.Observed, diags *diag.Diagnostics) {
	m.Drift = driftList(o.Drift)
	if m.DriftPolicy.ValueString() == driftIgnore {
		m.Drift = driftList(nil)
	}
	var lines []string
	for _, c := range o.Clashes {
		wins := "this block comes first and wins"
		if c.First {
			wins = "that line comes first and wins"
		}
		lines = append(lines, fmt.Sprintf("Line %d gives %s the address %s, this block gives it %s; %s.", c.Line, c.Name, c.Theirs, c.Ours, wins))
	}
	if len(lines) > 0 {
		diags.AddWarning(m.named()+": other lines of the file contradict it", strings.Join(lines, "\n")+"\n\nThe provider leaves lines outside of its block alone.")
	}
}

func (m *hostsEntriesModel) setIdentity(ctx context.Context, identity *tfsdk.ResourceIdentity, diags *diag.Diagnostics) {
	if identity != nil {
		diags.Append(identity.Set(ctx, hostsEntriesIdentity{Host: types.StringValue(m.Host.ValueString()), Path: m.Path, Name: m.Name})...)
	}
}
