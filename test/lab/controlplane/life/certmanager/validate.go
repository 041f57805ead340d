package certmanager

import (
	"context"
	"fmt"
	"strings"

	admissionv1 "k8s.io/api/admission/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/dxlab/terraform-provider-lab/test/lab/controlplane/life/webhook"
)

// Validator answers for cert-manager's webhooks: it changes nothing, and refuses the mistakes that its users make most, in its words
// (cert-manager:internal/apis/certmanager/validation/{certificate,issuer}.go).
type Validator struct{}

// Answers implements webhook.Answerer.
func (Validator) Answers(q webhook.Question) bool {
	return q.Request.Kind.Group == "cert-manager.io" && (q.Path == "/validate" || q.Path == "/mutate")
}

// Answer implements webhook.Answerer.
func (Validator) Answer(_ context.Context, q webhook.Question) (*admissionv1.AdmissionResponse, error) {
	if q.Path == "/mutate" || q.Request.Operation == admissionv1.Delete {
		return webhook.Allow(), nil
	}
	var object unstructured.Unstructured
	if err := object.UnmarshalJSON(q.Request.Object.Raw); err != nil {
		return nil, fmt.Errorf("reading the object: %w", err)
	}
	spec, _, _ := unstructured.NestedMap(object.Object, "spec")
	var problems []string
	switch q.Request.Kind.Kind {
	case "Certificate":
		problems = certificateProblems(spec)
	case "Issuer", "ClusterIssuer":
		if len(spec) == 0 {
			problems = []string{"spec: Required value: at least one issuer must be configured"}
		}
	}
	if len(problems) > 0 {
		return webhook.Deny(strings.Join(problems, ", ")), nil
	}
	return webhook.Allow(), nil
}

func certificateProblems(spec map[string]any) []string {
	var problems []string
	if name, _, _ := unstructured.NestedString(spec, "secretName"); name == "" {
		problems = append(problems, "spec.secretName: Required value: must be specified")
	}
	if _, name := issuerOf(spec); name == "" {
		problems = append(problems, "spec.issuerRef.name: Required value: must be specified")
	}
	named := false
	for _, field := range []string{"commonName", "dnsNames", "uris", "emailAddresses", "ipAddresses", "literalSubject", "otherNames"} {
		_, has := spec[field]
		named = named || has
	}
	if !named {
		problems = append(problems, `spec: Invalid value: "": at least one of commonName (from the commonName field or from a literalSubject), dnsNames, uriSANs, ipAddresses, emailSANs or otherNames must be set`)
	}
	return problems
}
