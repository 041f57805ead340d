package provider_test

import (
	"archive/zip"
	"bytes"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-framework/providerserver"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/plancheck"

	"github.com/dxlab/terraform-provider-lab/internal/fault"
	"github.com/dxlab/terraform-provider-lab/internal/provider"
)

// TestMain gives Terraform an empty configuration of its own, so that the user's does not matter.
func TestMain(m *testing.M) {
	os.Exit(withEmptyCLIConfig(m.Run))
}

func withEmptyCLIConfig(run func() int) int {
	dir, err := os.MkdirTemp("", "lab-provider-test")
	if err != nil {
		panic(err)
	}
	defer os.RemoveAll(dir)
	config := filepath.Join(dir, "terraformrc")
	for _, err := range []error{os.WriteFile(config, nil, 0o600), os.Setenv("TF_CLI_CONFIG_FILE", config)} {
		if err != nil {
			panic(err)
		}
	}
	return run()
}

func factories(w *fakeWorld) map[string]func() (tfprotov6.ProviderServer, error) {
	return map[string]func() (tfprotov6.ProviderServer, error){
		"lab": providerserver.NewProtocol6WithError(provider.NewWith("test", w.open)()),
	}
}

const nodeAndMetalLB = `
resource "lab_rke2_node" "a" {
  host    = "a"
  version = "v1.34.1+rke2r1"
}

resource "lab_metallb" "m" {
  cluster = lab_rke2_node.a.cluster
}
`

// One apply makes a cluster and what is on it; a change of the node touches nothing else; another cluster replaces all.
func TestTerraform_OneApplyAndWhatFollowsIt(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	a, b := w.withHost("a"), w.withHost("b")
	upgraded := strings.Replace(nodeAndMetalLB, "v1.34.1", "v1.35.7", 1)
	moved := strings.Replace(upgraded, `host    = "a"`, "host    = \"a\"\n  data_dir = \"/data/rke2\"", 1)
	only := func(node, metallb plancheck.ResourceActionType) resource.ConfigPlanChecks {
		return resource.ConfigPlanChecks{PreApply: []plancheck.PlanCheck{
			plancheck.ExpectResourceAction("lab_rke2_node.a", node), plancheck.ExpectResourceAction("lab_metallb.m", metallb),
		}}
	}
	resource.UnitTest(t, resource.TestCase{
		ProtoV6ProviderFactories: factories(w),
		Steps: []resource.TestStep{
			{Config: nodeAndMetalLB, ConfigPlanChecks: only(plancheck.ResourceActionCreate, plancheck.ResourceActionCreate), Check: resource.ComposeTestCheckFunc(
				resource.TestCheckResourceAttr("lab_metallb.m", "cluster_uid", "uid-a-1"),
				resource.TestCheckResourceAttr("lab_metallb.m", "cluster.uid", "uid-a-1"),
			)},
			{Config: upgraded, ConfigPlanChecks: only(plancheck.ResourceActionUpdate, plancheck.ResourceActionNoop)},
			{
				Config: moved, ConfigPlanChecks: only(plancheck.ResourceActionDestroyBeforeCreate, plancheck.ResourceActionDestroyBeforeCreate),
				Check: resource.TestCheckResourceAttr("lab_metallb.m", "cluster_uid", "uid-a-2"),
			},
		},
	})
	if want := []string{"install adopt=false", "update", "uninstall", "install adopt=false", "uninstall"}; !slices.Equal(a.taken(), want) {
		t.Errorf("the host saw other calls than %v", want)
	}
	if len(b.taken()) > 0 {
		t.Error("another host was touched")
	}
}

// A creation that fails is repaired in place by the next apply of a real Terraform, which taints and replaces it.
func TestTerraform_RepairsAFailedCreationInPlace(t *testing.T) {
	t.Parallel()
	w, e := withCluster(t)
	config := `resource "lab_metallb" "m" {}`
	moved := `resource "lab_metallb" "m" { namespace = "elsewhere" }`
	fail := func(err error) func() { return func() { e.set(func(e *fakeEngine) { e.installErr = err }) } }
	calls := func(want ...string) func() {
		return func() {
			if got := e.taken(); !slices.Equal(got, want) {
				t.Errorf("calls %v, want %v", got, want)
			}
			fail(nil)()
		}
	}
	resource.UnitTest(t, resource.TestCase{
		ProtoV6ProviderFactories: factories(w),
		Steps: []resource.TestStep{
			{PreConfig: fail(fault.Newf(fault.Timeout, "webhook is not up")), Config: config, ExpectError: regexp.MustCompile("Webhook is not up")},
			{PreConfig: calls("install " + metallbRelease), Config: config, Check: resource.TestCheckResourceAttr("lab_metallb.m", "status", "ready")},
			{PreConfig: calls("install " + metallbRelease), Config: config, Taint: []string{"lab_metallb.m"}},
			{PreConfig: calls("remove "+metallbRelease, "install "+metallbRelease), Config: moved},
			{
				PreConfig: func() {
					calls("remove "+metallbRelease, "install elsewhere/metallb")()
					fail(fault.Newf(fault.Timeout, "webhook is not up"))()
				},
				Config: config, ExpectError: regexp.MustCompile("Webhook is not up"),
			},
		},
	})
	// The test's own destroy comes after a failed creation.
	calls("remove elsewhere/metallb", "install "+metallbRelease, "remove "+metallbRelease)()
}

// Write-only and sensitive values are in none of the files that Terraform writes.
func TestTerraform_WritesNoSecretsDown(t *testing.T) {
	const canary = "canary-4711"
	w := newWorld(t)
	a := w.withHost("a")
	dir, logs := t.TempDir(), t.TempDir()
	t.Setenv("TF_ACC_LOG_PATH", filepath.Join(logs, "provider.log"))
	t.Setenv("TF_LOG_PATH_MASK", filepath.Join(logs, "core-%s.log"))
	t.Setenv("TF_LOG", "TRACE")
	var written bytes.Buffer
	resource.UnitTest(t, resource.TestCase{
		WorkingDir:               dir,
		ProtoV6ProviderFactories: factories(w),
		Steps: []resource.TestStep{{
			Config: `
variable "secret" {
  type      = string
  ephemeral = true
  default   = "` + canary[:6] + `"
}

resource "lab_rke2_node" "a" {
  host                       = "a"
  registries_auth_wo         = { "registry.example" = { username = "robot", password = "${var.secret}-${40 + 7}11" } }
  registries_auth_wo_version = 1
}

resource "lab_metallb" "m" {
  cluster           = lab_rke2_node.a.cluster
  values_wo         = "password: ${var.secret}-${40 + 7}11"
  values_wo_version = 1
}
`,
			PostApplyFunc: func() {
				written.Write(filesBelow(t, dir))
			},
		}},
	})
	if a.auth != canary {
		t.Errorf("the host got %q", a.auth)
	}
	written.Write(filesBelow(t, logs))
	for _, seen := range []string{"terraform.tfstate: ", "tfplan/tfstate: ", "provider.log: ", "TRACE"} {
		if !bytes.Contains(written.Bytes(), []byte(seen)) {
			t.Errorf("nothing of %q was looked at", seen)
		}
	}
	if at := bytes.Index(written.Bytes(), []byte(canary)); at >= 0 {
		t.Errorf("a secret was written down: %.200s", written.Bytes()[max(0, at-150):])
	}
}

// filesBelow returns all files of a directory, and those in archives, each after its name.
func filesBelow(t *testing.T, dir string) []byte {
	t.Helper()
	var all bytes.Buffer
	err := filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		raw, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		fmt.Fprintf(&all, "%s: %s\n", filepath.Base(path), raw)
		archive, err := zip.NewReader(bytes.NewReader(raw), int64(len(raw)))
		if err != nil {
			return nil //nolint:nilerr // it is no archive
		}
		for _, f := range archive.File {
			content, err := fs.ReadFile(archive, f.Name)
			if err != nil {
				return err
			}
			fmt.Fprintf(&all, "%s/%s: %s\n", filepath.Base(path), f.Name, content)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return all.Bytes()
}
