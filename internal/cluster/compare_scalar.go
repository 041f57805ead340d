package cluster

import (
	"fmt"
	"slices"

	"k8s.io/apimachinery/pkg/api/resource"
)

// same compares two values as the API server does: numbers by value, quantities by amount.
func same(path []string, want, live any) bool {
	if empty(want) && empty(live) {
		return true
	}
	if a, ok := asNumber(want); ok {
		if b, ok := asNumber(live); ok {
			return a == b
		}
	}
	if fmt.Sprint(want) == fmt.Sprint(live) && live != nil {
		return true
	}
	return holdsQuantities(path) && sameQuantity(want, live)
}

func asNumber(v any) (float64, bool) {
	switch v := v.(type) {
	case int:
		return float64(v), true
	case int64:
		return float64(v), true
	case float64:
		return v, true
	}
	return 0, false
}

// quantityFields are names below which the API server rewrites amounts into their canonical form: 1000m becomes 1.
var quantityFields = []string{
	"limits", "requests", "resources", "capacity", "allocatable", "hard", "sizeLimit", "divisor", "averageValue", "overhead",
	"min", "max", "default", "defaultRequest", "maxLimitRequestRatio", "storage", "memory", "cpu",
}

func holdsQuantities(path []string) bool {
	return slices.ContainsFunc(path, func(p string) bool { return slices.Contains(quantityFields, p) })
}

func sameQuantity(want, live any) bool {
	a, errA := resource.ParseQuantity(fmt.Sprint(want))
	b, errB := resource.ParseQuantity(fmt.Sprint(live))
	return errA == nil && errB == nil && a.Cmp(b) == 0
}
