package istio

import (
	"context"
	"fmt"
	"net/http"
	"strings"

	admissionv1 "k8s.io/api/admission/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/dxlab/terraform-provider-lab/test/lab/controlplane/life/webhook"
)

// Validator answers for istiod's validation webhook with the refusals that its users meet most (istio:pkg/config/validation/validation.go).
type Validator struct{}

// Answers implements webhook.Answerer.
func (Validator) Answers(q webhook.Question) bool {
	return q.Path == "/validate" && strings.HasSuffix(q.Request.Kind.Group, ".istio.io")
}

// Answer implements webhook.Answerer.
func (Validator) Answer(_ context.Context, q webhook.Question) (*admissionv1.AdmissionResponse, error) {
	var object unstructured.Unstructured
	if err := object.UnmarshalJSON(q.Request.Object.Raw); err != nil {
		return nil, fmt.Errorf("reading the configuration: %w", err)
	}
	if problem := validate(&object); problem != "" {
		return &admissionv1.AdmissionResponse{Result: &metav1.Status{
			Message: "configuration is invalid: " + problem, Reason: metav1.StatusReasonBadRequest, Code: http.StatusBadRequest,
		}}, nil
	}
	return webhook.Allow(), nil
}

func validate(object *unstructured.Unstructured) string {
	spec, _, _ := unstructured.NestedMap(object.Object, "spec")
	count := func(field string) int {
		items, _, _ := unstructured.NestedSlice(spec, field)
		return len(items)
	}
	switch object.GetKind() {
	case "Gateway":
		if count("servers") == 0 {
			return "gateway must have at least one server"
		}
	case "VirtualService":
		switch {
		case count("hosts") == 0:
			return "virtual service must have at least one host"
		case count("http")+count("tcp")+count("tls") == 0:
			return "http, tcp or tls must be provided in virtual service"
		}
	case "DestinationRule":
		if host, _, _ := unstructured.NestedString(spec, "host"); host == "" {
			return "domain name \"\" invalid (empty)"
		}
	}
	return ""
}
