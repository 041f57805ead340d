package kube

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// ConflictError says which fields of an object other managers own with other values.
type ConflictError struct {
	// Fields maps each manager to its fields, as the API writes them: ".spec.replicas".
	Fields map[string][]string
	err    error
}

// Error names managers and fields: "kubectl-edit owns .spec.replicas".
func (e *ConflictError) Error() string {
	managers := make([]string, 0, len(e.Fields))
	for manager := range e.Fields {
		managers = append(managers, manager)
	}
	slices.Sort(managers)
	owns := make([]string, 0, len(managers))
	for _, manager := range managers {
		owns = append(owns, fmt.Sprintf("%s owns %s", manager, strings.Join(e.Fields[manager], ", ")))
	}
	return "conflict with other field managers: " + strings.Join(owns, "; ")
}

// Unwrap returns the API server's error.
func (e *ConflictError) Unwrap() error { return e.err }

// managerInCause reads the manager out of a cause's message: `conflict with "kubectl-edit" using apps/v1`,
// `conflict with "x" with subresource "scale" using ...` (apimachinery/pkg/util/managedfields/internal/conflict.go).
var managerInCause = regexp.MustCompile(`^conflict with "([^"]*)"`)

func conflictOf(err error) *ConflictError {
	var status apierrors.APIStatus
	if !errors.As(err, &status) || status.Status().Details == nil {
		return nil
	}
	out := &ConflictError{Fields: map[string][]string{}, err: err}
	for _, cause := range status.Status().Details.Causes {
		if cause.Type != metav1.CauseTypeFieldManagerConflict {
			continue
		}
		manager := "another manager"
		if match := managerInCause.FindStringSubmatch(cause.Message); match != nil {
			manager = match[1]
		}
		out.Fields[manager] = append(out.Fields[manager], cause.Field)
	}
	if len(out.Fields) == 0 {
		return nil
	}
	return out
}
