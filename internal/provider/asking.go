package provider

import (
	"context"
	"net/http"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/dxlab/terraform-provider-lab/internal/cluster"
	"github.com/dxlab/terraform-provider-lab/internal/fault"
	"github.com/dxlab/terraform-provider-lab/internal/object"
	"github.com/dxlab/terraform-provider-lab/internal/reach"
)

// viaDoc is how every resource that asks something over HTTP documents its attribute via.
const viaDoc = "Where the request goes out: `local` (the machine that Terraform runs on), `node` (the node of `cluster`, over SSH, so that its network is reached from anywhere) " +
	"or `cluster` (for names of services: a forwarded port of the API server, or its service proxy)."

// ways are the values of via.
var ways = []string{string(reach.ViaLocal), string(reach.ViaNode), string(reach.ViaCluster)}

// outside is the way to an address of the lab: from the node where there is one.
func outside(via types.String, ref reach.Reference) reach.Via {
	switch {
	case via.ValueString() != "":
		return reach.Via(via.ValueString())
	case ref.Host != "":
		return reach.ViaNode
	}
	return reach.ViaLocal
}

// inside is the way to a service by its name.
func inside(via types.String) reach.Via {
	if via.ValueString() != "" {
		return reach.Via(via.ValueString())
	}
	return reach.ViaCluster
}

// within makes a client that goes out that way.
func (s *session) within(ctx context.Context, ref reach.Reference, via reach.Via) (*http.Client, error) {
	return s.sending(ctx, ref, reach.HTTPOptions{Via: via})
}

// sending is within for requests that may go to certain addresses alone, or to a name of their own.
func (s *session) sending(ctx context.Context, ref reach.Reference, o reach.HTTPOptions) (*http.Client, error) {
	client, err := s.world.HTTP(ctx, ref, o)
	if err != nil {
		return nil, s.explainUnknown(err)
	}
	return client, nil
}

// limitOf reads a duration, which the schema has checked, or takes the default.
func limitOf(text types.String, otherwise time.Duration) time.Duration {
	limit, err := time.ParseDuration(text.ValueString())
	if err != nil || limit <= 0 {
		return otherwise
	}
	return limit
}

// resultModel is what every data source that looks at something alive says first: not reaching it is a result.
type resultModel struct {
	Reachable types.Bool   `tfsdk:"reachable"`
	Reason    types.String `tfsdk:"reason"`
}

func (m *resultModel) result(err error) {
	m.Reachable, m.Reason = types.BoolValue(err == nil), types.StringNull()
	if err != nil {
		m.Reason = types.StringValue(sentence(err.Error()))
	}
}

// clusterObjects lets package verify read a cluster through the engine.
type clusterObjects struct{ engine Engine }

// Get implements verify.Objects.
func (c clusterObjects) Get(ctx context.Context, ref object.Ref) (object.Object, error) {
	found, err := c.engine.Objects(ctx, ref)
	if err != nil {
		return nil, err
	}
	if len(found) == 0 {
		return nil, fault.Newf(fault.NotFound, "%s is not there", ref)
	}
	return found[0], nil
}

// List implements verify.Objects.
func (c clusterObjects) List(ctx context.Context, apiVersion, kind, namespace, selector string) ([]object.Object, error) {
	return c.engine.List(ctx, cluster.ListOptions{APIVersion: apiVersion, Kind: kind, Namespace: namespace, LabelSelector: selector})
}

// timeOf reads a time, which the schema has checked; null is the zero time.
func timeOf(text types.String) time.Time {
	at, err := time.Parse(time.RFC3339, text.ValueString())
	if err != nil {
		return time.Time{}
	}
	return at
}
