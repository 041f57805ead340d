package kube

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"sigs.k8s.io/yaml"

	"github.com/dxlab/terraform-provider-lab/internal/fault"
	"github.com/dxlab/terraform-provider-lab/internal/object"
)

// Rendered is a configuration that a controller takes from an object and puts into a ConfigMap for the pods of a workload.
type Rendered struct {
	// Source is the object that asks for the configuration, and Path the dotted field, an object or a text in YAML.
	Source object.Ref
	Path   string
	// Entry is the key of the ConfigMap: "config.yaml".
	Entry string
	// Fields are the dotted fields that are compared, where Source has them; none compares everything.
	Fields []string
	// Added are names of fields that the controller may write beside those of Source.
	Added []string
	// Sum is the annotation of the pod template in which the controller writes the SHA-256 of a text, for a ConfigMap that
	// keeps its name when its content changes. A workload without the annotation then shows nothing but its rollout.
	Sum string
}

type readFunc = func(context.Context, object.Ref) (object.Object, error)

// runsConfig compares what a workload's pods are made with to what is asked for, as it is stored: admission webhooks complete
// it before a controller sees it. Values stay out of what is said, because a configuration may have tokens in it.
func runsConfig(ctx context.Context, workload object.Object, r *Rendered, read readFunc) (verdict, error) {
	if r == nil {
		return verdict{}, fault.Newf(fault.Invalid, "the check %q has no configuration", RunsConfig)
	}
	source, err := read(ctx, r.Source)
	if fault.Is(err, fault.NotFound) {
		return pending("%s does not exist yet", r.Source), nil
	}
	if err != nil {
		return verdict{}, err
	}
	wanted, _ := object.Lookup(source, strings.Split(r.Path, ".")...)
	text, isText := wanted.(string)
	summed := isText && r.Sum != ""
	sum := object.String(workload, "spec", "template", "metadata", "annotations", r.Sum)
	if summed && slices.Contains([]string{"", sumOf(text)}, sum) {
		return verdict{met: true}, nil
	}
	live, v, err := mounted(ctx, workload, r.Entry, read)
	if live == nil || err != nil {
		return v, err
	}
	v = r.compare(wanted, source, live)
	if v.met && summed && !named(object.String(live, "metadata", "name"), sum) {
		v = pending("its pods still have the annotation %s of an older configuration than that of %s", r.Sum, r.Source)
	}
	return v, nil
}

// compare looks whether a ConfigMap has what is wanted.
func (r *Rendered) compare(wanted any, source, live object.Object) verdict {
	name := object.String(live, "metadata", "name")
	at, err := difference(wanted, object.String(live, "data", r.Entry), r)
	switch {
	case err != nil:
		return pending("ConfigMap %s, which its pods mount: %s", name, err)
	case at != "":
		return pending("its pods are still made with ConfigMap %s, in which %s is not what %s says%s", name, at, r.Source, trouble(source))
	}
	return verdict{met: true}
}

// trouble is an object's own word that it cannot be carried out, for the end of a sentence.
func trouble(source object.Object) string {
	for _, c := range conditionsOf(source) {
		if c.Status == "True" && (c.Type == "Failure" || c.Type == "Failed") {
			return fmt.Sprintf("; its condition %s", c)
		}
	}
	return ""
}

func sumOf(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:])
}

// named reports whether a ConfigMap is named by the content that sum is of, so that pods which mount it have that content.
func named(name, sum string) bool {
	const digits = 8
	return len(sum) >= digits && strings.HasSuffix(name, "-"+sum[:digits])
}

// mounted returns the ConfigMap with an entry that pods of a workload mount; without one it says what is missing.
func mounted(ctx context.Context, workload object.Object, entry string, read readFunc) (object.Object, verdict, error) {
	v := pending("its pods mount no ConfigMap with %s", entry)
	for _, item := range object.List(workload, "spec", "template", "spec", "volumes") {
		volume, _ := item.(map[string]any)
		name := object.String(volume, "configMap", "name")
		if name == "" || !projects(object.List(volume, "configMap", "items"), entry) {
			continue
		}
		live, err := read(ctx, object.Ref{APIVersion: "v1", Kind: "ConfigMap", Namespace: object.String(workload, "metadata", "namespace"), Name: name})
		switch {
		case fault.Is(err, fault.NotFound):
			v = pending("ConfigMap %s, which its pods mount, does not exist", name)
			continue
		case err != nil:
			return nil, verdict{}, err
		}
		if _, has := object.Lookup(live, "data", entry); has {
			return live, verdict{}, nil
		}
	}
	return nil, v, nil
}

// projects reports whether a volume with these items shows an entry; without items it shows all of them.
func projects(items []any, entry string) bool {
	return len(items) == 0 || slices.ContainsFunc(items, func(item any) bool {
		m, _ := item.(map[string]any)
		return object.String(m, "key") == entry
	})
}

// difference names the first field in which a rendered text is not what is wanted; "" when there is none.
func difference(wanted any, rendered string, r *Rendered) (string, error) {
	if text, ok := wanted.(string); ok {
		if text == rendered {
			return "", nil
		}
		wanted = nil
		if err := yaml.Unmarshal([]byte(text), &wanted); err != nil {
			return "", fmt.Errorf("what is wanted cannot be read: %w", err)
		}
	}
	var live any
	if err := yaml.Unmarshal([]byte(rendered), &live); err != nil {
		return "", fmt.Errorf("%s cannot be read", r.Entry)
	}
	if len(r.Fields) == 0 {
		return r.unlike(wanted, live, nil), nil
	}
	for _, field := range r.Fields {
		path := strings.Split(field, ".")
		if want := lookup(wanted, path)[0]; want != nil {
			if at := r.unlike(want, lookup(live, path)[0], path); at != "" {
				return at, nil
			}
		}
	}
	return "", nil
}

// unlike is the path of the first difference. What is empty is as good as absent.
func (r *Rendered) unlike(want, have any, path []string) string {
	if empty(want) && empty(have) {
		return ""
	}
	switch want := want.(type) {
	case map[string]any:
		if live, ok := have.(map[string]any); ok {
			return r.unlikeMap(want, live, path)
		}
	case []any:
		if live, ok := have.([]any); ok && len(live) == len(want) {
			return r.unlikeList(want, live, path)
		}
	default:
		if sameScalar(want, have) {
			return ""
		}
	}
	return strings.Join(path, ".")
}

func (r *Rendered) unlikeMap(want, live map[string]any, path []string) string {
	all := maps.Clone(live)
	maps.Copy(all, want)
	for _, key := range slices.Sorted(maps.Keys(all)) {
		if _, asked := want[key]; !asked && slices.Contains(r.Added, key) {
			continue
		}
		if at := r.unlike(want[key], live[key], below(path, key)); at != "" {
			return at
		}
	}
	return ""
}

func (r *Rendered) unlikeList(want, live []any, path []string) string {
	for i := range want {
		if at := r.unlike(want[i], live[i], below(path, strconv.Itoa(i))); at != "" {
			return at
		}
	}
	return ""
}

func below(path []string, key string) []string { return append(path[:len(path):len(path)], key) }

// sameScalar compares as texts. A text may have been written without quotes by one dialect of YAML and be read as a number
// or a truth value by another.
func sameScalar(want, have any) bool {
	if scalar(want) == scalar(have) {
		return true
	}
	var read any
	text, ok := want.(string)
	return ok && yaml.Unmarshal([]byte(text), &read) == nil && scalar(read) == scalar(have)
}

func scalar(v any) string {
	if number, ok := v.(float64); ok {
		return strconv.FormatFloat(number, 'f', -1, 64)
	}
	return fmt.Sprint(v)
}
