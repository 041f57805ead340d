package provider_test

import (
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"

	"github.com/dxlab/terraform-provider-lab/internal/fault"
)

func TestClusterData_TellsOfAClusterThatCannotBeReached(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		err  error
		want string
	}{
		"reachable":   {nil, "true uid-1 v1.35.7+rke2r1 {address=10.0.0.1 name=a ready=true roles=[control-plane] version=v1.35.7+rke2r1}"},
		"unreachable": {fault.Newf(fault.Unreachable, "down"), "false   "},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w, _ := withCluster(t)
			w.err = c.err
			lab := newCore(t, w, nil)
			v, r := lab.read("lab_cluster", attrs{})
			if r.errors != "" {
				t.Fatal(r.errors)
			}
			got := strings.Join([]string{textOf(t, v, "reachable"), textOf(t, v, "uid"), textOf(t, v, "version"), strings.Trim(textOf(t, v, "nodes"), "[]")}, " ")
			if strings.TrimRight(got, "]") != strings.TrimRight(c.want, "]") {
				t.Errorf("read %q, want %q", got, c.want)
			}
		})
	}
}

func TestKubeconfig_IsReadOrItsFailureIsExplained(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		err                error
		content, complaint string
	}{
		"read":        {nil, "kubeconfig of h", ""},
		"unreachable": {fault.Newf(fault.Unreachable, "down"), "", "Reading the kubeconfig of host h failed: unreachable"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.err = c.err
			lab := newCore(t, w, nil)
			typ := lab.schemas.EphemeralResourceSchemas["lab_kubeconfig"].ValueType()
			resp, err := lab.server.OpenEphemeralResource(t.Context(), &tfprotov6.OpenEphemeralResourceRequest{
				TypeName: "lab_kubeconfig", Config: lab.dynamic(typ, valueOf(t, typ, attrs{"cluster": attrs{"host": "h"}})),
			})
			if err != nil {
				t.Fatal(err)
			}
			r := lab.report(resp.Diagnostics)
			if !strings.Contains(r.errors, c.complaint) || (c.complaint == "") != (r.errors == "") {
				t.Fatalf("errors %q", r.errors)
			}
			if c.complaint == "" && textOf(t, lab.static(typ, resp.Result), "kubeconfig") != c.content {
				t.Error("the content differs")
			}
		})
	}
}
