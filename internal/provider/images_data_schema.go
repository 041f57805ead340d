package provider

import (
	"context"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework-validators/listvalidator"
	"github.com/hashicorp/terraform-plugin-framework-validators/setvalidator"
	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/datasource/schema"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/dxlab/terraform-provider-lab/internal/versions"
)

func (d *imagesData) Schema(_ context.Context, _ datasource.SchemaRequest, resp *datasource.SchemaResponse) {
	resp.Schema = schema.Schema{
		MarkdownDescription: "Every container image that a lab needs, as a list to fill a mirror from. Charts are rendered, with the values that the resources of this provider set, " +
			"and looked through: pods, custom resources, what controllers are told to run, the proxies that Istio injects. Charts come from the provider's `charts.mirror` or from upstream.\n\n" +
			"`images.registry` of the provider then sends everything to that mirror. Values that a configuration sets itself may need more images; name such a chart in `charts`.",
		Attributes: map[string]schema.Attribute{
			"profile": schema.StringAttribute{
				Optional: true, MarkdownDescription: "Profile that the versions are taken from: `" + strings.Join(versions.Names(), "` or `") + "`. Default: `" + versions.Default().Name + "`.",
				Validators: []validator.String{stringvalidator.OneOf(versions.Names()...)},
			},
			"parts": schema.SetAttribute{
				Optional: true, ElementType: types.StringType,
				MarkdownDescription: "Parts of the lab: `" + strings.Join(partNames(true), "`, `") + "`. Default: `" + strings.Join(partNames(false), "`, `") +
					"`, or none where `charts` or `rke2` is given.",
				Validators: []validator.Set{setvalidator.ValueStringsAre(stringvalidator.OneOf(partNames(true)...))},
			},
			"versions": schema.MapAttribute{
				Optional: true, ElementType: types.StringType,
				MarkdownDescription: "Chart versions by part that differ from the profile's: `{ metallb = \"0.15.3\" }`.",
			},
			"charts": schema.ListNestedAttribute{
				Optional: true, MarkdownDescription: "Further charts, such as those of a `lab_helm_release`.",
				NestedObject: schema.NestedAttributeObject{Attributes: map[string]schema.Attribute{
					"repository": schema.StringAttribute{Optional: true, MarkdownDescription: "Repository of the chart: `https://...` or `oci://...`. Without one, `chart` is a path."},
					"chart":      schema.StringAttribute{Required: true, MarkdownDescription: "Name of the chart in its repository."},
					"version":    schema.StringAttribute{Optional: true, MarkdownDescription: "Its version. Default: the newest."},
					"values": schema.ListAttribute{
						Optional: true, ElementType: types.StringType, MarkdownDescription: "YAML documents with its values.",
						Validators: []validator.List{yamlDocuments{}},
					},
				}},
			},
			"kubernetes_version": schema.StringAttribute{
				Optional: true, MarkdownDescription: "Version of Kubernetes that charts are rendered for, such as `v1.35.7`. Default: the profile's.",
			},
			"rke2": schema.SingleNestedAttribute{
				Optional: true, MarkdownDescription: "Adds the images of RKE2 itself, as its release lists them.",
				Attributes: map[string]schema.Attribute{
					"version": schema.StringAttribute{Required: true, MarkdownDescription: "RKE2 version, such as `v1.35.7+rke2r1`.", Validators: []validator.String{rke2Version{}}},
					"url":     schema.StringAttribute{Optional: true, MarkdownDescription: "Folder with one folder for each version. Default: RKE2's releases on GitHub."},
					"sets": schema.ListAttribute{
						Optional: true, ElementType: types.StringType,
						MarkdownDescription: "Lists of the release: `all`, or `core` and those of a network plugin and an ingress controller, such as `[\"core\", \"calico\"]`. Default: `[\"all\"]`.",
						Validators:          []validator.List{listvalidator.SizeAtLeast(1)},
					},
					"arch": schema.StringAttribute{
						Optional: true, MarkdownDescription: "`amd64` or `arm64`. Default: `amd64`.",
						Validators: []validator.String{stringvalidator.OneOf("amd64", "arm64")},
					},
				},
			},
			"images": schema.ListAttribute{Computed: true, ElementType: types.StringType, MarkdownDescription: "The images, written out with registry and tag, sorted."},
			"by_component": schema.MapAttribute{
				Computed: true, ElementType: types.ListType{ElemType: types.StringType},
				MarkdownDescription: "The same by part, chart, and `rke2`.",
			},
			"mirrored": schema.MapAttribute{
				Computed: true, ElementType: types.StringType,
				MarkdownDescription: "Where the provider's `images` block takes each image from; empty without it. For a loop that copies: `crane copy <key> <value>`.",
			},
		},
	}
}
