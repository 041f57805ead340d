package provider

import (
	"github.com/hashicorp/terraform-plugin-framework-validators/int64validator"
	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/provider/schema"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"
)

type providerModel struct {
	SSH           types.Object `tfsdk:"ssh"`
	Kubernetes    types.Object `tfsdk:"kubernetes"`
	Charts        types.Object `tfsdk:"charts"`
	Images        types.Object `tfsdk:"images"`
	Compatibility types.String `tfsdk:"compatibility"`
	StrictRefresh types.Bool   `tfsdk:"strict_refresh"`
}

type sshModel struct {
	credentialsModel
	Port           types.Int64  `tfsdk:"port"`
	KnownHostsPath types.String `tfsdk:"known_hosts_path"`
	HostKeyPolicy  types.String `tfsdk:"host_key_policy"`
	ConfigPath     types.String `tfsdk:"config_path"`
	SudoPassword   types.String `tfsdk:"sudo_password"`
	Bastion        types.List   `tfsdk:"bastion"`
}

type credentialsModel struct {
	User                 types.String `tfsdk:"user"`
	PrivateKey           types.String `tfsdk:"private_key"`
	PrivateKeyPath       types.String `tfsdk:"private_key_path"`
	PrivateKeyPassphrase types.String `tfsdk:"private_key_passphrase"`
	Password             types.String `tfsdk:"password"`
	Agent                types.Bool   `tfsdk:"agent"`
}

type bastionModel struct {
	credentialsModel
	Host    types.String `tfsdk:"host"`
	Port    types.Int64  `tfsdk:"port"`
	HostKey types.String `tfsdk:"host_key"`
}

type kubernetesModel struct {
	ConfigPath           types.String `tfsdk:"config_path"`
	ConfigContext        types.String `tfsdk:"config_context"`
	Host                 types.String `tfsdk:"host"`
	ClusterCACertificate types.String `tfsdk:"cluster_ca_certificate"`
	ClientCertificate    types.String `tfsdk:"client_certificate"`
	ClientKey            types.String `tfsdk:"client_key"`
	Token                types.String `tfsdk:"token"`
	TLSServerName        types.String `tfsdk:"tls_server_name"`
	Exec                 types.Object `tfsdk:"exec"`
}

type execModel struct {
	APIVersion types.String `tfsdk:"api_version"`
	Command    types.String `tfsdk:"command"`
	Args       types.List   `tfsdk:"args"`
	Env        types.Map    `tfsdk:"env"`
}

func providerSchema() schema.Schema {
	return schema.Schema{
		MarkdownDescription: "The lab provider takes bare Linux hosts to a service mesh with tracing. Everything in this block is optional and nothing in it is ever stored: " +
			"what is missing is taken from the environment, from `~/.ssh/config` and from the SSH agent.",
		Attributes: map[string]schema.Attribute{
			"ssh":        sshAttribute(),
			"kubernetes": kubernetesAttribute(),
			"charts":     chartsAttribute(),
			"images":     imagesAttribute(),
			"compatibility": schema.StringAttribute{
				Optional: true,
				MarkdownDescription: "What becomes of versions that do not go together by what upstream says, such as a chart that needs a newer Kubernetes: `error` refuses them, " +
					"at plan where it can be known and otherwise before anything is written; `warn` only tells. What upstream merely does not test is a warning either way. " +
					"Default: `error`. Environment: `LAB_COMPATIBILITY`.",
				Validators: []validator.String{stringvalidator.OneOf(compatibilityError, compatibilityWarn)},
			},
			"strict_refresh": schema.BoolAttribute{
				Optional: true,
				MarkdownDescription: "Makes a refresh that cannot reach a host or a cluster fail instead of warn and keep the state. Meant for jobs that look for drift, " +
					"where \"could not look\" must not read as \"no changes\". Environment: `LAB_STRICT_REFRESH`.",
			},
		},
	}
}

func credentialAttributes(envPrefix string) map[string]schema.Attribute {
	from := func(name string) string {
		if envPrefix == "" {
			return " Default: the value of the `ssh` block."
		}
		return " Environment: `" + envPrefix + name + "`."
	}
	return map[string]schema.Attribute{
		"user":             schema.StringAttribute{Optional: true, MarkdownDescription: "User to log in as. Default: `~/.ssh/config`, then `root`." + from("USER")},
		"private_key":      schema.StringAttribute{Optional: true, Sensitive: true, MarkdownDescription: "Private key in PEM or OpenSSH format." + from("PRIVATE_KEY")},
		"private_key_path": schema.StringAttribute{Optional: true, MarkdownDescription: "Path of a private key; `~/` is the home directory." + from("PRIVATE_KEY_PATH")},
		"private_key_passphrase": schema.StringAttribute{
			Optional: true, Sensitive: true, MarkdownDescription: "Passphrase of the private key." + from("PRIVATE_KEY_PASSPHRASE"),
		},
		"password": schema.StringAttribute{
			Optional: true, Sensitive: true,
			MarkdownDescription: "Password to log in with, also used for keyboard-interactive prompts." + from("PASSWORD"),
		},
		"agent": schema.BoolAttribute{Optional: true, MarkdownDescription: "Whether the SSH agent at `SSH_AUTH_SOCK` is asked for keys. Default: `true`." + from("AGENT")},
	}
}

func portAttribute(doc string) schema.Int64Attribute {
	return schema.Int64Attribute{Optional: true, MarkdownDescription: doc, Validators: []validator.Int64{int64validator.Between(1, 65535)}}
}

func sshAttribute() schema.SingleNestedAttribute {
	attributes := credentialAttributes("LAB_SSH_")
	attributes["port"] = portAttribute("Port of the SSH server. Default: `~/.ssh/config`, then `22`. Environment: `LAB_SSH_PORT`.")
	attributes["sudo_password"] = schema.StringAttribute{
		Optional: true, Sensitive: true,
		MarkdownDescription: "Password for sudo, where the user is not root and sudo asks for one. Sent over standard input. Environment: `LAB_SSH_SUDO_PASSWORD`.",
	}
	attributes["known_hosts_path"] = schema.StringAttribute{
		Optional:            true,
		MarkdownDescription: "File of known host keys. Default: `~/.ssh/config`, then `~/.ssh/known_hosts`. Environment: `LAB_SSH_KNOWN_HOSTS_PATH`.",
	}
	attributes["host_key_policy"] = schema.StringAttribute{
		Optional: true,
		MarkdownDescription: "What to do with the key of a host that is not in `known_hosts_path`: `strict` refuses it, `accept-new` trusts it once and records it there. " +
			"A key that differs from a recorded one is refused either way. Default: `strict`. Environment: `LAB_SSH_HOST_KEY_POLICY`.",
		Validators: []validator.String{stringvalidator.OneOf("strict", "accept-new")},
	}
	attributes["config_path"] = schema.StringAttribute{Optional: true, MarkdownDescription: "OpenSSH client configuration to read. Default: `~/.ssh/config`; an empty string reads none."}
	bastion := credentialAttributes("")
	bastion["host"] = schema.StringAttribute{Required: true, MarkdownDescription: "Name or address of the bastion."}
	bastion["port"] = portAttribute("Port of the bastion's SSH server. Default: `22`.")
	bastion["host_key"] = schema.StringAttribute{Optional: true, MarkdownDescription: "The bastion's public host key, or its `SHA256:` fingerprint, instead of `known_hosts_path`."}
	attributes["bastion"] = schema.ListNestedAttribute{
		Optional:            true,
		MarkdownDescription: "Hosts to go through, the first one being reached first. Default: `ProxyJump` of `~/.ssh/config`. Environment: `LAB_SSH_BASTION` as `user@host:port`, several separated by commas.",
		NestedObject:        schema.NestedAttributeObject{Attributes: bastion},
	}
	return schema.SingleNestedAttribute{Optional: true, MarkdownDescription: "How hosts are reached.", Attributes: attributes}
}

func kubernetesAttribute() schema.SingleNestedAttribute {
	secret := func(doc string) schema.StringAttribute {
		return schema.StringAttribute{Optional: true, Sensitive: true, MarkdownDescription: doc}
	}
	return schema.SingleNestedAttribute{
		Optional: true,
		MarkdownDescription: "The cluster of resources that name none themselves. A resource whose `cluster` attribute refers to a `lab_rke2_node` does not use this block. " +
			"Default: `KUBE_CONFIG_PATH`, `KUBECONFIG`, then the service account of the pod that Terraform runs in.",
		Attributes: map[string]schema.Attribute{
			"config_path":            schema.StringAttribute{Optional: true, MarkdownDescription: "Path of a kubeconfig file. Environment: `KUBE_CONFIG_PATH`."},
			"config_context":         schema.StringAttribute{Optional: true, MarkdownDescription: "Context of the kubeconfig. Environment: `KUBE_CTX`. Default: its current context."},
			"host":                   schema.StringAttribute{Optional: true, MarkdownDescription: "URL of the API server, instead of a kubeconfig."},
			"cluster_ca_certificate": schema.StringAttribute{Optional: true, MarkdownDescription: "Certificate authority of the API server, PEM."},
			"client_certificate":     schema.StringAttribute{Optional: true, MarkdownDescription: "Client certificate, PEM."},
			"client_key":             secret("Key of the client certificate, PEM."),
			"token":                  secret("Bearer token."),
			"tls_server_name":        schema.StringAttribute{Optional: true, MarkdownDescription: "Name that the API server's certificate is checked for, where it differs from `host`."},
			"exec": schema.SingleNestedAttribute{
				Optional:            true,
				MarkdownDescription: "Command that prints credentials, as in a kubeconfig.",
				Attributes: map[string]schema.Attribute{
					"api_version": schema.StringAttribute{Required: true, MarkdownDescription: "Such as `client.authentication.k8s.io/v1`."},
					"command":     schema.StringAttribute{Required: true, MarkdownDescription: "Program to run."},
					"args":        schema.ListAttribute{Optional: true, ElementType: types.StringType, MarkdownDescription: "Its arguments."},
					"env":         schema.MapAttribute{Optional: true, ElementType: types.StringType, MarkdownDescription: "Its additional environment."},
				},
			},
		},
	}
}
