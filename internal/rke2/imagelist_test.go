package rke2_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/dxlab/terraform-provider-lab/internal/fault"
	"github.com/dxlab/terraform-provider-lab/internal/rke2"
)

func TestImages_AreListedByTheRelease(t *testing.T) {
	t.Parallel()
	list, err := rke2.Images("https://mirror.example/rke2/", "v1.35.7+rke2r1", "all", "x86_64")
	if err != nil {
		t.Fatal(err)
	}
	want := rke2.ImageList{
		URL:  "https://mirror.example/rke2/v1.35.7%2Brke2r1/rke2-images-all.linux-amd64.txt",
		Name: "rke2-images-all.linux-amd64.txt", Sums: "https://mirror.example/rke2/v1.35.7%2Brke2r1/sha256sum-amd64.txt",
	}
	if diff := cmp.Diff(want, list); diff != "" {
		t.Error(diff)
	}
	sum := strings.Repeat("ab", 32)
	if got := list.Digest([]byte(sum + "  rke2-images-all.linux-amd64.txt\n" + sum + "  other.txt\n")); got != sum {
		t.Errorf("the sums promise %q", got)
	}
	if got := list.Digest([]byte(sum + "  other.txt\n")); got != "" {
		t.Errorf("sums without the list promise %q", got)
	}
	public, err := rke2.Images("", "v1.24.10+rke2r1", "calico", "arm64")
	if err != nil || !strings.HasPrefix(public.URL, rke2.DefaultArtifactURL+"/v1.24.10%2Brke2r1/rke2-images-calico.linux-arm64.txt") {
		t.Errorf("got %+v, %v", public, err)
	}
	for _, c := range [][2]string{{"stable", "amd64"}, {"v1.35.7+rke2r1", "sparc"}} {
		if _, err := rke2.Images("", c[0], "all", c[1]); !fault.Is(err, fault.Invalid) {
			t.Errorf("%v: %v", c, err)
		}
	}
	if diff := cmp.Diff([]string{"docker.io/rancher/a:1", "docker.io/rancher/b:2"}, rke2.ReadImageList([]byte("docker.io/rancher/a:1\ndocker.io/rancher/b:2\n\n"))); diff != "" {
		t.Error(diff)
	}
}
