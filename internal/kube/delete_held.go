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
	if len(out) == 0 {
		out = append(out, "its content, of which the namespace controller has said nothing yet")
	}
	return out
}

// remainingResource reads the resources out of the message of condition NamespaceContentRemaining: "Some
// resources are remaining: pods. has 1 resource instances, widgets.example.com has 2 resource instances"
// (kubernetes pkg/controller/namespace/deletion/status_condition_utils.go).
var remainingResource = regexp.MustCompile(`([a-z0-9-]+)\.([a-z0-9.-]*) has \d+ resource instances`)

// definitionContent names the objects that keep a CustomResourceDefinition that is being deleted.
func (c *Client) definitionContent(ctx context.Context, ref object.Ref) []string {
	live, err := c.get(ctx, ref)
	if err != nil {
		return nil
	}
	return c.holdersOf(ctx, "", schema.GroupResource{
		Group: object.String(live, "spec", "group"), Resource: object.String(live, "spec", "names", "plural"),
	})
}

// holders names the objects of a namespace that have finalizers, of the resources that a message lists.
func (c *Client) holders(ctx context.Context, namespace, message string) []string {
	var out []string
	for _, match := range remainingResource.FindAllStringSubmatch(message, -1) {
		out = append(out, c.holdersOf(ctx, namespace, schema.GroupResource{Group: match[2], Resource: match[1]})...)
	}
	return out
}

// maxHolders bounds how many objects of a kind an error names.
const maxHolders = 5

func (c *Client) holdersOf(ctx context.Context, namespace string, gr schema.GroupResource) []string {
	gvr, err := c.mapper.ResourceForWithContext(ctx, gr.WithVersion(""))
	if err != nil {
		return nil
	}
	list, err := c.metadata.Resource(gvr).Namespace(namespace).List(ctx, metav1.ListOptions{Limit: pageSize})
	if err != nil {
		return nil
	}
	var out []string
	for _, item := range list.Items {
		if len(item.Finalizers) == 0 || len(out) == maxHolders {
			continue
		}
		name := gr.Resource + "/" + item.Name
		if namespace == "" && item.Namespace != "" {
			name += " in " + item.Namespace
		}
		out = append(out, fmt.Sprintf("%s has finalizers %s", name, strings.Join(item.Finalizers, ", ")))
	}
	return out
}
