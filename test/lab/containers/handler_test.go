package containers_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/dxlab/terraform-provider-lab/test/lab/containers"
)

func registry(t *testing.T) (*httptest.Server, containers.Image) {
	t.Helper()
	set, err := containers.Ensure(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(set.Handler())
	t.Cleanup(server.Close)
	for _, image := range set.Images() {
		if image.Name == "nginx" {
			return server, image
		}
	}
	t.Fatal("no image nginx")
	return nil, containers.Image{}
}

func TestHandler_AnyNameOfAnImage(t *testing.T) {
	t.Parallel()
	server, image := registry(t)
	for _, path := range []string{
		"nginx/manifests/latest", "library/nginx/manifests/1.27.5", "a/b/c/nginx/manifests/v1", "library/nginx/manifests/" + image.Digest,
	} {
		t.Run(strings.ReplaceAll(path, "/", " "), func(t *testing.T) {
			t.Parallel()
			for _, method := range []string{http.MethodHead, http.MethodGet} {
				answer := ask(t, method, server.URL+"/v2/"+path+"?ns=docker.io")
				if answer.StatusCode != http.StatusOK || answer.Header.Get("Docker-Content-Digest") != image.Digest {
					t.Errorf("%s: %s, digest %q", method, answer.Status, answer.Header.Get("Docker-Content-Digest"))
				}
			}
		})
	}
}

func TestHandler_UnknownIsNotFound(t *testing.T) {
	t.Parallel()
	server, _ := registry(t)
	other := "sha256:" + strings.Repeat("0", 64)
	for name, c := range map[string]struct{ path, code string }{
		"another image":     {"metallb/controller/manifests/v0.16.1", "NAME_UNKNOWN"},
		"a namespace alone": {"nginx/other/manifests/latest", "NAME_UNKNOWN"},
		"another digest":    {"library/nginx/manifests/" + other, "MANIFEST_UNKNOWN"},
		"another blob":      {"library/nginx/blobs/" + other, "BLOB_UNKNOWN"},
		"a list of tags":    {"library/nginx/tags/list", "UNSUPPORTED"},
		"nothing of it":     {"nginx", "UNSUPPORTED"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			answer := ask(t, http.MethodGet, server.URL+"/v2/"+c.path)
			body, err := io.ReadAll(answer.Body)
			if err != nil {
				t.Fatal(err)
			}
			if answer.StatusCode != http.StatusNotFound || !strings.Contains(string(body), c.code) {
				t.Errorf("%s: %s", answer.Status, body)
			}
		})
	}
}

func TestHandler_TakesNothing(t *testing.T) {
	t.Parallel()
	server, _ := registry(t)
	if answer := ask(t, http.MethodPost, server.URL+"/v2/library/nginx/blobs/uploads/"); answer.StatusCode != http.StatusMethodNotAllowed {
		t.Errorf("an upload gives %s", answer.Status)
	}
}

func ask(t *testing.T, method, url string) *http.Response {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), method, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = answer.Body.Close() })
	return answer
}
