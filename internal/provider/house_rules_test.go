package provider

import (
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-framework/action"
	"github.com/hashicorp/terraform-plugin-framework/datasource"
	datasourceschema "github.com/hashicorp/terraform-plugin-framework/datasource/schema"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/ephemeral"
	ephemeralschema "github.com/hashicorp/terraform-plugin-framework/ephemeral/schema"
	"github.com/hashicorp/terraform-plugin-framework/provider"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/tfsdk"
	"github.com/hashicorp/terraform-plugin-go/tftypes"
)

// attribute is what all kinds of schemas have in common.
type attribute interface {
	GetDescription() string
	GetMarkdownDescription() string
	IsSensitive() bool
}

// everyAttribute calls visit for every attribute of a schema, nested ones included, with its dotted path.
func everyAttribute(attributes any, path string, visit func(path string, a attribute)) {
	v := reflect.ValueOf(attributes)
	for _, name := range v.MapKeys() {
		a := v.MapIndex(name).Interface()
		at := path + name.String()
		if described, ok := a.(attribute); ok {
			visit(at, described)
		}
		below := reflect.ValueOf(a)
		if nested := below.FieldByName("NestedObject"); nested.IsValid() {
			below = nested
		}
		if more := below.FieldByName("Attributes"); more.IsValid() {
			everyAttribute(more.Interface(), at+".", visit)
		}
	}
}

var secretName = regexp.MustCompile(`password|token|secret|private_key|passphrase|kubeconfig|client_key`)

// harmless names look like secrets and are none: paths, versions of write-only values, names of things.
var harmless = regexp.MustCompile(`_path$|_wo_version$|_file$|^tls_secret$|^grafana_admin_secret$|^secret$`)

func checkAttributes(t *testing.T, what string, attributes any) {
	t.Helper()
	everyAttribute(attributes, "", func(path string, a attribute) {
		if strings.TrimSpace(a.GetDescription()+a.GetMarkdownDescription()) == "" {
			t.Errorf("%s.%s is not documented", what, path)
		}
		name := path[strings.LastIndex(path, ".")+1:]
		writeOnly, ok := a.(interface{ IsWriteOnly() bool })
		hidden := a.IsSensitive() || (ok && writeOnly.IsWriteOnly())
		if secretName.MatchString(name) && !harmless.MatchString(name) && !hidden && !strings.HasPrefix(path, "ssh.bastion.") {
			t.Errorf("%s.%s looks like a secret and is neither sensitive nor write-only", what, path)
		}
	})
}

// models are the resources' models; a resource without one here fails the test.
func models() map[string]any {
	return map[string]any{
		helmReleaseType: &helmReleaseModel{}, hostsEntriesType: &hostsEntriesModel{}, k3dClusterType: &k3dClusterModel{},
		istioGatewayType: &istioGatewayModel{}, istioMeshType: &istioMeshModel{}, istioInjectionType: &istioInjectionModel{},
		kialiType:      &kialiModel{},
		istioRouteType: &istioRouteModel{}, manifestType: &manifestModel{}, metalLBType: &metalLBModel{},
		metalLBPoolType: &metalLBPoolModel{}, "lab_rke2_node": &rke2NodeModel{}, nodeToolsType: &nodeToolsModel{}, sampleAppType: &sampleAppModel{},
		ingressType: &ingressModel{}, ingressControllerType: &ingressControllerModel{}, istioMonitoringType: &istioMonitoringModel{},
		monitoringType: &monitoringModel{}, tempoType: &tempoModel{},
		trafficType: &trafficModel{}, traceCheckType: &traceCheckModel{},
		certManagerType: &certManagerModel{}, otelOperatorType: &otelOperatorModel{}, tracingPipelineType: &tracingPipelineModel{},
	}
}

const root = "../.."

func exists(t *testing.T, path string) {
	t.Helper()
	if info, err := os.Stat(filepath.Join(root, path)); err != nil || (!info.IsDir() && info.Size() == 0) {
		t.Errorf("%s is missing or empty", path)
	}
}

// sources is the text of everything that the acceptance tests apply.
func sources(t *testing.T) string {
	t.Helper()
	var text strings.Builder
	for _, dir := range []string{"test/acceptance", "examples/labs", "modules"} {
		err := filepath.WalkDir(filepath.Join(root, dir), func(path string, d os.DirEntry, err error) error {
			if err != nil || d.IsDir() || (!strings.HasSuffix(path, ".go") && !strings.HasSuffix(path, ".tf")) {
				return err
			}
			raw, err := os.ReadFile(path)
			text.Write(raw)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return text.String()
}

func TestHouseRules_Resources(t *testing.T) {
	t.Parallel()
	p := &labProvider{}
	acceptance := sources(t)
	for _, construct := range p.Resources(t.Context()) {
		r := construct()
		var meta resource.MetadataResponse
		r.Metadata(t.Context(), resource.MetadataRequest{ProviderTypeName: typeName}, &meta)
		t.Run(meta.TypeName, func(t *testing.T) {
			t.Parallel()
			var got resource.SchemaResponse
			r.Schema(t.Context(), resource.SchemaRequest{}, &got)
			if d := got.Schema.ValidateImplementation(t.Context()); d.HasError() {
				t.Error(d)
			}
			if got.Schema.MarkdownDescription == "" {
				t.Error("the resource is not documented")
			}
			checkAttributes(t, meta.TypeName, got.Schema.Attributes)
			checkModel(t, got.Schema, models()[meta.TypeName])
			exists(t, "examples/resources/"+meta.TypeName+"/resource.tf")
			if !doneOnce[meta.TypeName] {
				checkImport(t, r, meta.TypeName)
			}
			exists(t, "docs/resources/"+strings.TrimPrefix(meta.TypeName, "lab_")+".md")
			if !strings.Contains(acceptance, meta.TypeName) {
				t.Error("no acceptance test applies it")
			}
		})
	}
}

// doneOnce are resources that do something when they are made and leave nothing that could be imported.
var doneOnce = map[string]bool{trafficType: true, traceCheckType: true}

func checkImport(t *testing.T, r resource.Resource, name string) {
	t.Helper()
	if _, ok := r.(resource.ResourceWithIdentity); !ok {
		t.Error("it has no identity")
	}
	if _, ok := r.(resource.ResourceWithImportState); !ok {
		t.Error("it cannot be imported")
	}
	exists(t, "examples/resources/"+name+"/import.sh")
}

// checkModel decodes an object of null values, which fails when model and schema differ in an attribute.
func checkModel(t *testing.T, s schema.Schema, model any) {
	t.Helper()
	if model == nil {
		t.Fatal("the table of models does not have it")
	}
	typ, ok := s.Type().TerraformType(t.Context()).(tftypes.Object)
	if !ok {
		t.Fatal("the schema is no object")
	}
	nulls := map[string]tftypes.Value{}
	for name, below := range typ.AttributeTypes {
		nulls[name] = tftypes.NewValue(below, nil)
	}
	state := tfsdk.State{Schema: s, Raw: tftypes.NewValue(typ, nulls)}
	report(t, state.Get(t.Context(), model))
	report(t, state.Set(t.Context(), model))
}

func report(t *testing.T, diags diag.Diagnostics) {
	t.Helper()
	for _, d := range diags {
		t.Errorf("%s: %s", d.Summary(), d.Detail())
	}
}

func TestHouseRules_Others(t *testing.T) {
	t.Parallel()
	p := &labProvider{}
	var own provider.SchemaResponse
	p.Schema(t.Context(), provider.SchemaRequest{}, &own)
	report(t, own.Schema.ValidateImplementation(t.Context()))
	checkAttributes(t, "provider", own.Schema.Attributes)
	exists(t, "docs/index.md")
	exists(t, "examples/provider/provider.tf")
	for _, construct := range p.DataSources(t.Context()) {
		var meta datasource.MetadataResponse
		var got datasource.SchemaResponse
		construct().Metadata(t.Context(), datasource.MetadataRequest{ProviderTypeName: typeName}, &meta)
		construct().Schema(t.Context(), datasource.SchemaRequest{}, &got)
		checkOther(t, meta.TypeName, "data-source", got.Schema)
	}
	for _, construct := range p.EphemeralResources(t.Context()) {
		var meta ephemeral.MetadataResponse
		var got ephemeral.SchemaResponse
		construct().Metadata(t.Context(), ephemeral.MetadataRequest{ProviderTypeName: typeName}, &meta)
		construct().Schema(t.Context(), ephemeral.SchemaRequest{}, &got)
		checkOther(t, meta.TypeName, "ephemeral-resource", got.Schema)
	}
}

func TestHouseRules_Actions(t *testing.T) {
	t.Parallel()
	p := &labProvider{}
	for _, construct := range p.Actions(t.Context()) {
		var meta action.MetadataResponse
		var got action.SchemaResponse
		construct().Metadata(t.Context(), action.MetadataRequest{ProviderTypeName: typeName}, &meta)
		construct().Schema(t.Context(), action.SchemaRequest{}, &got)
		report(t, got.Schema.ValidateImplementation(t.Context()))
		checkAttributes(t, meta.TypeName, got.Schema.Attributes)
		exists(t, "examples/actions/"+meta.TypeName+"/action.tf")
		exists(t, "docs/actions/"+strings.TrimPrefix(meta.TypeName, "lab_")+".md")
	}
}

func checkOther(t *testing.T, name, kind string, s any) {
	t.Helper()
	switch s := s.(type) {
	case datasourceschema.Schema:
		report(t, s.ValidateImplementation(t.Context()))
		checkAttributes(t, name, s.Attributes)
	case ephemeralschema.Schema:
		report(t, s.ValidateImplementation(t.Context()))
		checkAttributes(t, name, s.Attributes)
	default:
		t.Errorf("%s has a schema of an unknown kind", name)
	}
	exists(t, "examples/"+kind+"s/"+name+"/"+kind+".tf")
	exists(t, "docs/"+kind+"s/"+strings.TrimPrefix(name, "lab_")+".md")
}
