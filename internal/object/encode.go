package object

import (
	"bytes"
	"encoding/json"
	"fmt"
)

// Encode turns a struct with json tags into the maps and lists of an [Object]. Whole numbers come out as int64.
func Encode(v any) (map[string]any, error) {
	raw, err := json.Marshal(v)
	if err != nil {
		return nil, fmt.Errorf("encoding %T: %w", v, err)
	}
	decoder := json.NewDecoder(bytes.NewReader(raw))
	decoder.UseNumber()
	var out map[string]any
	if err := decoder.Decode(&out); err != nil {
		return nil, fmt.Errorf("encoding %T: %w", v, err)
	}
	for key, value := range out {
		out[key] = number(value)
	}
	return out, nil
}

// Decode reads what [Encode] wrote, or a part of a live object, into a struct with json tags. Fields that the struct
// does not know are left out.
func Decode(from, into any) error {
	raw, err := json.Marshal(from)
	if err != nil {
		return fmt.Errorf("decoding into %T: %w", into, err)
	}
	if err := json.Unmarshal(raw, into); err != nil {
		return fmt.Errorf("decoding into %T: %w", into, err)
	}
	return nil
}

// number replaces json.Number inside maps and lists by int64 where it fits and float64 elsewhere.
func number(v any) any {
	switch v := v.(type) {
	case map[string]any:
		for key, value := range v {
			v[key] = number(value)
		}
	case []any:
		for i, value := range v {
			v[i] = number(value)
		}
	case json.Number:
		if whole, err := v.Int64(); err == nil {
			return whole
		}
		if broken, err := v.Float64(); err == nil {
			return broken
		}
	}
	return v
}
