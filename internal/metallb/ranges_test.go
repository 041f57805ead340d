package metallb_test

import (
	"net/netip"
	"testing"

	"github.com/dxlab/terraform-provider-lab/internal/fault"
	"github.com/dxlab/terraform-provider-lab/internal/metallb"
)

func TestParseRange(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"10.34.124.115/32":         "10.34.124.115-10.34.124.115",
		"10.0.0.0/24":              "10.0.0.0-10.0.0.255",
		"10.0.0.77/24":             "10.0.0.0-10.0.0.255",
		"10.0.0.0/31":              "10.0.0.0-10.0.0.1",
		"0.0.0.0/0":                "0.0.0.0-255.255.255.255",
		"10.0.0.10-10.0.0.20":      "10.0.0.10-10.0.0.20",
		" 10.0.0.10 - 10.0.0.20 ":  "10.0.0.10-10.0.0.20",
		"10.0.0.10-10.0.0.10":      "10.0.0.10-10.0.0.10",
		"10.0.0.250-10.0.1.5":      "10.0.0.250-10.0.1.5",
		"fc00:f853:ccd::/124":      "fc00:f853:ccd::-fc00:f853:ccd::f",
		"fc00::1-fc00::ff":         "fc00::1-fc00::ff",
		"::/0":                     "::-ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
		"::ffff:10.0.0.1-10.0.0.2": "10.0.0.1-10.0.0.2",
	} {
		got, err := metallb.ParseRange(text)
		if err != nil {
			t.Errorf("%q: %v", text, err)
			continue
		}
		if got.String() != want {
			t.Errorf("%q is %s, want %s", text, got, want)
		}
	}
}

func TestParseRange_RefusesMalformedRanges(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		"", "10.0.0.1", "10.0.0.0/33", "10.0.0/24", "10.0.0.1-", "-10.0.0.1", "10.0.0.20-10.0.0.10", "10.0.0.1-10.0.0.2-10.0.0.3",
		"10.0.0.1-fc00::1", "fe80::1%eth0-fe80::2%eth0", "pool", "::ffff:10.0.0.0/120", "10.0.0.0/-1",
	} {
		if r, err := metallb.ParseRange(text); !fault.Is(err, fault.Invalid) {
			t.Errorf("%q: %s, %v", text, r, err)
		}
	}
}

func TestOverlap(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		a, b string
		want bool
	}{
		"same":                 {"10.0.0.0/24", "10.0.0.0/24", true},
		"inside":               {"10.0.0.0/24", "10.0.0.115/32", true},
		"at one end":           {"10.0.0.10-10.0.0.20", "10.0.0.20-10.0.0.30", true},
		"next to each other":   {"10.0.0.10-10.0.0.20", "10.0.0.21-10.0.0.30", false},
		"apart":                {"10.0.0.0/24", "10.0.2.0/24", false},
		"other family":         {"0.0.0.0/0", "::/0", false},
		"six inside":           {"fc00::/120", "fc00::10-fc00::11", true},
		"prefix against range": {"10.0.0.0/28", "10.0.0.16-10.0.0.20", false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a, errA := metallb.ParseRange(c.a)
			b, errB := metallb.ParseRange(c.b)
			if errA != nil || errB != nil {
				t.Fatal(errA, errB)
			}
			if metallb.Overlap(a, b) != c.want || metallb.Overlap(b, a) != c.want {
				t.Errorf("%s and %s: want %v both ways", a, b, c.want)
			}
		})
	}
}

func TestRange_Contains(t *testing.T) {
	t.Parallel()
	r, err := metallb.ParseRange("10.0.0.10-10.0.0.20")
	if err != nil {
		t.Fatal(err)
	}
	for address, want := range map[string]bool{"10.0.0.10": true, "10.0.0.20": true, "10.0.0.21": false, "::ffff:10.0.0.15": true, "fc00::1": false} {
		if got := r.Contains(netip.MustParseAddr(address)); got != want {
			t.Errorf("%s: %v", address, got)
		}
	}
}
