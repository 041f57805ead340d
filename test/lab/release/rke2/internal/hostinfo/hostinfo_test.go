package hostinfo_test

import (
	"path/filepath"
	"regexp"
	"testing"

	"github.com/dxlab/terraform-provider-lab/test/lab/release/rke2/internal/hostinfo"
)

func TestNodeName(t *testing.T) {
	t.Parallel()
	id := filepath.Join(t.TempDir(), "node", "id")
	plain, err := hostinfo.NodeName("Web1", false, id)
	if err != nil || plain != "web1" {
		t.Errorf("got %s, %v", plain, err)
	}
	first, err := hostinfo.NodeName("web1", true, id)
	if err != nil || !regexp.MustCompile(`^web1-[0-9a-f]{8}$`).MatchString(first) {
		t.Errorf("got %s, %v", first, err)
	}
	if again, err := hostinfo.NodeName("web1", true, id); err != nil || again != first {
		t.Errorf("got %s, %v", again, err)
	}
}

func TestNthAddress(t *testing.T) {
	t.Parallel()
	ip, err := hostinfo.NthAddress("10.43.0.0/16", 10)
	if err != nil || ip.String() != "10.43.0.10" {
		t.Errorf("got %s, %v", ip, err)
	}
	for _, bad := range []string{"10.43.0.0", "fd00::/64"} {
		if _, err := hostinfo.NthAddress(bad, 1); err == nil {
			t.Errorf("%s: no error", bad)
		}
	}
}
