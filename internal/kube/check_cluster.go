package kube

import (
	"context"
	"fmt"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/dxlab/terraform-provider-lab/internal/fault"
	"github.com/dxlab/terraform-provider-lab/internal/object"
)

// check looks at one condition. read returns the live object, once a poll.
func (c *Client) check(ctx context.Context, cond Condition, read func(context.Context, object.Ref) (object.Object, error)) (verdict, error) {
	if cond.Kind == EndpointsReady {
		return c.endpointsReady(ctx, cond.Ref.Namespace, cond.Ref.Name)
	}
	live, err := read(ctx, cond.Ref)
	if err != nil {
		return verdict{}, err
	}
	switch cond.Kind {
	case Established:
		return c.established(ctx, live)
	case WebhookUsable:
		return c.webhookUsable(ctx, live, cond.Probe)
	case RunsConfig:
		return runsConfig(ctx, live, cond.Rendered, read)
	}
	return evaluate(cond.Check, live)
}

// endpointsReady looks for a ready address behind a Service. An endpoint without a word on its readiness is
// ready (discovery.k8s.io/v1, EndpointConditions.Ready).
func (c *Client) endpointsReady(ctx context.Context, namespace, service string) (verdict, error) {
	ctx, cancel := c.bounded(ctx)
	defer cancel()
	slices, err := c.dynamic.Resource(endpointSlices).Namespace(namespace).List(ctx, metav1.ListOptions{
		LabelSelector: "kubernetes.io/service-name=" + service,
	})
	if err != nil {
		return verdict{}, c.classify(err)
	}
	total := 0
	for _, slice := range slices.Items {
		for _, item := range object.List(slice.Object, "endpoints") {
			endpoint, ok := item.(map[string]any)
			if !ok {
				continue
			}
			total++
			if ready, said := object.Lookup(endpoint, "conditions", "ready"); !said || ready == true {
				return verdict{met: true}, nil
			}
		}
	}
	if total == 0 {
		return pending("Service %s/%s has no endpoints", namespace, service), nil
	}
	return pending("Service %s/%s has no ready endpoint among %d", namespace, service, total), nil
}

// established looks at a CustomResourceDefinition, then at whether its kinds can be used: the API server serves
// them a moment after it says so.
func (c *Client) established(ctx context.Context, crd object.Object) (verdict, error) {
	v := conditionTrue(crd, "Established")
	if v.failed = failureOf(crd); v.failed != nil {
		return verdict{seen: v.failed.text, failed: v.failed}, nil
	}
	if !v.met {
		return v, nil
	}
	group, kind := object.String(crd, "spec", "group"), object.String(crd, "spec", "names", "kind")
	for _, item := range object.List(crd, "spec", "versions") {
		version, ok := item.(map[string]any)
		if served, _ := object.Lookup(version, "served"); !ok || served != true {
			continue
		}
		apiVersion := schema.GroupVersion{Group: group, Version: object.String(version, "name")}.String()
		switch _, err := c.mapping(ctx, apiVersion, kind); {
		case fault.Is(err, fault.NotFound):
			c.mapper.changed()
			return pending("it is established, but %s %s is not served yet", apiVersion, kind), nil
		case err != nil:
			return verdict{}, err
		}
	}
	return v, nil
}

// webhookUsable looks at each webhook of an admission configuration, or at the conversion webhook of a
// CustomResourceDefinition. With a probe it then has the API server really call it.
func (c *Client) webhookUsable(ctx context.Context, config object.Object, probe object.Object) (verdict, error) {
	checked := map[string]bool{}
	for _, hook := range webhooksOf(config) {
		if hook.service == "" {
			continue // called by URL: there is nothing in the cluster to look at
		}
		if !hook.trusted {
			return pending("webhook %s has no CA bundle yet", hook.name), nil
		}
		key := hook.namespace + "/" + hook.service
		if checked[key] {
			continue
		}
		checked[key] = true
		v, err := c.endpointsReady(ctx, hook.namespace, hook.service)
		if err != nil || !v.met {
			return v, err
		}
	}
	if probe == nil {
		return verdict{met: true}, nil
	}
	return c.probed(ctx, probe)
}

// probed applies an object in a dry run. Whatever the webhook answers, a refusal included, it is there.
func (c *Client) probed(ctx context.Context, probe object.Object) (verdict, error) {
	_, err := c.Apply(ctx, probe, ApplyOptions{DryRun: true, Force: true})
	text := ""
	if err != nil {
		text = err.Error()
	}
	switch {
	case err == nil, isDeniedByWebhook(text), isWithoutDryRun(text):
		return verdict{met: true}, nil
	case IsWebhookNotReady(err), fault.Is(err, fault.NotFound):
		return pending("%s", text), nil
	}
	return verdict{}, fmt.Errorf("probing: %w", err)
}

// webhook is one webhook that the API server may call.
type webhook struct {
	name, namespace, service string
	trusted                  bool
}

func webhooksOf(config object.Object) []webhook {
	if object.String(config, "kind") == "CustomResourceDefinition" {
		client := object.Map(config, "spec", "conversion", "webhook", "clientConfig")
		if client == nil {
			return nil
		}
		return []webhook{webhookOf("conversion", client)}
	}
	var out []webhook
	for _, item := range object.List(config, "webhooks") {
		if m, ok := item.(map[string]any); ok {
			out = append(out, webhookOf(object.String(m, "name"), object.Map(m, "clientConfig")))
		}
	}
	return out
}

func webhookOf(name string, client map[string]any) webhook {
	return webhook{
		name:      name,
		namespace: object.String(client, "service", "namespace"),
		service:   object.String(client, "service", "name"),
		trusted:   object.String(client, "caBundle") != "",
	}
}
