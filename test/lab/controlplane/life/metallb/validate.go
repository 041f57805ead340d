package metallb

import (
	"context"
	"fmt"
	"slices"

	admissionv1 "k8s.io/api/admission/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/dynamic"

	"github.com/dxlab/terraform-provider-lab/test/lab/controlplane/life/webhook"
)

// PoolResource is the kind of MetalLB's pools.
var PoolResource = schema.GroupVersionResource{Group: "metallb.io", Version: "v1beta1", Resource: "ipaddresspools"}

// Validator answers for the validation webhooks of MetalLB.
type Validator struct{ Client dynamic.Interface }

// Answers implements webhook.Answerer.
func (v *Validator) Answers(q webhook.Question) bool { return q.Request.Kind.Group == "metallb.io" }

// Answer implements webhook.Answerer.
func (v *Validator) Answer(ctx context.Context, q webhook.Question) (*admissionv1.AdmissionResponse, error) {
	request := q.Request
	if request.Operation == admissionv1.Delete {
		return webhook.Allow(), nil
	}
	if request.Operation == admissionv1.Create && request.Namespace != q.Namespace {
		return webhook.Deny(fmt.Sprintf("resource must be created in %s namespace", q.Namespace)), nil
	}
	if request.Kind.Kind != "IPAddressPool" {
		return webhook.Allow(), nil
	}
	var asked unstructured.Unstructured
	if err := asked.UnmarshalJSON(request.Object.Raw); err != nil {
		return nil, fmt.Errorf("reading the pool: %w", err)
	}
	existing, err := v.Client.Resource(PoolResource).Namespace(q.Namespace).List(ctx, metav1.ListOptions{})
	if err != nil {
		return nil, fmt.Errorf("failed to get existing IPAddressPool objects: %w", err)
	}
	if err := checkPools(with(existing.Items, &asked)); err != nil {
		return webhook.Deny(err.Error()), nil
	}
	return webhook.Allow(), nil
}

// with puts asked into the place of the pool of its name, or at the end.
func with(existing []unstructured.Unstructured, asked *unstructured.Unstructured) []*unstructured.Unstructured {
	var pools []*unstructured.Unstructured
	for i := range existing {
		pools = append(pools, &existing[i])
	}
	if i := slices.IndexFunc(pools, func(p *unstructured.Unstructured) bool { return p.GetName() == asked.GetName() }); i >= 0 {
		pools[i] = asked
		return pools
	}
	return append(pools, asked)
}
