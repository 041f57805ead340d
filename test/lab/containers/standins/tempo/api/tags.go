package api

import (
	"maps"
	"net/http"
	"slices"

	commonpb "go.opentelemetry.io/proto/otlp/common/v1"

	"github.com/dxlab/terraform-provider-lab/test/lab/containers/standins/tempo/store"
	"github.com/dxlab/terraform-provider-lab/test/lab/containers/standins/tempo/traceql"
)

// intrinsics are the names that spans have besides their attributes.
var intrinsics = []string{"duration", "kind", "name", "rootName", "rootServiceName", "status", "statusMessage", "traceDuration"}

// field reads something of a span.
type field = func(store.Trace, store.Span) traceql.Value

// tagField is what a tag's name means where no scope is given: an intrinsic, or an attribute of the span or of its resource.
func tagField(name string) (field, error) {
	if slices.Contains(intrinsics, name) {
		return traceql.Lookup(name)
	}
	return traceql.Lookup("." + name)
}

// scopes are the names of the attributes of a tenant's spans.
func (a *api) scopes(r *http.Request, tenant string) map[string][]string {
	resource, span := map[string]bool{}, map[string]bool{}
	note := func(into map[string]bool, all []*commonpb.KeyValue) {
		for _, kv := range all {
			into[kv.GetKey()] = true
		}
	}
	for _, trace := range a.searchable(tenant) {
		for _, s := range trace.Spans {
			note(resource, s.Resource.GetAttributes())
			note(span, s.GetAttributes())
		}
	}
	all := map[string][]string{
		"resource": slices.Sorted(maps.Keys(resource)), "span": slices.Sorted(maps.Keys(span)), "intrinsic": intrinsics,
	}
	if only := r.URL.Query().Get("scope"); only != "" {
		return map[string][]string{only: all[only]}
	}
	return all
}

func (a *api) tags(w http.ResponseWriter, r *http.Request, tenant string) {
	scopes := a.scopes(r, tenant)
	if r.URL.Query().Get("scope") == "" {
		delete(scopes, "intrinsic") // the first version names them only when it is asked for them
	}
	names := map[string]bool{}
	for _, of := range scopes {
		for _, name := range of {
			names[name] = true
		}
	}
	writeJSON(w, map[string]any{"tagNames": emptyNotNull(slices.Sorted(maps.Keys(names))), "metrics": map[string]any{}})
}

func (a *api) tagsV2(w http.ResponseWriter, r *http.Request, tenant string) {
	type scope struct {
		Name string   `json:"name"`
		Tags []string `json:"tags"`
	}
	out := []scope{}
	scopes := a.scopes(r, tenant)
	for _, name := range slices.Sorted(maps.Keys(scopes)) {
		if len(scopes[name]) > 0 {
			out = append(out, scope{name, scopes[name]})
		}
	}
	writeJSON(w, map[string]any{"scopes": out, "metrics": map[string]any{}})
}

func (a *api) tagValues(w http.ResponseWriter, r *http.Request, tenant string) {
	of, err := tagField(r.PathValue("tag"))
	if err != nil {
		refuse(w, err)
		return
	}
	values := a.values(tenant, of)
	writeJSON(w, map[string]any{"tagValues": emptyNotNull(slices.Sorted(maps.Keys(values))), "metrics": map[string]any{}})
}

// tagValuesV2 takes names as TraceQL writes them: with their scope, or with a dot in front.
func (a *api) tagValuesV2(w http.ResponseWriter, r *http.Request, tenant string) {
	of, err := traceql.Lookup(r.PathValue("tag"))
	if err != nil {
		refuse(w, err)
		return
	}
	type value struct {
		Type  string `json:"type"`
		Value string `json:"value"`
	}
	values := a.values(tenant, of)
	out := []value{}
	for _, text := range slices.Sorted(maps.Keys(values)) {
		out = append(out, value{values[text].Type(), text})
	}
	writeJSON(w, map[string]any{"tagValues": out, "metrics": map[string]any{}})
}

// values are all values of a field, by their text.
func (a *api) values(tenant string, of field) map[string]traceql.Value {
	out := map[string]traceql.Value{}
	for _, trace := range a.searchable(tenant) {
		for _, span := range trace.Spans {
			if v := of(trace, span); v.Known() && v.String() != "" {
				out[v.String()] = v
			}
		}
	}
	return out
}

func emptyNotNull(list []string) []string {
	if list == nil {
		return []string{}
	}
	return list
}
