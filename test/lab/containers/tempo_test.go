package containers_test

import (
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"

	"github.com/dxlab/terraform-provider-lab/test/lab/containers"
)

// TestTempo_NamedBinary looks for a binary that was named in the image.
func TestTempo_NamedBinary(t *testing.T) {
	binary := filepath.Join(t.TempDir(), "some-tempo")
	if err := os.WriteFile(binary, []byte("a real one"), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("LAB_TEMPO_BIN", binary)
	set, err := containers.Ensure(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(set.Handler())
	defer server.Close()
	for _, image := range set.Images() {
		if image.Name == "tempo" && image.StandIn {
			t.Errorf("it is called a stand-in: %+v", image)
		}
	}
	pulled := pull(t, server.URL, "grafana/tempo:2.10.8")
	config, err := pulled.ConfigFile()
	if err != nil {
		t.Fatal(err)
	}
	if got := content(t, pulled, config.Config.Entrypoint[0]); string(got) != "a real one" {
		t.Errorf("the image starts %q", got)
	}
}

func TestTempo_MissingBinaryIsAnError(t *testing.T) {
	t.Setenv("LAB_TEMPO_BIN", filepath.Join(t.TempDir(), "none"))
	if _, err := containers.Ensure(t.Context(), nil); err == nil {
		t.Error("a binary that is not there was taken for the stand-in")
	}
}
