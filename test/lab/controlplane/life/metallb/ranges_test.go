package metallb

import (
	"slices"
	"testing"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

func TestParseRange(t *testing.T) {
	t.Parallel()
	cases := map[string]struct {
		text, problem string
		cidrs         []string
	}{
		"a prefix":                {"192.0.2.0/24", "", []string{"192.0.2.0/24"}},
		"a prefix with host bits": {"192.0.2.7/30", "", []string{"192.0.2.4/30"}},
		"a range":                 {"192.0.2.1-192.0.2.6", "", []string{"192.0.2.1/32", "192.0.2.2/31", "192.0.2.4/31", "192.0.2.6/32"}},
		"a range with spaces":     {"192.0.2.4 - 192.0.2.7", "", []string{"192.0.2.4/30"}},
		"one address":             {"192.0.2.1-192.0.2.1", "", []string{"192.0.2.1/32"}},
		"the highest address":     {"255.255.255.254-255.255.255.255", "", []string{"255.255.255.254/31"}},
		"no mask":                 {"192.0.2.1", `invalid CIDR "192.0.2.1"`, nil},
		"no address at its start": {"x-192.0.2.1", `invalid IP range "x-192.0.2.1": invalid start IP "x"`, nil},
		"no address at its end":   {"192.0.2.1-", `invalid IP range "192.0.2.1-": invalid end IP ""`, nil},
		"backwards":               {"192.0.2.9-192.0.2.1", `invalid IP range "192.0.2.9-192.0.2.1": start IP "192.0.2.9" is after the end IP "192.0.2.1"`, nil},
	}
	for name, test := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r, err := parseRange(test.text)
			if err != nil {
				if err.Error() != test.problem {
					t.Errorf("error %q, want %q", err, test.problem)
				}
				return
			}
			var got []string
			for _, prefix := range r.cidrs() {
				got = append(got, prefix.String())
			}
			if test.problem != "" || !slices.Equal(got, test.cidrs) {
				t.Errorf("got %q, want %q and error %q", got, test.cidrs, test.problem)
			}
		})
	}
}

func TestCheckPools_RefusesInMetalLBsWords(t *testing.T) {
	t.Parallel()
	cases := map[string]struct {
		pools []*unstructured.Unstructured
		want  string
	}{
		"apart":     {[]*unstructured.Unstructured{poolObject("a", "192.0.2.0/25"), poolObject("b", "192.0.2.128/25")}, ""},
		"overlap":   {[]*unstructured.Unstructured{poolObject("a", "192.0.2.0/24"), poolObject("b", "192.0.2.8-192.0.2.9")}, `CIDR "192.0.2.8/31" in pool "b" overlaps with already defined CIDR "192.0.2.0/24"`},
		"itself":    {[]*unstructured.Unstructured{poolObject("a", "192.0.2.0/24", "192.0.2.0/30")}, `CIDR "192.0.2.0/30" in pool "a" overlaps with already defined CIDR "192.0.2.0/24"`},
		"malformed": {[]*unstructured.Unstructured{poolObject("a", "192.0.2.256/32")}, `parsing address pool a: invalid CIDR "192.0.2.256/32" in pool "a": invalid CIDR "192.0.2.256/32"`},
		"empty":     {[]*unstructured.Unstructured{poolObject("a")}, "parsing address pool a: pool has no prefixes defined"},
	}
	for name, test := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := ""
			if err := checkPools(test.pools); err != nil {
				got = err.Error()
			}
			if got != test.want {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
}

func poolObject(name string, addresses ...any) *unstructured.Unstructured {
	return &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": "metallb.io/v1beta1", "kind": "IPAddressPool",
		"metadata": map[string]any{"name": name, "namespace": "metallb-system", "resourceVersion": "1"},
		"spec":     map[string]any{"addresses": addresses},
	}}
}
