package charts

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"net/http"
	"strings"

	"github.com/google/go-containerregistry/pkg/registry"
)

// Prefix is the path of the charts below the registry's host: oci://host/charts/metallb.
const Prefix = "charts"

// Media types of Helm's artifacts (Helm: pkg/registry/constants.go) and of the manifest around them (OCI image specification 1.1).
const (
	configType   = "application/vnd.cncf.helm.config.v1+json"
	layerType    = "application/vnd.cncf.helm.chart.content.v1.tar+gzip"
	manifestType = "application/vnd.oci.image.manifest.v1+json"
)

type manifest struct {
	SchemaVersion int               `json:"schemaVersion"`
	MediaType     string            `json:"mediaType"`
	Config        descriptor        `json:"config"`
	Layers        []descriptor      `json:"layers"`
	Annotations   map[string]string `json:"annotations"`
}

type descriptor struct {
	MediaType string `json:"mediaType"`
	Digest    string `json:"digest"`
	Size      int    `json:"size"`
}

// newRegistry returns a registry that holds each chart as `helm push` would leave it.
func newRegistry(all []archive) (http.Handler, error) {
	handler := registry.New(registry.Logger(log.New(io.Discard, "", 0)))
	for _, a := range all {
		if err := push(handler, a); err != nil {
			return nil, fmt.Errorf("pushing chart %s %s: %w", a.name, a.version, err)
		}
	}
	return handler, nil
}

func push(handler http.Handler, a archive) error {
	config, err := json.Marshal(a.metadata)
	if err != nil {
		return err
	}
	for _, blob := range [][]byte{config, a.content} {
		path := fmt.Sprintf("/v2/%s/%s/blobs/uploads/?digest=%s", Prefix, a.name, digestOf(blob))
		if err := send(handler, http.MethodPost, path, "application/octet-stream", blob); err != nil {
			return err
		}
	}
	body, err := json.Marshal(manifest{
		SchemaVersion: 2, MediaType: manifestType,
		Config:      descriptor{configType, digestOf(config), len(config)},
		Layers:      []descriptor{{layerType, digestOf(a.content), len(a.content)}},
		Annotations: map[string]string{"org.opencontainers.image.title": a.name, "org.opencontainers.image.version": a.version},
	})
	if err != nil {
		return err
	}
	return send(handler, http.MethodPut, fmt.Sprintf("/v2/%s/%s/manifests/%s", Prefix, a.name, tagOf(a.version)), manifestType, body)
}

// tagOf writes a version as a tag, where + is not allowed (Helm: pkg/registry/client.go).
func tagOf(version string) string { return strings.ReplaceAll(version, "+", "_") }

func digestOf(content []byte) string {
	sum := sha256.Sum256(content)
	return "sha256:" + hex.EncodeToString(sum[:])
}

// send calls a handler without a network in between.
func send(handler http.Handler, method, path, contentType string, body []byte) error {
	request, err := http.NewRequest(method, path, bytes.NewReader(body)) //nolint:noctx // nothing is waited for
	if err != nil {
		return err
	}
	request.Header.Set("Content-Type", contentType)
	answer := newRecorded()
	handler.ServeHTTP(answer, request)
	if answer.status != http.StatusCreated {
		return fmt.Errorf("%s %s: %d %s", method, path, answer.status, answer.body.String())
	}
	return nil
}

// recorded keeps an answer until it is known what becomes of it.
type recorded struct {
	status int
	header http.Header
	body   bytes.Buffer
}

func newRecorded() *recorded { return &recorded{status: http.StatusOK, header: http.Header{}} }

func (r *recorded) Header() http.Header { return r.header }

func (r *recorded) WriteHeader(status int) { r.status = status }

func (r *recorded) Write(p []byte) (int, error) { return r.body.Write(p) }
