// Package object knows how a Kubernetes object is named and how to look into one, without any client library.
package object

import (
	"fmt"
	"strings"
)

// Object is a Kubernetes object as decoded from JSON: maps, lists, strings, bools, int64 and float64.
type Object = map[string]any

// Ref names one object on a cluster. Namespace is empty for cluster-scoped kinds.
type Ref struct {
	APIVersion, Kind, Namespace, Name string
}

// String returns the form that messages use: "Deployment istio-system/istiod", "ClusterRole istiod".
func (r Ref) String() string {
	if r.Namespace == "" {
		return r.Kind + " " + r.Name
	}
	return r.Kind + " " + r.Namespace + "/" + r.Name
}

// Group returns the API group, empty for the core group.
func (r Ref) Group() string {
	if group, _, ok := strings.Cut(r.APIVersion, "/"); ok {
		return group
	}
	return ""
}

// RefOf reads the reference out of an object. Missing parts are empty.
func RefOf(o Object) Ref {
	return Ref{
		APIVersion: String(o, "apiVersion"),
		Kind:       String(o, "kind"),
		Namespace:  String(o, "metadata", "namespace"),
		Name:       String(o, "metadata", "name"),
	}
}

// New makes an object with its reference filled in and nothing else.
func New(ref Ref) Object {
	meta := map[string]any{"name": ref.Name}
	if ref.Namespace != "" {
		meta["namespace"] = ref.Namespace
	}
	return Object{"apiVersion": ref.APIVersion, "kind": ref.Kind, "metadata": meta}
}

// Validate reports what an object lacks to be sent to a cluster.
func Validate(o Object) error {
	ref := RefOf(o)
	for _, part := range [][2]string{{"apiVersion", ref.APIVersion}, {"kind", ref.Kind}, {"metadata.name", ref.Name}} {
		if part[1] == "" {
			return fmt.Errorf("object %s: %s is missing", ref, part[0])
		}
	}
	return nil
}

// Lookup follows path through nested maps and reports whether something is there.
func Lookup(o Object, path ...string) (any, bool) {
	var at any = o
	for _, key := range path {
		m, ok := at.(map[string]any)
		if !ok {
			return nil, false
		}
		if at, ok = m[key]; !ok {
			return nil, false
		}
	}
	return at, true
}

// String returns the string at path, or "" when there is none.
func String(o Object, path ...string) string {
	v, _ := Lookup(o, path...)
	s, _ := v.(string)
	return s
}

// Map returns the map at path, or nil when there is none.
func Map(o Object, path ...string) map[string]any {
	v, _ := Lookup(o, path...)
	m, _ := v.(map[string]any)
	return m
}

// List returns the list at path, or nil when there is none.
func List(o Object, path ...string) []any {
	v, _ := Lookup(o, path...)
	l, _ := v.([]any)
	return l
}

// Set writes value at path and makes the maps on the way.
func Set(o Object, value any, path ...string) {
	at := o
	for _, key := range path[:len(path)-1] {
		next, ok := at[key].(map[string]any)
		if !ok {
			next = map[string]any{}
			at[key] = next
		}
		at = next
	}
	at[path[len(path)-1]] = value
}

// Copy returns a deep copy of maps and lists; scalars are shared.
func Copy(o Object) Object {
	out := make(Object, len(o))
	for k, v := range o {
		out[k] = copyValue(v)
	}
	return out
}

func copyValue(v any) any {
	switch v := v.(type) {
	case map[string]any:
		return Copy(v)
	case []any:
		out := make([]any, len(v))
		for i, item := range v {
			out[i] = copyValue(item)
		}
		return out
	default:
		return v
	}
}
