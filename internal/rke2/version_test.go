package rke2_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/dxlab/terraform-provider-lab/internal/fault"
	"github.com/dxlab/terraform-provider-lab/internal/rke2"
)

func TestParseVersion_ReadsReleases(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"v1.35.7+rke2r1":     "v1.35.7+rke2r1",
		"1.24.10+rke2r12":    "v1.24.10+rke2r12",
		"v1.36.4-rc1+rke2r1": "v1.36.4-rc1+rke2r1",
	} {
		version, err := rke2.ParseVersion(text)
		if err != nil {
			t.Errorf("%s: %v", text, err)
			continue
		}
		if version.String() != want {
			t.Errorf("%s: got %s, want %s", text, version, want)
		}
	}
}

func TestParseVersion_SaysWhatIsWrong(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"stable":          "read like v1.35.7+rke2r1",
		"v1.35.7":         "use the channel v1.35",
		"v1.35.7+k3s1":    "lacks the revision",
		"v1.35.7+rke2r1x": "lacks the revision",
		"":                "read like",
	} {
		_, err := rke2.ParseVersion(text)
		if !fault.Is(err, fault.Invalid) || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: got %v, want an invalid value saying %q", text, err, want)
		}
	}
}

func TestVersion_OrdersRevisionsAndCandidates(t *testing.T) {
	t.Parallel()
	want := []string{"v1.24.10+rke2r1", "v1.35.7-rc1+rke2r1", "v1.35.7+rke2r1", "v1.35.7+rke2r2", "v1.35.7+rke2r10", "v1.35.10+rke2r1", "v1.36.0+rke2r1"}
	versions := make([]rke2.Version, 0, len(want))
	for _, text := range want {
		version, err := rke2.ParseVersion(text)
		if err != nil {
			t.Fatal(err)
		}
		versions = append(versions, version)
	}
	slices.Reverse(versions)
	slices.SortFunc(versions, rke2.Version.Compare)
	for i, version := range versions {
		if version.String() != want[i] {
			t.Errorf("place %d: got %s, want %s", i, version, want[i])
		}
	}
}

func TestCheckUpgrade(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		role     rke2.Role
		from, to string
		refusal  string
	}{
		"patch":                      {rke2.Server, "v1.35.6+rke2r1", "v1.35.7+rke2r1", ""},
		"same":                       {rke2.Server, "v1.35.7+rke2r1", "v1.35.7+rke2r1", ""},
		"revision":                   {rke2.Server, "v1.35.7+rke2r1", "v1.35.7+rke2r2", ""},
		"next minor":                 {rke2.Server, "v1.35.7+rke2r1", "v1.36.3+rke2r1", ""},
		"skipped minor of a server":  {rke2.Server, "v1.34.9+rke2r1", "v1.36.3+rke2r1", "go through v1.35 first"},
		"skipped minor of an agent":  {rke2.Agent, "v1.34.9+rke2r1", "v1.36.3+rke2r1", ""},
		"older patch":                {rke2.Server, "v1.35.7+rke2r1", "v1.35.6+rke2r1", "downgrade"},
		"older revision":             {rke2.Agent, "v1.35.7+rke2r2", "v1.35.7+rke2r1", "downgrade"},
		"back to a candidate":        {rke2.Server, "v1.35.7+rke2r1", "v1.35.7-rc2+rke2r1", "downgrade"},
		"another major":              {rke2.Agent, "v1.35.7+rke2r1", "v2.0.0+rke2r1", "major"},
		"something else than RKE2's": {rke2.Server, "v1.35.7+rke2r1", "v1.36.1+k3s1", "not an RKE2 version"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			expectInvalid(t, rke2.CheckUpgrade(c.role, c.from, c.to), c.refusal)
		})
	}
}

func TestCheckSkew(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ server, agent, refusal string }{
		"same":         {"v1.35.7+rke2r1", "v1.35.7+rke2r1", ""},
		"newer patch":  {"v1.35.6+rke2r1", "v1.35.7+rke2r1", ""},
		"three older":  {"v1.36.3+rke2r1", "v1.33.9+rke2r1", ""},
		"four older":   {"v1.36.3+rke2r1", "v1.32.9+rke2r1", "more than three"},
		"newer minor":  {"v1.35.7+rke2r1", "v1.36.0+rke2r1", "upgrade the servers first"},
		"no version":   {"", "v1.36.0+rke2r1", "not an RKE2 version"},
		"no version 2": {"v1.36.0+rke2r1", "", "not an RKE2 version"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			expectInvalid(t, rke2.CheckSkew(c.server, c.agent), c.refusal)
		})
	}
}

// expectInvalid wants no error, or one of kind fault.Invalid that contains text.
func expectInvalid(t *testing.T, err error, text string) {
	t.Helper()
	switch {
	case text == "" && err != nil:
		t.Errorf("got %v, want no error", err)
	case text != "" && (!fault.Is(err, fault.Invalid) || !strings.Contains(err.Error(), text)):
		t.Errorf("got %v, want a refusal saying %q", err, text)
	}
}
