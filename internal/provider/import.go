package provider

import (
	"context"
	"fmt"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/dxlab/terraform-provider-lab/internal/cluster"
	"github.com/dxlab/terraform-provider-lab/internal/fault"
	"github.com/dxlab/terraform-provider-lab/internal/object"
)

// importFormat describes import ids in errors and documentation.
const importFormat = "[ssh://[user@]host[:port]/]namespace/name[?kubeconfig=/path/on/the/host]"

// importID is where something to import is.
type importID struct {
	cluster         types.Object
	uid             types.String
	namespace, name string
}

// parseImportID reads an import id: a name on the provider's cluster, or behind a node.
func parseImportID(id string) (importID, error) {
	out := importID{cluster: types.ObjectNull(referenceTypes)}
	rest := id
	if after, ok := strings.CutPrefix(id, "ssh://"); ok {
		at, name, found := strings.Cut(after, "/")
		target, err := parseTarget(at)
		if !found || err != nil {
			return out, fmt.Errorf("import id %q: want %s", id, importFormat)
		}
		var kubeconfig string
		rest, kubeconfig, _ = strings.Cut(name, "?kubeconfig=")
		out.cluster = referenceObject(referenceModel{
			Host: types.StringValue(target.Host), Port: nullIfZero(target.Port), User: nullIfEmpty(target.User),
			KubeconfigPath: nullIfEmpty(kubeconfig),
		})
	}
	parts := strings.Split(rest, "/")
	switch {
	case len(parts) == 2 && parts[0] != "" && parts[1] != "":
		out.namespace, out.name = parts[0], parts[1]
	case len(parts) == 1 && parts[0] != "":
		out.name = parts[0]
	default:
		return out, fmt.Errorf("import id %q: want %s", id, importFormat)
	}
	return out, nil
}

// importing says what an import of a resource needs beside its id.
type importing struct {
	// What is the resource type, for messages.
	What string
	// NameAttribute holds the name; it is empty where the resource has a fixed one.
	NameAttribute string
	// Preset are further attributes that the id decides.
	Preset map[string]attr.Value
}

// liveReader is a model that can be filled from live objects, so that the plan after an import shows what really
// differs from the configuration.
type liveReader interface {
	liveRefs() []object.Ref
	readLive(ctx context.Context, objects []object.Object, diags *diag.Diagnostics)
}

// installedReader is a model that is filled from what belongs to an installed release, once the release's version is known,
// and whose place the id does not say.
type installedReader interface {
	readInstalled(ctx context.Context, e Engine, diags *diag.Diagnostics) error
}

// importComponent finds what an import names on its cluster and takes over what the cluster knows of it: which cluster
// it is, the installed version, the configuration of objects. The refresh that follows looks for drift.
func importComponent[T any, M modelOf[T]](ctx context.Context, s *session, req resource.ImportStateRequest, resp *resource.ImportStateResponse, o importing) {
	id, ok := importedID(ctx, req, &resp.Diagnostics)
	if !ok {
		return
	}
	set := func(name string, v attr.Value) {
		resp.Diagnostics.Append(resp.State.SetAttribute(ctx, path.Root(name), v)...)
	}
	set("cluster", id.cluster)
	set("drift_policy", types.StringValue(driftCorrect))
	set("adopt", types.BoolValue(false))
	if _, namespaced := resp.State.Schema.GetAttributes()["namespace"]; namespaced && o.NameAttribute != "namespace" {
		if id.namespace == "" {
			resp.Diagnostics.AddError("Malformed import id", fmt.Sprintf("It names no namespace: want %s.", importFormat))
			return
		}
		set("namespace", types.StringValue(id.namespace))
	}
	if o.NameAttribute != "" {
		set(o.NameAttribute, types.StringValue(id.name))
	}
	for name, v := range o.Preset {
		set(name, v)
	}
	m := M(new(T))
	resp.Diagnostics.Append(resp.State.Get(ctx, m)...)
	if resp.Diagnostics.HasError() {
		return
	}
	if err := s.find(ctx, m, id, &resp.Diagnostics); err != nil {
		addFault(&resp.Diagnostics, "Importing", named(o.What, m), err)
	}
	if resp.Diagnostics.HasError() {
		return
	}
	resp.Diagnostics.Append(resp.State.Set(ctx, m)...)
	setIdentity(ctx, resp.Identity, m, &resp.Diagnostics)
}

// find reads what is to be imported.
func (s *session) find(ctx context.Context, m resourceModel, id importID, diags *diag.Diagnostics) error {
	engine, err := s.cluster(ctx, referenceOf(ctx, id.cluster, id.uid, diags))
	if err != nil {
		return err
	}
	uid, err := engine.UID(ctx)
	if err != nil {
		return err
	}
	m.base().ClusterUID = types.StringValue(uid)
	if err := readObjects(ctx, engine, m, diags); err != nil {
		return err
	}
	if err := look(ctx, engine, m, diags); err != nil || diags.HasError() {
		return err
	}
	if reader, ok := m.(installedReader); ok {
		err = reader.readInstalled(ctx, engine, diags)
		if err == nil && !diags.HasError() {
			err = look(ctx, engine, m, diags)
		}
	}
	if err != nil || diags.HasError() {
		return err
	}
	return surveyed(ctx, engine, m)
}

// readObjects fills a model from the objects that it names.
func readObjects(ctx context.Context, engine Engine, m resourceModel, diags *diag.Diagnostics) error {
	reader, ok := m.(liveReader)
	if !ok {
		return nil
	}
	objects, err := engine.Objects(ctx, reader.liveRefs()...)
	if err != nil {
		return err
	}
	if len(objects) == 0 {
		return fault.Newf(fault.NotFound, "%s is not there", reader.liveRefs()[0])
	}
	reader.readLive(ctx, objects, diags)
	return nil
}

// look takes over what the cluster knows of a component as the model has it.
func look(ctx context.Context, engine Engine, m resourceModel, diags *diag.Diagnostics) error {
	c := m.component(ctx, secrets{}, diags)
	if diags.HasError() {
		return nil
	}
	observed, err := engine.Read(ctx, c, cluster.ReadOptions{Drift: cluster.DriftSkip})
	if err != nil {
		return err
	}
	m.observe(observed)
	return nil
}

func importedID(ctx context.Context, req resource.ImportStateRequest, diags *diag.Diagnostics) (importID, bool) {
	if req.ID == "" && req.Identity != nil {
		var m identityModel
		diags.Append(req.Identity.Get(ctx, &m)...)
		return importID{
			cluster: types.ObjectNull(referenceTypes), uid: m.ClusterUID, namespace: m.Namespace.ValueString(), name: m.Name.ValueString(),
		}, !diags.HasError()
	}
	id, err := parseImportID(req.ID)
	if err != nil {
		diags.AddError("Malformed import id", sentence(err.Error())+
			". The first part is needed when the cluster is reached through a node rather than by the provider's kubernetes block.")
		return id, false
	}
	return id, true
}
