package cluster

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"sort"
	"strconv"
	"strings"

	"github.com/dxlab/terraform-provider-lab/internal/object"
)

// Difference is one field of a live object that is not as it is wanted.
type Difference struct {
	Ref object.Ref
	// Path is dotted; elements of a list are named by their key, [name], or their place, [0].
	Path string
	// Want and Live are the values in words; both are empty for a Secret.
	Want, Live string
	// Manager last set the live field, where the object says so.
	Manager string
}

// String reads "Deployment istio-system/istiod spec.replicas: want 1, live 3 (kubectl-edit)".
func (d Difference) String() string {
	text := d.Ref.String() + " " + d.Path + ": "
	if d.Want == "" && d.Live == "" {
		text += "differs"
	} else {
		text += "want " + d.Want + ", live " + d.Live
	}
	if d.Manager != "" {
		text += " (" + d.Manager + ")"
	}
	return text
}

// absent is how a missing value reads.
const absent = "nothing"

// Compare lists the fields of wanted that the live object does not have as wanted. Fields that wanted does not
// mention do not count: the API server and controllers fill them in. It is pure.
func Compare(wanted, live object.Object) []Difference {
	c := comparison{ref: object.RefOf(wanted), live: live}
	if digest := object.SealedDigest(wanted); digest != "" && digest != object.ContentDigest(live) {
		c.found = append(c.found, Difference{Ref: c.ref, Path: "data", Manager: managerOf(live, []string{"data"})})
	}
	for _, name := range sortedKeys(wanted) {
		switch name {
		case "apiVersion", "kind", "status":
		case "metadata":
			for _, part := range []string{"labels", "annotations"} {
				c.value([]string{"metadata", part}, object.Map(wanted, "metadata")[part], object.Map(live, "metadata")[part])
			}
		case "stringData":
			c.value([]string{"data"}, encodeStrings(wanted[name]), live["data"])
		default:
			c.value([]string{name}, wanted[name], live[name])
		}
	}
	return c.found
}

type comparison struct {
	ref   object.Ref
	live  object.Object
	found []Difference
}

func (c *comparison) value(path []string, want, live any) {
	if want == nil || (empty(want) && (empty(live) || hollow(want))) {
		return
	}
	switch want := want.(type) {
	case map[string]any:
		have, ok := live.(map[string]any)
		if !ok {
			c.differ(path, want, live)
			return
		}
		for _, k := range sortedKeys(want) {
			c.value(append(slices.Clone(path), k), want[k], have[k])
		}
	case []any:
		have, ok := live.([]any)
		if !ok {
			c.differ(path, want, live)
			return
		}
		c.list(path, want, have)
	default:
		if !same(path, want, live) {
			c.differ(path, want, live)
		}
	}
}

// list compares element by element: by key where all elements have one, else by place.
func (c *comparison) list(path []string, want, live []any) {
	by := listKey(want, live)
	if by == "" {
		if len(want) != len(live) {
			c.differ(path, want, live)
			return
		}
		for i := range want {
			c.value(append(slices.Clone(path), "["+strconv.Itoa(i)+"]"), want[i], live[i])
		}
		return
	}
	have := map[string]any{}
	for _, e := range live {
		have[keyOf(e, by)] = e
	}
	for _, e := range want {
		k := keyOf(e, by)
		c.value(append(slices.Clone(path), "["+k+"]"), e, have[k])
		delete(have, k)
	}
	for _, k := range sortedKeys(have) {
		c.differ(append(slices.Clone(path), "["+k+"]"), nil, have[k])
	}
}

// listKeys are the fields that name an element of a list, in the order in which they are tried.
var listKeys = []string{"name", "containerPort", "port", "mountPath", "ip", "key", "type"}

// listKey finds a field that is there and unique in all elements of both lists.
func listKey(lists ...[]any) string {
	for _, by := range listKeys {
		if slices.IndexFunc(lists, func(l []any) bool { return !uniqueBy(l, by) }) < 0 {
			return by
		}
	}
	return ""
}

func uniqueBy(list []any, by string) bool {
	seen := map[string]bool{}
	for _, e := range list {
		m, ok := e.(map[string]any)
		if !ok || m[by] == nil || seen[keyOf(e, by)] {
			return false
		}
		seen[keyOf(e, by)] = true
	}
	return true
}

func keyOf(element any, by string) string {
	m, ok := element.(map[string]any)
	if !ok {
		return ""
	}
	return fmt.Sprint(m[by])
}

func (c *comparison) differ(path []string, want, live any) {
	d := Difference{Ref: c.ref, Path: dotted(path), Manager: managerOf(c.live, path)}
	if c.ref.Kind != "Secret" || c.ref.Group() != "" || path[0] != "data" {
		d.Want, d.Live = words(want), words(live)
	}
	c.found = append(c.found, d)
}

// dotted writes a path: dots between names, none before an element of a list.
func dotted(path []string) string {
	var b strings.Builder
	for i, p := range path {
		if i > 0 && !strings.HasPrefix(p, "[") {
			b.WriteByte('.')
		}
		b.WriteString(p)
	}
	return b.String()
}

// wordsLimit keeps a difference on one line.
const wordsLimit = 100

func words(v any) string {
	if v == nil {
		return absent
	}
	raw, err := json.Marshal(v)
	if err != nil {
		return fmt.Sprint(v)
	}
	if len(raw) > wordsLimit {
		return string(raw[:wordsLimit]) + "..."
	}
	return string(raw)
}

func encodeStrings(v any) any {
	in, ok := v.(map[string]any)
	if !ok {
		return v
	}
	out := make(map[string]any, len(in))
	for k, e := range in {
		out[k] = base64.StdEncoding.EncodeToString([]byte(fmt.Sprint(e)))
	}
	return out
}

// hollow reports whether a value is a map without fields, which asks for nothing.
func hollow(v any) bool {
	m, ok := v.(map[string]any)
	return ok && len(m) == 0
}

// empty reports whether the API server may drop a value because it says nothing.
func empty(v any) bool {
	switch v := v.(type) {
	case nil:
		return true
	case map[string]any:
		for _, e := range v {
			if !empty(e) {
				return false
			}
		}
		return true
	case []any:
		return len(v) == 0
	default:
		return reflect.ValueOf(v).IsZero()
	}
}

func sortedKeys(m map[string]any) []string {
	names := make([]string, 0, len(m))
	for k := range m {
		names = append(names, k)
	}
	sort.Strings(names)
	return names
}
