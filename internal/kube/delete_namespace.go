package kube

import (
	"context"
	"fmt"
	"regexp"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/dxlab/terraform-provider-lab/internal/object"
)

// namespaceContent says what keeps a namespace that is being deleted: its conditions in the server's words, and
// by name the objects that have finalizers.
func (c *Client) namespaceContent(ctx context.Context, ref object.Ref) []string {
	live, err := c.get(ctx, ref)
	if err != nil {
		return nil
	}
	var out []string
	for _, condition := range conditionsOf(live) {
		if condition.Status != "True" {
			continue
		}
		out = append(out, strings.TrimSuffix(condition.Message, ", ")+" ("+condition.Type+")")
		if condition.Type == "NamespaceContentRemaining" {
			out = append(out, c.holders(ctx, ref.Name, condition.Message)...)
		}
	}
	return out
}

// remainingResource reads the resources out of the message of condition NamespaceContentRemaining: "Some
// resources are remaining: pods. has 1 resource instances, widgets.example.com has 2 resource instances"
// (kubernetes pkg/controller/namespace/deletion/status_condition_utils.go).
var remainingResource = regexp.MustCompile(`([a-z0-9-]+)\.([a-z0-9.-]*) has \d+ resource instances`)

// maxHolders bounds how many objects an error names.
const maxHolders = 5

// holders names the objects of a namespace that have finalizers.
func (c *Client) holders(ctx context.Context, namespace, message string) []string {
	var out []string
	for _, match := range remainingResource.FindAllStringSubmatch(message, -1) {
		gvr, err := c.mapper.ResourceForWithContext(ctx, schema.GroupVersionResource{Group: match[2], Resource: match[1]})
		if err != nil {
			continue
		}
		list, err := c.metadata.Resource(gvr).Namespace(namespace).List(ctx, metav1.ListOptions{Limit: pageSize})
		if err != nil {
			continue
		}
		for _, item := range list.Items {
			if len(item.Finalizers) > 0 && len(out) < maxHolders {
				out = append(out, fmt.Sprintf("%s/%s has finalizers %s", match[1], item.Name, strings.Join(item.Finalizers, ", ")))
			}
		}
	}
	return out
}
