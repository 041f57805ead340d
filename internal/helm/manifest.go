package helm

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"

	"helm.sh/helm/v3/pkg/release"
	kubeyaml "k8s.io/apimachinery/pkg/util/yaml"
	"sigs.k8s.io/yaml"

	"github.com/dxlab/terraform-provider-lab/internal/object"
)

// splitManifest returns the documents of a manifest that hold something.
func splitManifest(manifest []byte) [][]byte {
	var docs [][]byte
	for reader := kubeyaml.NewYAMLReader(bufio.NewReader(bytes.NewReader(manifest))); ; {
		doc, err := reader.Read()
		if errors.Is(err, io.EOF) {
			return docs
		}
		if err != nil || !hasContent(doc) {
			continue
		}
		docs = append(docs, doc)
	}
}

// hasContent reports whether a document is more than comments.
func hasContent(doc []byte) bool {
	for line := range bytes.Lines(doc) {
		line = bytes.TrimSpace(line)
		if len(line) > 0 && line[0] != '#' && string(line) != "---" {
			return true
		}
	}
	return false
}

// parseObject reads one document; nothing comes of one that is null.
func parseObject(doc []byte) (object.Object, error) {
	asJSON, err := yaml.YAMLToJSON(doc)
	if err != nil {
		return nil, errors.New("a document of the manifest is not YAML")
	}
	o, err := decodeNumbers[object.Object](asJSON)
	if err != nil {
		return nil, errors.New("a document of the manifest is not an object")
	}
	return o, nil
}

// parseManifest reads the objects of a manifest, with lists taken apart and the namespace filled in.
func parseManifest(manifest []byte, namespace string) ([]object.Object, error) {
	var out []object.Object
	for _, doc := range splitManifest(manifest) {
		o, err := parseObject(doc)
		if err != nil {
			return nil, err
		}
		out = append(out, flatten(o)...)
	}
	fillNamespaces(out, namespace)
	return out, nil
}

// flatten takes a list of objects apart.
func flatten(o object.Object) []object.Object {
	if len(o) == 0 {
		return nil
	}
	items, isList := o["items"].([]any)
	if !isList || object.String(o, "metadata", "name") != "" {
		return []object.Object{o}
	}
	var out []object.Object
	for _, item := range items {
		if o, ok := item.(map[string]any); ok {
			out = append(out, flatten(o)...)
		}
	}
	return out
}

// parseHooks reads the hooks of a release.
func parseHooks(hooks []*release.Hook, namespace string) ([]Hook, error) {
	out := make([]Hook, 0, len(hooks))
	for _, h := range hooks {
		o, err := parseObject([]byte(h.Manifest))
		if err != nil {
			return nil, fmt.Errorf("hook %s: %w", h.Path, err)
		}
		fillNamespaces([]object.Object{o}, namespace)
		hook := Hook{Ref: object.RefOf(o), Object: o, Weight: h.Weight, LastRun: string(h.LastRun.Phase)}
		for _, e := range h.Events {
			hook.Events = append(hook.Events, e.String())
		}
		for _, p := range h.DeletePolicies {
			hook.DeletePolicies = append(hook.DeletePolicies, string(p))
		}
		out = append(out, hook)
	}
	return out, nil
}
