package object_test

import (
	"math"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/dxlab/terraform-provider-lab/internal/object"
)

type encoded struct {
	Name  string    `json:"name"`
	Port  int32     `json:"port"`
	Share float64   `json:"share"`
	Parts []encoded `json:"parts,omitempty"`
}

func TestEncode_KeepsNumbersApart(t *testing.T) {
	t.Parallel()
	in := encoded{Name: "a", Port: 80, Share: 0.5, Parts: []encoded{{Name: "b", Port: 443, Share: 1.25}}}
	got, err := object.Encode(in)
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]any{
		"name": "a", "port": int64(80), "share": 0.5,
		"parts": []any{map[string]any{"name": "b", "port": int64(443), "share": 1.25}},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	var back encoded
	if err := object.Decode(got, &back); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(in, back); diff != "" {
		t.Error(diff)
	}
}

func TestEncode_RefusesWhatJSONCannotSay(t *testing.T) {
	t.Parallel()
	if _, err := object.Encode(encoded{Share: math.NaN()}); err == nil {
		t.Error("NaN was encoded")
	}
}

func TestDecode_NamesTheTargetType(t *testing.T) {
	t.Parallel()
	var into encoded
	if err := object.Decode(map[string]any{"port": "eighty"}, &into); err == nil {
		t.Error("a string was decoded into a number")
	}
}
