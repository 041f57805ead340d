package provider

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework-validators/int64validator"
	"github.com/hashicorp/terraform-plugin-framework-validators/listvalidator"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/booldefault"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/boolplanmodifier"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/int64default"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/int64planmodifier"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/listplanmodifier"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/planmodifier"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/stringdefault"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/stringplanmodifier"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/dxlab/terraform-provider-lab/internal/k3d"
)

func (r *k3dCluster) Schema(ctx context.Context, _ resource.SchemaRequest, resp *resource.SchemaResponse) {
	attributes := map[string]schema.Attribute{
		"k3d": toolAttribute("The k3d that is installed where the host has none. A k3d that is there already is used as it is, from v5.5.0 on.",
			toolAttributes("Version, as the release is tagged: `v5.9.0`. Default: that of the provider's current profile.")),
		"adopt": schema.BoolAttribute{
			Optional: true, Computed: true, Default: booldefault.StaticBool(false),
			MarkdownDescription: "Takes over a cluster of this name that is there already, as it is. Default: `false`, which makes it an error.",
		},
		"drift_policy": nodeDriftPolicy(),
		"drift":        schema.ListAttribute{Computed: true, ElementType: types.StringType, MarkdownDescription: "Differences found by the last refresh, one line each: `servers: want 1 running, the host runs 0`. They are put right in place; another number of nodes than wanted replaces the cluster."},
		"cluster":      k3dOutput(),
		"network_subnet": schema.StringAttribute{
			Computed: true, MarkdownDescription: "Range of the cluster's Docker network. Addresses for `lab_metallb_pool` have to be from it; nobody but the host reaches them.",
		},
		"k3d_version": schema.StringAttribute{Computed: true, MarkdownDescription: "Version of k3d on the host."},
		"k3d_sha256":  schema.StringAttribute{Computed: true, MarkdownDescription: "SHA-256 sum of the k3d that was installed for this cluster, null where there was one. It is removed again with the last cluster."},
		"timeouts":    timeoutsAttribute(ctx),
	}
	for name, a := range k3dShapeAttributes() {
		attributes[name] = a
	}
	resp.Schema = schema.Schema{
		MarkdownDescription: "A Kubernetes cluster in containers, made by [k3d](https://k3d.io) on a host with Docker.\n\n" +
			"Its `cluster` goes where that of `lab_rke2_node` does. The API is served on the loopback of the host alone and is reached through SSH; the kubeconfig is on the host, for root alone. " +
			"What makes the cluster up cannot change: another image, network or number of nodes means another cluster. One that was stopped is started again.",
		Attributes: withConnection("Host with Docker, reached over SSH.", true, attributes),
	}
}

// k3dShapeAttributes are the ones that k3d takes when it makes a cluster, and never again.
func k3dShapeAttributes() map[string]schema.Attribute {
	again := []planmodifier.String{stringplanmodifier.RequiresReplace()}
	count := []planmodifier.Int64{int64planmodifier.RequiresReplace()}
	filters := schema.ListAttribute{
		Optional: true, ElementType: types.StringType, Validators: []validator.List{listvalidator.SizeAtLeast(1)},
		MarkdownDescription: "Which nodes it is for, as k3d names them: `server:*`, `agent:0`, `loadbalancer`.",
	}
	return map[string]schema.Attribute{
		"name":    schema.StringAttribute{Optional: true, Computed: true, Default: stringdefault.StaticString(defaultK3dName), PlanModifiers: again, MarkdownDescription: "Name of the cluster, up to 32 characters. Default: `lab`."},
		"servers": schema.Int64Attribute{Optional: true, Computed: true, Default: int64default.StaticInt64(1), PlanModifiers: count, MarkdownDescription: "How many servers. Default: 1.", Validators: []validator.Int64{int64validator.AtLeast(1)}},
		"agents":  schema.Int64Attribute{Optional: true, Computed: true, Default: int64default.StaticInt64(0), PlanModifiers: count, MarkdownDescription: "How many agents. Default: 0.", Validators: []validator.Int64{int64validator.AtLeast(0)}},
		"image":   schema.StringAttribute{Optional: true, Computed: true, Default: stringdefault.StaticString(defaultK3sImage()), PlanModifiers: again, MarkdownDescription: "K3s image, whose tag is the version of Kubernetes. Default: that of the provider's current profile, `" + defaultK3sImage() + "`."},
		"network": schema.StringAttribute{Optional: true, PlanModifiers: again, MarkdownDescription: "Docker network; it is made when it is not there. Default: one of the cluster's own."},
		"subnet":  schema.StringAttribute{Optional: true, PlanModifiers: again, MarkdownDescription: "Range of the network that is made, such as `172.28.0.0/16`. Default: Docker's choice."},
		"api_port": schema.Int64Attribute{
			Optional: true, Computed: true, Default: int64default.StaticInt64(k3d.DefaultAPIPort), PlanModifiers: count,
			MarkdownDescription: "Port of the API on the host's loopback. Default: 6550.", Validators: []validator.Int64{int64validator.Between(1, 65535)},
		},
		"ports": schema.ListNestedAttribute{
			Optional: true, PlanModifiers: []planmodifier.List{listplanmodifier.RequiresReplace()}, Validators: []validator.List{listvalidator.SizeAtLeast(1)},
			MarkdownDescription: "Ports of nodes that the host publishes.",
			NestedObject: schema.NestedAttributeObject{Attributes: map[string]schema.Attribute{
				"port":         schema.StringAttribute{Required: true, MarkdownDescription: "`[address:][port:]container-port[/protocol]`, such as `8080:80`."},
				"node_filters": filters,
			}},
		},
		"extra_args": schema.ListNestedAttribute{
			Optional: true, PlanModifiers: []planmodifier.List{listplanmodifier.RequiresReplace()}, Validators: []validator.List{listvalidator.SizeAtLeast(1)},
			MarkdownDescription: "Further arguments of K3s.",
			NestedObject: schema.NestedAttributeObject{Attributes: map[string]schema.Attribute{
				"arg":          schema.StringAttribute{Required: true, MarkdownDescription: "The argument, such as `--kubelet-arg=max-pods=200`."},
				"node_filters": filters,
			}},
		},
		"traefik":   schema.BoolAttribute{Optional: true, Computed: true, Default: booldefault.StaticBool(false), PlanModifiers: []planmodifier.Bool{boolplanmodifier.RequiresReplace()}, MarkdownDescription: "Whether K3s brings its own Traefik. Default: `false`."},
		"servicelb": schema.BoolAttribute{Optional: true, Computed: true, Default: booldefault.StaticBool(false), PlanModifiers: []planmodifier.Bool{boolplanmodifier.RequiresReplace()}, MarkdownDescription: "Whether K3s brings its own load balancer, which is in MetalLB's way. Default: `false`."},
	}
}

// k3dOutput is the same reference as a node's.
func k3dOutput() schema.SingleNestedAttribute {
	a := clusterOutput()
	a.MarkdownDescription = "The cluster, for the `cluster` attribute of other resources. It holds no secrets."
	return a
}
