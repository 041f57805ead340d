package containers_test

import (
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/validate"

	"github.com/dxlab/terraform-provider-lab/test/lab/containers"
)

// TestEnsure_ImagesAreWhole builds what is not in the cache and pulls every image as a container runtime does.
func TestEnsure_ImagesAreWhole(t *testing.T) {
	t.Parallel()
	set, err := containers.Ensure(t.Context(), func(line string) { t.Log(line) })
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(set.Handler())
	t.Cleanup(server.Close)
	images := set.Images()
	if len(images) != len(containers.Names()) {
		t.Errorf("%d images of %d names", len(images), len(containers.Names()))
	}
	for _, described := range images {
		t.Run(described.Name, func(t *testing.T) {
			t.Parallel()
			reference, err := name.ParseReference(strings.TrimPrefix(server.URL, "http://") + "/some/where/" + described.Name + ":1.2.3")
			if err != nil {
				t.Fatal(err)
			}
			image, err := remote.Image(reference, remote.WithContext(t.Context()))
			if err != nil {
				t.Fatal(err)
			}
			if err := validate.Image(image); err != nil {
				t.Error(err)
			}
			if described.Contents == "" || described.Size < 1<<20 {
				t.Errorf("described as %+v", described)
			}
		})
	}
}
