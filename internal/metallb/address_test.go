package metallb_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/dxlab/terraform-provider-lab/internal/fault"
	"github.com/dxlab/terraform-provider-lab/internal/metallb"
	"github.com/dxlab/terraform-provider-lab/internal/versions"
)

func version(t *testing.T, text string) versions.Version {
	t.Helper()
	v, err := versions.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func TestRequest_AnnotationsFollowTheVersion(t *testing.T) {
	t.Parallel()
	request := metallb.Request{Addresses: []string{"10.34.124.115", "fc00::1"}, Pool: "ip-pool", SharingKey: "edge"}
	for text, prefix := range map[string]string{
		"0.13.9": "metallb.universe.tf", "0.14.8": "metallb.universe.tf", "0.14.9": "metallb.io", "0.16.1": "metallb.io",
	} {
		got, err := request.Annotations(version(t, text))
		if err != nil {
			t.Fatal(err)
		}
		want := map[string]string{
			prefix + "/loadBalancerIPs": "10.34.124.115,fc00::1",
			prefix + "/address-pool":    "ip-pool",
			prefix + "/allow-shared-ip": "edge",
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s: %s", text, diff)
		}
	}
}

func TestRequest_AsksForNothingByDefault(t *testing.T) {
	t.Parallel()
	got, err := metallb.Request{}.Annotations(version(t, "0.16.1"))
	if err != nil || len(got) != 0 {
		t.Errorf("got %v, %v", got, err)
	}
}

func TestRequest_RefusesWhatIsNoAddress(t *testing.T) {
	t.Parallel()
	for _, address := range []string{"", "10.0.0.300", "10.0.0.0/24", "gateway.lab"} {
		if _, err := (metallb.Request{Addresses: []string{address}}).Annotations(version(t, "0.16.1")); !fault.Is(err, fault.Invalid) {
			t.Errorf("%q: %v", address, err)
		}
	}
}
