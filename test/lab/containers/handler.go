package containers

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"path"
	"strings"
	"time"

	"github.com/google/go-containerregistry/pkg/v1/types"
)

// Handler is a registry that has the images, read only, by the distribution specification of OCI 1.1. It answers for every
// registry and namespace, as a mirror of all: docker.io/library/nginx:1.27.5 and nginx:latest are the same image, because only
// the last component of a name counts. A digest has to be the image's own. The images' content comes from the files of the cache.
func (s *Set) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /v2/{$}", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusOK) })
	mux.HandleFunc("GET /v2/{path...}", func(w http.ResponseWriter, r *http.Request) {
		repository, kind, reference := parsed(r.PathValue("path"))
		switch kind {
		case "manifests":
			s.serveManifest(w, r, path.Base(repository), reference)
		case "blobs":
			s.serveBlob(w, r, reference)
		default:
			refuse(w, "UNSUPPORTED", "no such part of the registry: "+r.URL.Path)
		}
	})
	return mux
}

// parsed takes library/nginx/manifests/latest apart.
func parsed(where string) (repository, kind, reference string) {
	above, reference := path.Split(where)
	repository, kind = path.Split(strings.TrimSuffix(above, "/"))
	return strings.TrimSuffix(repository, "/"), kind, reference
}

func (s *Set) serveManifest(w http.ResponseWriter, r *http.Request, name, reference string) {
	image, ok := s.images[name]
	if !ok {
		refuse(w, "NAME_UNKNOWN", "the lab has no image "+name)
		return
	}
	if strings.HasPrefix(reference, "sha256:") && reference != image.Digest {
		refuse(w, "MANIFEST_UNKNOWN", fmt.Sprintf("the lab's image %s has another digest than %s", name, reference))
		return
	}
	serve(w, r, image.manifest, string(types.OCIManifestSchema1))
}

func (s *Set) serveBlob(w http.ResponseWriter, r *http.Request, digest string) {
	b, ok := s.blobs[digest]
	if !ok {
		refuse(w, "BLOB_UNKNOWN", "no blob "+digest)
		return
	}
	serve(w, r, b, "application/octet-stream")
}

func serve(w http.ResponseWriter, r *http.Request, b blob, mediaType string) {
	content, err := b.open()
	if errors.Is(err, fs.ErrNotExist) {
		refuse(w, "BLOB_UNKNOWN", "the file of a layer is gone from the cache: "+b.path)
		return
	}
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	defer func() { _ = content.Close() }() // it was only read
	w.Header().Set("Content-Type", mediaType)
	w.Header().Set("Docker-Content-Digest", b.Digest)
	http.ServeContent(w, r, "", time.Time{}, content)
}

// refuse answers 404 in the registry's form of errors.
func refuse(w http.ResponseWriter, code, message string) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(http.StatusNotFound)
	_ = json.NewEncoder(w).Encode(map[string]any{"errors": []any{map[string]any{"code": code, "message": message}}})
}
