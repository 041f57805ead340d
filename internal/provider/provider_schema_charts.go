package provider

import (
	"regexp"

	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/provider/schema"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"
)

type chartsModel struct {
	Mirror     types.String `tfsdk:"mirror"`
	Username   types.String `tfsdk:"username"`
	Password   types.String `tfsdk:"password"`
	CA         types.String `tfsdk:"ca_certificate"`
	PlainHTTP  types.Bool   `tfsdk:"plain_http"`
	CacheDir   types.String `tfsdk:"cache_dir"`
	Exceptions types.Map    `tfsdk:"exceptions"`
}

type chartExceptionModel struct {
	Repository types.String `tfsdk:"repository"`
	Name       types.String `tfsdk:"name"`
	Username   types.String `tfsdk:"username"`
	Password   types.String `tfsdk:"password"`
	PlainHTTP  types.Bool   `tfsdk:"plain_http"`
}

type imagesModel struct {
	Registry   types.String `tfsdk:"registry"`
	Exceptions types.Map    `tfsdk:"exceptions"`
}

func chartsAttribute() schema.SingleNestedAttribute {
	return schema.SingleNestedAttribute{
		Optional:            true,
		MarkdownDescription: "Where Helm charts come from.",
		Attributes: map[string]schema.Attribute{
			"mirror": schema.StringAttribute{
				Optional: true,
				MarkdownDescription: "Repository that is asked for every chart instead of the upstream ones: `https://...` (classic) or `oci://...`. " +
					"A resource's own `repository` wins. Environment: `LAB_CHARTS_MIRROR`.",
			},
			"username": schema.StringAttribute{
				Optional: true,
				MarkdownDescription: "User of the mirror; no other host gets it. Without a mirror, user of the repositories that ask for one. " +
					"Credentials of Docker, Podman and Helm for OCI registries are used without being named here. Environment: `LAB_CHARTS_USERNAME`.",
			},
			"password":       schema.StringAttribute{Optional: true, Sensitive: true, MarkdownDescription: "Password of the mirror. Environment: `LAB_CHARTS_PASSWORD`."},
			"ca_certificate": schema.StringAttribute{Optional: true, MarkdownDescription: "Certificate authority of the mirror, PEM; it is trusted beside the system's. Environment: `LAB_CHARTS_CA` (a path)."},
			"plain_http": schema.BoolAttribute{
				Optional:            true,
				MarkdownDescription: "Speaks to an OCI mirror without TLS. Default: `false`, except for addresses of this machine. Environment: `LAB_CHARTS_PLAIN_HTTP`.",
			},
			"cache_dir": schema.StringAttribute{
				Optional:            true,
				MarkdownDescription: "Where chart archives are kept, by digest. Default: the user's cache directory. Environment: `LAB_CHARTS_CACHE`.",
			},
			"exceptions": schema.MapNestedAttribute{
				Optional: true,
				MarkdownDescription: "Charts, by name, that are found elsewhere than the rest: `{ metallb = { repository = \"https://metallb.github.io/metallb\" } }`. " +
					"An exception without a repository takes its chart from upstream.",
				NestedObject: schema.NestedAttributeObject{Attributes: map[string]schema.Attribute{
					"repository": schema.StringAttribute{Optional: true, MarkdownDescription: "Repository of the chart: `https://...` or `oci://...`. Default: the chart's own, as if there were no mirror."},
					"name":       schema.StringAttribute{Optional: true, MarkdownDescription: "Name of the chart there. Default: the same."},
					"username":   schema.StringAttribute{Optional: true, MarkdownDescription: "User of that repository. Those of the mirror are not given to it."},
					"password":   schema.StringAttribute{Optional: true, Sensitive: true, MarkdownDescription: "Password of that repository."},
					"plain_http": schema.BoolAttribute{Optional: true, MarkdownDescription: "Speaks to it without TLS, where it is an OCI registry. Default: `false`."},
				}},
			},
		},
	}
}

// registryName is a host with port and path, without a scheme.
var registryName = regexp.MustCompile(`^[a-zA-Z0-9.-]+(:[0-9]+)?(/[a-z0-9._-]+)*$`)

func imagesAttribute() schema.SingleNestedAttribute {
	return schema.SingleNestedAttribute{
		Optional: true,
		MarkdownDescription: "Where container images come from. `lab_images` lists the images that a mirror has to have.\n\n" +
			"Each chart is told by its own values; values that a resource sets itself win. Images of the objects that resources apply themselves, such as samples and collectors, " +
			"are taken from the mirror too, and an `lab_rke2_node` gets it as its default `system_default_registry` and `registries.mirrors`. " +
			"`lab_helm_release` and `lab_manifest` are left as they are written.",
		Attributes: map[string]schema.Attribute{
			"registry": schema.StringAttribute{
				Optional: true,
				MarkdownDescription: "Registry that stands in for docker.io, gcr.io, ghcr.io, quay.io, registry.istio.io and registry.k8s.io, as `host[:port][/path]`. Images keep their paths: " +
					"`quay.io/metallb/speaker:v0.16.1` becomes `mirror.example:5000/metallb/speaker:v0.16.1`. Environment: `LAB_IMAGES_REGISTRY`.",
				Validators: []validator.String{stringvalidator.RegexMatches(registryName, "must be host[:port][/path], without a scheme")},
			},
			"exceptions": schema.MapAttribute{
				Optional: true, ElementType: types.StringType,
				MarkdownDescription: "What takes the place of the beginning of an image's name, where that is not `registry`: " +
					"`{ \"quay.io\" = \"other.example/quay\", \"docker.io/library/nginx\" = \"\" }`; an empty text leaves these images where they are. The longest match wins.",
			},
		},
	}
}
