package provider_test

import (
	"fmt"
	"maps"
	"math/big"
	"slices"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-go/tftypes"
)

// must fails the test when a step had errors.
func must(t *testing.T, s *tracked, r report) *tracked {
	t.Helper()
	if r.errors != "" {
		t.Fatal(r.errors)
	}
	if s == nil {
		t.Fatal("nothing is in the state")
	}
	return s
}

// text reads an attribute by its dotted path in words; "" for null.
func (s *tracked) text(t *testing.T, path string) string {
	t.Helper()
	return textOf(t, s.value, path)
}

func textOf(t *testing.T, v tftypes.Value, path string) string {
	t.Helper()
	for _, part := range strings.Split(path, ".") {
		if v.IsNull() {
			return ""
		}
		v = fields(t, v)[part]
	}
	return words(t, v)
}

func words(t *testing.T, v tftypes.Value) string {
	t.Helper()
	switch {
	case !v.IsKnown():
		return "unknown"
	case v.IsNull():
		return ""
	case v.Type().Is(tftypes.String):
		var s string
		_ = v.As(&s)
		return s
	case v.Type().Is(tftypes.Number):
		var n big.Float
		_ = v.As(&n)
		return n.String()
	case v.Type().Is(tftypes.Bool):
		var b bool
		_ = v.As(&b)
		return fmt.Sprint(b)
	case v.Type().Is(tftypes.List{}):
		var list []tftypes.Value
		_ = v.As(&list)
		var out []string
		for _, e := range list {
			out = append(out, words(t, e))
		}
		return "[" + strings.Join(out, " ") + "]"
	default:
		var out []string
		for k, e := range fields(t, v) {
			out = append(out, k+"="+words(t, e))
		}
		slices.Sort(out)
		return "{" + strings.Join(out, " ") + "}"
	}
}

func fields(t *testing.T, v tftypes.Value) map[string]tftypes.Value {
	t.Helper()
	shared := map[string]tftypes.Value{}
	if !v.IsNull() && v.IsKnown() {
		if err := v.As(&shared); err != nil {
			t.Fatal(err)
		}
	}
	return maps.Clone(shared)
}

// valueOf makes a value of a type; what is not given is null.
func valueOf(t *testing.T, typ tftypes.Type, v any) tftypes.Value {
	t.Helper()
	switch v := v.(type) {
	case nil:
		return tftypes.NewValue(typ, nil)
	case unknown:
		return tftypes.NewValue(typ, tftypes.UnknownValue)
	case tftypes.Value:
		return v
	case attrs:
		return valueOfMap(t, typ, v)
	case []any:
		var below tftypes.Type
		switch typ := typ.(type) {
		case tftypes.List:
			below = typ.ElementType
		case tftypes.Set:
			below = typ.ElementType
		default:
			t.Fatalf("a list for %s", typ)
		}
		values := []tftypes.Value{}
		for _, e := range v {
			values = append(values, valueOf(t, below, e))
		}
		return tftypes.NewValue(typ, values)
	default:
		return tftypes.NewValue(typ, v)
	}
}

func valueOfMap(t *testing.T, typ tftypes.Type, v attrs) tftypes.Value {
	t.Helper()
	values := map[string]tftypes.Value{}
	switch typ := typ.(type) {
	case tftypes.Object:
		for name, below := range typ.AttributeTypes {
			values[name] = valueOf(t, below, v[name])
		}
		for name := range v {
			if _, ok := typ.AttributeTypes[name]; !ok {
				t.Fatalf("there is no attribute %s", name)
			}
		}
	case tftypes.Map:
		for name, e := range v {
			values[name] = valueOf(t, typ.ElementType, e)
		}
	default:
		t.Fatalf("a map for %s", typ)
	}
	return tftypes.NewValue(typ, values)
}
