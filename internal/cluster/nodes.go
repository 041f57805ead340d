package cluster

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/dxlab/terraform-provider-lab/internal/kube"
	"github.com/dxlab/terraform-provider-lab/internal/object"
)

// Node is a machine as the cluster sees it.
type Node struct {
	Name string
	// Address is its internal address.
	Address string
	// Roles are the parts of its node-role labels, such as "control-plane".
	Roles []string
	// Version is its kubelet's.
	Version string
	Ready   bool
	// Cordoned nodes get no new pods.
	Cordoned bool
}

// Nodes lists the nodes by name.
func (c *Cluster) Nodes(ctx context.Context) ([]Node, error) {
	list, err := c.kube.List(ctx, kube.ListOptions{APIVersion: "v1", Kind: "Node"})
	if err != nil {
		return nil, err
	}
	nodes := make([]Node, 0, len(list))
	for _, o := range list {
		nodes = append(nodes, nodeOf(o))
	}
	slices.SortFunc(nodes, func(a, b Node) int { return strings.Compare(a.Name, b.Name) })
	return nodes, nil
}

const rolePrefix = "node-role.kubernetes.io/"

func nodeOf(o object.Object) Node {
	n := Node{Name: object.RefOf(o).Name, Version: object.String(o, "status", "nodeInfo", "kubeletVersion"), Roles: []string{}}
	if cordoned, _ := object.Lookup(o, "spec", "unschedulable"); cordoned == true {
		n.Cordoned = true
	}
	for label := range object.Map(o, "metadata", "labels") {
		if role, ok := strings.CutPrefix(label, rolePrefix); ok {
			n.Roles = append(n.Roles, role)
		}
	}
	slices.Sort(n.Roles)
	for _, a := range object.List(o, "status", "addresses") {
		if m, ok := a.(map[string]any); ok && m["type"] == "InternalIP" {
			n.Address = object.String(m, "address")
		}
	}
	for _, c := range object.List(o, "status", "conditions") {
		if m, ok := c.(map[string]any); ok && m["type"] == "Ready" {
			n.Ready = m["status"] == "True"
		}
	}
	return n
}

// AwaitNode waits until a node is ready. The error is of kind fault.Timeout and says what holds it.
func (c *Cluster) AwaitNode(ctx context.Context, name string, timeout time.Duration) error {
	return c.kube.Wait(ctx, []kube.Condition{{
		Name:  "Node " + name + " is ready",
		Ref:   object.Ref{APIVersion: "v1", Kind: "Node", Name: name},
		Check: kube.Check{Kind: kube.ConditionTrue, Type: "Ready"},
	}}, kube.WaitOptions{Timeout: timeout})
}

// nodeGone bounds the wait for a Node object: nothing but a finalizer can hold it.
const nodeGone = time.Minute

// DrainNode moves a node's pods to other nodes. Where no other node could take them there is nothing to do: the pods of
// the last node end with it.
func (c *Cluster) DrainNode(ctx context.Context, name string, timeout time.Duration) error {
	c.lists.write()
	nodes, err := c.Nodes(ctx)
	if err != nil {
		return err
	}
	here, others := false, false
	for _, n := range nodes {
		here = here || n.Name == name
		others = others || (n.Name != name && n.Ready && !n.Cordoned)
	}
	if !here || !others {
		return nil
	}
	return c.kube.Drain(ctx, name, timeout)
}

// RemoveNode deletes a Node object. RKE2 then drops the node's password and, of a server, its etcd member.
func (c *Cluster) RemoveNode(ctx context.Context, name string) error {
	c.lists.write()
	return c.kube.Delete(ctx, object.Ref{APIVersion: "v1", Kind: "Node", Name: name}, kube.DeleteOptions{Wait: nodeGone})
}
