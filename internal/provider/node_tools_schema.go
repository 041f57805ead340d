package provider

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework-validators/resourcevalidator"
	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/booldefault"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/planmodifier"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/stringdefault"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/stringplanmodifier"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/dxlab/terraform-provider-lab/internal/nodetools"
)

// ConfigValidators wants a host, by its name or by the cluster that it serves.
func (r *nodeTools) ConfigValidators(context.Context) []resource.ConfigValidator {
	return []resource.ConfigValidator{
		resourcevalidator.AtLeastOneOf(path.MatchRoot("host"), path.MatchRoot("cluster")),
		resourcevalidator.AtLeastOneOf(path.MatchRoot("calicoctl"), path.MatchRoot("helm"), path.MatchRoot("kubectl"), path.MatchRoot("kubens")),
	}
}

func (r *nodeTools) Schema(_ context.Context, _ resource.SchemaRequest, resp *resource.SchemaResponse) {
	cluster := referenceAttribute()
	cluster.MarkdownDescription = "The cluster that the tools are for, as `lab_rke2_node.<name>.cluster` gives it. It says which `calicoctl` fits, and on which host the tools go where `host` does not."
	kubectl := toolAttributes("The Kubernetes version, such as `v1.35.7`. Without it, `kubectl` is a link to the one of the installed RKE2, which follows its upgrades.")
	kubectl["link"] = schema.StringAttribute{
		Optional: true, MarkdownDescription: "Program on the host that `kubectl` is a link to, in place of one that is downloaded. Default: `" + nodetools.RKE2Kubectl + "`, where no `version` is given.",
	}
	resp.Schema = schema.Schema{
		MarkdownDescription: "Command-line tools on a host: `calicoctl`, `helm`, `kubectl`, `kubens`, each of a pinned version, and what a login shell needs to find and complete them.\n\n" +
			"The host downloads them itself. Nothing is put into place before the SHA-256 sum of every download was found right: the one that is given, or the one that the release promises. " +
			"The sum is kept in the state, so that a release that is changed afterwards is refused. Files that something else put into place are left alone. " +
			"A host has at most one of these resources for each `bin_dir`.",
		Attributes: withConnection("Host of the tools. Default: the host that `cluster` is reached through.", false, map[string]schema.Attribute{
			"cluster":   cluster,
			"calicoctl": toolAttribute("Calico's own tool. It refuses to work with another version of Calico than its own.", toolAttributes("Version, as the release is tagged: `v3.32.1`. Default: that of the `cluster`'s Calico; without a cluster, that of the provider's current profile.")),
			"helm":      toolAttribute("Helm.", toolAttributes("Version, as the release is tagged: `v3.22.0`. Default: that of the provider's current profile.")),
			"kubectl":   toolAttribute("kubectl: by default a link to the one that RKE2 brings.", kubectl),
			"kubens":    toolAttribute("kubens, which switches between namespaces.", toolAttributes("Version, as the release is tagged: `v0.11.0`. Default: that of the provider's current profile.")),
			"bin_dir": schema.StringAttribute{
				Optional: true, Computed: true, Default: stringdefault.StaticString(nodetools.DefaultBinDir),
				MarkdownDescription: "Folder of the tools. Default: `" + nodetools.DefaultBinDir + "`.",
				PlanModifiers:       []planmodifier.String{stringplanmodifier.RequiresReplace()},
			},
			"completion": schema.BoolAttribute{
				Optional: true, Computed: true, Default: booldefault.StaticBool(true),
				MarkdownDescription: "Sets login shells up: `/etc/profile.d/terraform-provider-lab.sh` puts `bin_dir` and RKE2's own folder on the path and tells `calicoctl` to use the Kubernetes API; " +
					"`/etc/bash_completion.d` completes each tool. Default: `true`.",
			},
			"kubeconfig_path": schema.StringAttribute{
				Optional: true, MarkdownDescription: "File on the host that `KUBECONFIG` is set to for those login shells that may read it, such as `/etc/rancher/rke2/rke2.yaml`. Its mode is left as it is: 0600 stays root's. Default: `KUBECONFIG` is left alone.",
			},
			"adopt": schema.BoolAttribute{
				Optional: true, Computed: true, Default: booldefault.StaticBool(false),
				MarkdownDescription: "Replaces files that something else put where the tools belong. Default: `false`, which makes them an error.",
			},
			"drift_policy": nodeDriftPolicy(),
			"drift":        schema.ListAttribute{Computed: true, ElementType: types.StringType, MarkdownDescription: "Differences found by the last refresh, one line each: `helm: want /usr/local/bin/helm, the host has none`."},
			"files":        schema.MapAttribute{Computed: true, ElementType: types.StringType, MarkdownDescription: "SHA-256 sums of the files for login shells, by path."},
			"installed": schema.MapNestedAttribute{
				Computed: true, MarkdownDescription: "What is installed, by the tool's name.",
				NestedObject: schema.NestedAttributeObject{Attributes: map[string]schema.Attribute{
					"version":       schema.StringAttribute{Computed: true, MarkdownDescription: "Its version; null for a link and after an import."},
					"url":           schema.StringAttribute{Computed: true, MarkdownDescription: "Where it was downloaded from."},
					"sha256":        schema.StringAttribute{Computed: true, MarkdownDescription: "SHA-256 sum of the download."},
					"path":          schema.StringAttribute{Computed: true, MarkdownDescription: "Where it is."},
					"binary_sha256": schema.StringAttribute{Computed: true, MarkdownDescription: "SHA-256 sum of the program itself."},
					"link":          schema.StringAttribute{Computed: true, MarkdownDescription: "What it leads to, if it is a link."},
				}},
			},
		}),
	}
}

func toolAttribute(doc string, attributes map[string]schema.Attribute) schema.SingleNestedAttribute {
	return schema.SingleNestedAttribute{Optional: true, MarkdownDescription: doc + " An empty object takes the defaults.", Attributes: attributes}
}

func toolAttributes(versionDoc string) map[string]schema.Attribute {
	return map[string]schema.Attribute{
		"version": schema.StringAttribute{Optional: true, MarkdownDescription: versionDoc},
		"url": schema.StringAttribute{
			Optional: true, MarkdownDescription: "Another source: a folder when it ends with a slash, with the upstream's file names and sums in it, else the program or its `.tar.gz` itself. " +
				"`{version}`, `{arch}` (`amd64`) and `{machine}` (`x86_64`) are filled in.",
			Validators: []validator.String{stringvalidator.RegexMatches(httpAddress, "must begin with http:// or https://")},
		},
		"sha256": schema.StringAttribute{Optional: true, MarkdownDescription: "SHA-256 sum of the download. Default: what the release promises in its file of sums, beside the download."},
	}
}
