package kube

import (
	"strings"

	"github.com/dxlab/terraform-provider-lab/internal/object"
)

// statusCondition is one entry of status.conditions, as most kinds write it.
type statusCondition struct {
	Type, Status, Reason, Message      string
	LastUpdateTime, LastTransitionTime string
	ObservedGeneration                 int64
}

// String joins what the condition says: "Available=False: MinimumReplicasUnavailable: no minimum availability".
func (c statusCondition) String() string {
	parts := []string{c.Type + "=" + c.Status}
	for _, part := range []string{c.Reason, c.Message} {
		if part != "" {
			parts = append(parts, part)
		}
	}
	return strings.Join(parts, ": ")
}

func conditionsOf(o object.Object) []statusCondition {
	var out []statusCondition
	for _, item := range object.List(o, "status", "conditions") {
		m, ok := item.(map[string]any)
		if !ok {
			continue
		}
		out = append(out, statusCondition{
			Type:               object.String(m, "type"),
			Status:             object.String(m, "status"),
			Reason:             object.String(m, "reason"),
			Message:            object.String(m, "message"),
			LastUpdateTime:     object.String(m, "lastUpdateTime"),
			LastTransitionTime: object.String(m, "lastTransitionTime"),
			ObservedGeneration: number(m, "observedGeneration"),
		})
	}
	return out
}

// number returns the integer at path, or 0.
func number(o object.Object, path ...string) int64 {
	v, _ := object.Lookup(o, path...)
	return toInt(v)
}

func toInt(v any) int64 {
	switch v := v.(type) {
	case int64:
		return v
	case int:
		return int64(v)
	case float64:
		return int64(v)
	}
	return 0
}

// firstOf returns the first text that is not empty.
func firstOf(texts ...string) string {
	for _, text := range texts {
		if text != "" {
			return text
		}
	}
	return ""
}
