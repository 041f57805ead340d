package provider

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework-validators/int64validator"
	"github.com/hashicorp/terraform-plugin-framework-validators/listvalidator"
	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/booldefault"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/int64planmodifier"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/planmodifier"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/stringdefault"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/stringplanmodifier"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"
)

// What a node's on_destroy may be.
const (
	onDestroyUninstall  = "uninstall"
	defaultDrainTimeout = "2m"
	onDestroyKeep       = "keep"
)

func (r *rke2Node) Schema(ctx context.Context, _ resource.SchemaRequest, resp *resource.SchemaResponse) {
	resp.Schema = schema.Schema{
		MarkdownDescription: "A Linux host as a node of an RKE2 cluster, installed and kept over SSH.\n\n" +
			"The first server makes the cluster; every other node joins by reference: `join = lab_rke2_node.first.cluster`. " +
			"The join token is read from the server over SSH and written to the joining host; it passes through neither plan nor state.\n\n" +
			"A failed or interrupted creation stays in the state and is repaired in place by the next apply, without installing again what is there.",
		Attributes: nodeAttributes(ctx),
	}
}

func nodeAttributes(ctx context.Context) map[string]schema.Attribute {
	attributes := map[string]schema.Attribute{
		"host":     schema.StringAttribute{Required: true, MarkdownDescription: "Name or address to reach the host at, or an alias of `~/.ssh/config`. It may change while the host stays the same."},
		"port":     schema.Int64Attribute{Optional: true, MarkdownDescription: "Port of its SSH server. Default: the provider's `ssh.port`.", Validators: []validator.Int64{int64validator.Between(1, 65535)}},
		"user":     schema.StringAttribute{Optional: true, MarkdownDescription: "User to log in as: root, or one with sudo. Default: the provider's `ssh.user`."},
		"host_key": schema.StringAttribute{Optional: true, MarkdownDescription: "The host's public key (`ssh-ed25519 AAAA...`) or its `SHA256:` fingerprint, instead of `known_hosts`."},
		"role": schema.StringAttribute{
			Optional: true, Computed: true, Default: stringdefault.StaticString("server"),
			MarkdownDescription: "`server` runs the control plane and workloads, `agent` workloads only. Default: `server`.",
			Validators:          []validator.String{stringvalidator.OneOf("server", "agent")},
			PlanModifiers:       []planmodifier.String{stringplanmodifier.RequiresReplace()},
		},
		"join": joinAttribute(),
		"version": schema.StringAttribute{
			Optional:            true,
			MarkdownDescription: "RKE2 version, such as `v1.35.7+rke2r1`. A newer one upgrades the node in place; a server must not skip a minor version and nothing is downgraded, which is refused at plan. Conflicts with `channel`.",
			Validators:          []validator.String{rke2Version{}, stringvalidator.ConflictsWith(path.MatchRoot("channel"))},
		},
		"channel": schema.StringAttribute{
			Optional:            true,
			MarkdownDescription: "Release channel that chooses the version when the node is first installed or the channel changes: `stable`, `latest`, `v1.35`, ... Default: `stable`. A channel that moves on upgrades nothing by itself.",
		},
		"artifacts":          artifactsAttribute(),
		"adopt":              schema.BoolAttribute{Optional: true, Computed: true, Default: booldefault.StaticBool(false), MarkdownDescription: "Takes over an RKE2 that is on the host already, where its role and version allow it. Default: `false`, which makes it an error."},
		"drift_policy":       nodeDriftPolicy(),
		"on_destroy":         schema.StringAttribute{Optional: true, Computed: true, Default: stringdefault.StaticString(onDestroyUninstall), MarkdownDescription: "What a destroy does with the host: `uninstall` removes RKE2 and its data, `keep` only forgets it. Default: `uninstall`.", Validators: []validator.String{stringvalidator.OneOf(onDestroyUninstall, onDestroyKeep)}},
		"drain_timeout":      schema.StringAttribute{Optional: true, Computed: true, Default: stringdefault.StaticString(defaultDrainTimeout), MarkdownDescription: "How long a destroy waits for the node's pods to move to other nodes, such as `5m`; disruption budgets are respected until then. `0s` does not drain. Nothing is drained where no other node is ready. Default: `" + defaultDrainTimeout + "`.", Validators: []validator.String{duration{}}},
		"timeouts":           timeoutsAttribute(ctx),
		"cluster":            clusterOutput(),
		"name":               schema.StringAttribute{Computed: true, MarkdownDescription: "Name of the node in its cluster.", PlanModifiers: []planmodifier.String{stringplanmodifier.UseStateForUnknown()}},
		"installed_version":  schema.StringAttribute{Computed: true, MarkdownDescription: "Version that is installed."},
		"address":            schema.StringAttribute{Computed: true, MarkdownDescription: "The node's own address: `node_ip`, or the source address of its default route. Other nodes join here.", PlanModifiers: []planmodifier.String{stringplanmodifier.UseStateForUnknown()}},
		"drift":              schema.ListAttribute{Computed: true, ElementType: types.StringType, MarkdownDescription: "Differences found by the last refresh, one line each: `config cni: want \"calico\", host has \"canal\"`. Secrets are not shown."},
		"status":             schema.StringAttribute{Computed: true, MarkdownDescription: "`ready`, or `failed` when a creation did not finish; the next apply goes on with it."},
		"registries_auth_wo": registriesAuthAttribute(),
		"registries_auth_wo_version": schema.Int64Attribute{
			Optional: true, MarkdownDescription: "Change it to have `registries_auth_wo` written again.",
			Validators: []validator.Int64{int64validator.AlsoRequires(path.MatchRoot("registries_auth_wo"))},
		},
	}
	for name, a := range nodeConfigAttributes() {
		attributes[name] = a
	}
	return attributes
}

// nodeConfigAttributes are the ones that end in RKE2's configuration files.
func nodeConfigAttributes() map[string]schema.Attribute {
	return map[string]schema.Attribute{
		"node_name": schema.StringAttribute{
			Optional: true, MarkdownDescription: "Name that the node registers with. Default: the host's name. It must be unique in the cluster.",
			PlanModifiers: []planmodifier.String{stringplanmodifier.RequiresReplace()},
		},
		"node_ip":            schema.StringAttribute{Optional: true, MarkdownDescription: "Address that the node announces, or two, separated by a comma, for dual stack. Default: RKE2's choice."},
		"tls_san":            schema.ListAttribute{Optional: true, ElementType: types.StringType, MarkdownDescription: "Further names and addresses in the API server's certificate. Servers only."},
		"cni":                schema.ListAttribute{Optional: true, ElementType: types.StringType, MarkdownDescription: "Network plugin: `canal`, `calico`, `cilium`, `flannel` or `none`; `multus` goes first. Default: RKE2's, `canal`. Servers only; it cannot change once a cluster is made.", Validators: []validator.List{listvalidator.SizeBetween(1, 2)}},
		"ingress_controller": schema.ListAttribute{Optional: true, ElementType: types.StringType, MarkdownDescription: "Packaged ingress controller: `traefik`, `ingress-nginx` or `none`. Default: RKE2's. Servers only, from v1.29.7, v1.30.3 and v1.31 on; before that use `config` with `disable`.", Validators: []validator.List{listvalidator.SizeAtLeast(1)}},
		"labels":             schema.MapAttribute{Optional: true, ElementType: types.StringType, MarkdownDescription: "Labels of the node, given when it registers."},
		"taints": schema.ListNestedAttribute{
			Optional: true, MarkdownDescription: "Taints of the node, given when it registers.",
			NestedObject: schema.NestedAttributeObject{Attributes: map[string]schema.Attribute{
				"key":    schema.StringAttribute{Required: true, MarkdownDescription: "Key of the taint."},
				"value":  schema.StringAttribute{Optional: true, MarkdownDescription: "Its value."},
				"effect": schema.StringAttribute{Required: true, MarkdownDescription: "`NoSchedule`, `PreferNoSchedule` or `NoExecute`.", Validators: []validator.String{stringvalidator.OneOf("NoSchedule", "PreferNoSchedule", "NoExecute")}},
			}},
		},
		"system_default_registry": schema.StringAttribute{
			Optional: true, Computed: true,
			MarkdownDescription: "Registry, as `host[:port]`, that RKE2 takes its own images from. Servers only. Default: `images.registry` of the provider, where that is a host without a path.",
			Validators:          []validator.String{stringvalidator.RegexMatches(registryHost, "must be host[:port], without a scheme or a path")},
		},
		"registries": registriesAttribute(),
		"config":     schema.StringAttribute{Optional: true, MarkdownDescription: "YAML with further keys of RKE2's configuration, as its documentation names them. Tokens are refused; keys with an attribute of their own are too.", Validators: []validator.String{yamlMapping{}}},
		"data_dir": schema.StringAttribute{
			Optional: true, MarkdownDescription: "Data directory. Default: `/var/lib/rancher/rke2`.",
			PlanModifiers: []planmodifier.String{stringplanmodifier.RequiresReplace()},
		},
	}
}

func nodeDriftPolicy() schema.StringAttribute {
	return schema.StringAttribute{
		Optional: true, Computed: true, Default: stringdefault.StaticString(driftCorrect),
		MarkdownDescription: "What to do about differences between what was installed and what is on the host: `correct` plans to put them right, `warn` tells of them, `ignore` does not. Default: `correct`.",
		Validators:          []validator.String{stringvalidator.OneOf(driftCorrect, driftWarn, driftIgnore)},
	}
}

func joinAttribute() schema.SingleNestedAttribute {
	a := referenceAttribute()
	a.MarkdownDescription = "The cluster to join, as the `cluster` of one of its servers. Required for agents; without it a server makes a new cluster."
	return a
}

func clusterOutput() schema.SingleNestedAttribute {
	return schema.SingleNestedAttribute{
		Computed:            true,
		MarkdownDescription: "The node's cluster, for the `cluster` and `join` attributes of other resources. It holds no secrets.",
		Attributes: map[string]schema.Attribute{
			"uid":             schema.StringAttribute{Computed: true, MarkdownDescription: "UID of namespace `kube-system`, which names the cluster for its whole life.", PlanModifiers: []planmodifier.String{stringplanmodifier.UseStateForUnknown()}},
			"host":            schema.StringAttribute{Computed: true, MarkdownDescription: "Host of the server that the API is reached through."},
			"port":            schema.Int64Attribute{Computed: true, MarkdownDescription: "Port of its SSH server.", PlanModifiers: []planmodifier.Int64{int64planmodifier.UseStateForUnknown()}},
			"user":            schema.StringAttribute{Computed: true, MarkdownDescription: "User to log in as."},
			"host_key":        schema.StringAttribute{Computed: true, MarkdownDescription: "Its public host key, where one is pinned."},
			"address":         schema.StringAttribute{Computed: true, MarkdownDescription: "Its own address, which other nodes join at."},
			"kubeconfig_path": schema.StringAttribute{Computed: true, MarkdownDescription: "Admin kubeconfig on the host; null for RKE2's own place."},
		},
	}
}

func artifactsAttribute() schema.SingleNestedAttribute {
	return schema.SingleNestedAttribute{
		Optional:            true,
		MarkdownDescription: "Where the release comes from. Every artifact is checked against the release's SHA-256 sums. Default: the public release, fetched by the host itself.",
		Attributes: map[string]schema.Attribute{
			"url":         schema.StringAttribute{Optional: true, MarkdownDescription: "Folder with one folder for each version. Default: RKE2's releases on GitHub."},
			"channel_url": schema.StringAttribute{Optional: true, MarkdownDescription: "Address that answers a channel's name with a redirect to a version. Default: `https://update.rke2.io/v1-release/channels`."},
			"path":        schema.StringAttribute{Optional: true, MarkdownDescription: "Directory on the host that holds the artifacts and their sums; nothing is downloaded."},
			"local_path":  schema.StringAttribute{Optional: true, MarkdownDescription: "Such a directory on the machine that runs Terraform; the artifacts are uploaded."},
		},
	}
}

func registriesAttribute() schema.SingleNestedAttribute {
	return schema.SingleNestedAttribute{
		Optional: true, Computed: true,
		MarkdownDescription: "The container runtime's registries, as in RKE2's `registries.yaml`. A change restarts the node. Default: mirrors that lead to `images.registry` of the provider, where it has one.",
		Attributes: map[string]schema.Attribute{
			"mirrors": schema.MapNestedAttribute{
				Optional: true, MarkdownDescription: "Mirrors by the registry's name as it appears in images, such as `docker.io`, or `*`.",
				NestedObject: schema.NestedAttributeObject{Attributes: map[string]schema.Attribute{
					"endpoint": schema.ListAttribute{Optional: true, ElementType: types.StringType, MarkdownDescription: "URLs that stand in for the registry, in order."},
					"rewrite":  schema.MapAttribute{Optional: true, ElementType: types.StringType, MarkdownDescription: "Rewrites of image names: regular expression to replacement."},
				}},
			},
			"configs": schema.MapNestedAttribute{
				Optional: true, MarkdownDescription: "How to talk to a registry host, by host name and port. Credentials go into `registries_auth_wo`.",
				NestedObject: schema.NestedAttributeObject{Attributes: map[string]schema.Attribute{
					"ca_file":              schema.StringAttribute{Optional: true, MarkdownDescription: "Certificate authority, a file on the host."},
					"cert_file":            schema.StringAttribute{Optional: true, MarkdownDescription: "Client certificate, a file on the host."},
					"key_file":             schema.StringAttribute{Optional: true, MarkdownDescription: "Key of the client certificate, a file on the host."},
					"insecure_skip_verify": schema.BoolAttribute{Optional: true, MarkdownDescription: "Whether to trust any certificate."},
				}},
			},
		},
	}
}

func registriesAuthAttribute() schema.MapNestedAttribute {
	secret := func(doc string) schema.StringAttribute {
		return schema.StringAttribute{Optional: true, WriteOnly: true, MarkdownDescription: doc}
	}
	return schema.MapNestedAttribute{
		Optional: true, WriteOnly: true,
		MarkdownDescription: "Credentials by registry host. They are written to the host, mode 0600, and never stored; they are written again when `registries_auth_wo_version` changes. Needs Terraform 1.11.",
		NestedObject: schema.NestedAttributeObject{Attributes: map[string]schema.Attribute{
			"username":       secret("User."),
			"password":       secret("Password."),
			"auth":           secret("User and password as one base64 string, as in Docker's configuration."),
			"identity_token": secret("Token instead of a password."),
		}},
	}
}
