package otel_test

import (
	"strings"
	"testing"

	"github.com/dxlab/terraform-provider-lab/internal/component"
	"github.com/dxlab/terraform-provider-lab/internal/component/componenttest"
	"github.com/dxlab/terraform-provider-lab/internal/fault"
	"github.com/dxlab/terraform-provider-lab/internal/object"
	"github.com/dxlab/terraform-provider-lab/internal/otel"
)

func TestOperator_Golden(t *testing.T) {
	t.Parallel()
	for name, operator := range map[string]otel.Operator{
		"operator-default":         {},
		"operator-seed-2023":       {Chart: component.ChartOptions{Version: "0.24.0"}},
		"operator-own-certificate": {OwnCertificate: true, CollectorImage: "registry.lab:5000/collector:0.158.0"},
		"operator-crds-in-folder":  {Chart: component.ChartOptions{Version: "0.56.0"}, OwnCertificate: true},
		"operator-in-other-place":  {Chart: component.ChartOptions{Release: "otel", Namespace: "tracing"}, CertManagerWebhook: "pki-cert-manager-webhook"},
		"operator-with-user-values": {Chart: component.ChartOptions{Values: map[string]any{
			"crds": map[string]any{"create": false}, "admissionWebhooks": map[string]any{"namePrefix": "10"},
		}}},
		"operator-without-webhooks": {Chart: component.ChartOptions{Values: map[string]any{"admissionWebhooks": map[string]any{"create": false}}}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c, err := operator.Component()
			if err != nil {
				t.Fatal(err)
			}
			componenttest.Golden(t, name, c)
		})
	}
}

func TestOperator_RefusesAVersionThatIsNone(t *testing.T) {
	t.Parallel()
	_, err := otel.Operator{Chart: component.ChartOptions{Version: "newest"}}.Component()
	if !fault.Is(err, fault.Invalid) {
		t.Errorf("got %v", err)
	}
}

// The chart fails without a collector's image from 0.56.0 to 0.88.
func TestOperator_NamesACollectorImageWhereTheChartHasNone(t *testing.T) {
	t.Parallel()
	for version, want := range map[string]bool{"0.24.0": false, "0.55.3": false, "0.56.0": true, "0.88.7": true, "0.89.0": false, "0.122.0": false} {
		c, err := otel.Operator{Chart: component.ChartOptions{Version: version}}.Component()
		if err != nil {
			t.Fatal(err)
		}
		repository := object.String(c.Charts[0].Values, "manager", "collectorImage", "repository")
		if (repository != "") != want {
			t.Errorf("%s: repository %q", version, repository)
		}
	}
}

// The kinds of collectors follow the operator's version, and so does what becomes of them without it.
func TestOperator_SaysWhatItsUsersLose(t *testing.T) {
	t.Parallel()
	for version, want := range map[string][2]string{
		"0.24.0":  {"opentelemetry.io/v1alpha1", "are run by nobody"},
		"0.57.0":  {"opentelemetry.io/v1alpha1", "vanish with the CRDs of the chart"},
		"0.122.0": {"opentelemetry.io/v1beta1", "vanish with the CRDs of the chart"},
	} {
		c, err := otel.Operator{Chart: component.ChartOptions{Version: version}}.Component()
		if err != nil {
			t.Fatal(err)
		}
		if len(c.UsedBy) != 2 || c.UsedBy[0].APIVersion != want[0] || c.UsedBy[0].Loss != want[1] {
			t.Errorf("%s: %+v", version, c.UsedBy)
		}
	}
}

func TestOperator_SaysWhoBringsWhatItNeeds(t *testing.T) {
	t.Parallel()
	c, err := otel.Operator{}.Component()
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range c.Requires {
		if r.BroughtBy != "lab_cert_manager" {
			t.Errorf("%s is brought by %s", r.Kind, r.BroughtBy)
		}
	}
	for _, need := range c.Needs {
		if !strings.Contains(need.Name, "lab_cert_manager") {
			t.Errorf("%q does not say who brings it", need.Name)
		}
	}
	own, err := otel.Operator{OwnCertificate: true}.Component()
	if err != nil {
		t.Fatal(err)
	}
	if len(own.Requires)+len(own.Needs) > 0 {
		t.Errorf("with a certificate of its own it needs %v %v", own.Requires, own.Needs)
	}
}
