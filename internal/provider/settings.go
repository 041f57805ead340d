package provider

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/types"
	"github.com/hashicorp/terraform-plugin-framework/types/basetypes"

	"github.com/dxlab/terraform-provider-lab/internal/host"
	"github.com/dxlab/terraform-provider-lab/internal/images"
	"github.com/dxlab/terraform-provider-lab/internal/kube"
	"github.com/dxlab/terraform-provider-lab/internal/reach"
)

// settings are the provider block and the environment, as plain values.
type settings struct {
	reach.Settings
	strict bool
	// images is where container images come from; it counts only when imagesKnown says that all of it is known.
	images      images.Mirror
	imagesKnown bool
	// compatibility is what becomes of versions that do not go together.
	compatibility string
}

// settingsReader resolves each value in the order configuration, environment, and remembers what is unknown.
type settingsReader struct {
	unknown []string
	diags   *diag.Diagnostics
}

var emptyForUnknown = basetypes.ObjectAsOptions{UnhandledNullAsEmpty: true, UnhandledUnknownAsEmpty: true}

func readSettings(ctx context.Context, m providerModel, diags *diag.Diagnostics) settings {
	r := &settingsReader{diags: diags}
	set := settings{strict: r.flag(m.StrictRefresh, "strict_refresh", "LAB_STRICT_REFRESH", false)}
	set.SSH = r.ssh(ctx, m.SSH)
	set.Kube = r.kubernetes(ctx, m.Kubernetes)
	set.Charts = r.charts(ctx, m.Charts)
	set.images, set.imagesKnown = r.images(ctx, m.Images)
	set.compatibility = r.compatibility(m.Compatibility)
	slices.Sort(r.unknown)
	set.Unknown = r.unknown
	return set
}

// block decodes a nested block. A block that is unknown as a whole makes every value in it unknown.
func (r *settingsReader) block(ctx context.Context, o types.Object, name string, into any) {
	if o.IsUnknown() {
		r.unknown = append(r.unknown, name)
	}
	r.diags.Append(o.As(ctx, into, emptyForUnknown)...)
}

func (r *settingsReader) known(v attr.Value, name string) bool {
	if v.IsUnknown() {
		r.unknown = append(r.unknown, name)
	}
	return !v.IsUnknown() && !v.IsNull()
}

func (r *settingsReader) text(v types.String, name, env string) string {
	if r.known(v, name) {
		return v.ValueString()
	}
	if env == "" || v.IsUnknown() {
		return ""
	}
	return os.Getenv(env)
}

func (r *settingsReader) flag(v types.Bool, name, env string, otherwise bool) bool {
	if r.known(v, name) {
		return v.ValueBool()
	}
	if text := os.Getenv(env); env != "" && text != "" {
		b, err := strconv.ParseBool(text)
		if err != nil {
			r.diags.AddError("Environment variable "+env+" is not a boolean", "Set it to true or false.")
		}
		return b
	}
	return otherwise
}

func (r *settingsReader) port(v types.Int64, name, env string) int {
	if r.known(v, name) {
		return int(v.ValueInt64())
	}
	text := os.Getenv(env)
	if env == "" || text == "" {
		return 0
	}
	port, err := strconv.Atoi(text)
	if err != nil || port < 1 || port > 65535 {
		r.diags.AddError("Environment variable "+env+" is not a port", "Set it to a number from 1 to 65535.")
	}
	return port
}

func (r *settingsReader) ssh(ctx context.Context, o types.Object) host.Options {
	var m sshModel
	r.block(ctx, o, "ssh", &m)
	options := host.Options{
		User:         r.text(m.User, "ssh.user", "LAB_SSH_USER"),
		Port:         r.port(m.Port, "ssh.port", "LAB_SSH_PORT"),
		SudoPassword: r.text(m.SudoPassword, "ssh.sudo_password", "LAB_SSH_SUDO_PASSWORD"),
		Credentials:  r.credentials(m.credentialsModel, "ssh.", "LAB_SSH_"),
	}
	if known := r.text(m.KnownHostsPath, "ssh.known_hosts_path", "LAB_SSH_KNOWN_HOSTS_PATH"); known != "" {
		options.KnownHosts = []string{r.path(known)}
	}
	switch policy := r.text(m.HostKeyPolicy, "ssh.host_key_policy", "LAB_SSH_HOST_KEY_POLICY"); policy {
	case "", "strict":
		options.HostKeyPolicy = host.Strict
	case "accept-new":
		options.HostKeyPolicy = host.AcceptNew
	default:
		r.diags.AddAttributeError(path.Root("ssh").AtName("host_key_policy"), "Unknown host key policy", strconv.Quote(policy)+" is neither \"strict\" nor \"accept-new\".")
	}
	r.configPath(m.ConfigPath, &options)
	options.Bastions = r.bastions(ctx, m.Bastion)
	return options
}

// credentials reads one set of credentials. Each value remembers where it came from, for the message of a refusal.
func (r *settingsReader) credentials(m credentialsModel, prefix, env string) host.Credentials {
	origins := map[string]string{}
	read := func(field string, v types.String, name, variable string) string {
		if env == "" {
			variable = ""
		} else {
			variable = env + variable
		}
		text := r.text(v, prefix+name, variable)
		switch {
		case text == "":
		case !v.IsNull():
			origins[field] = prefix + name
		default:
			origins[field] = variable
		}
		return text
	}
	c := host.Credentials{
		PrivateKey:     []byte(read("PrivateKey", m.PrivateKey, "private_key", "PRIVATE_KEY")),
		PrivateKeyPath: r.path(read("PrivateKeyPath", m.PrivateKeyPath, "private_key_path", "PRIVATE_KEY_PATH")),
		Passphrase:     read("Passphrase", m.PrivateKeyPassphrase, "private_key_passphrase", "PRIVATE_KEY_PASSPHRASE"),
		Password:       read("Password", m.Password, "password", "PASSWORD"),
		Origins:        origins,
	}
	agent := ""
	if env != "" {
		agent = os.Getenv(env + "AGENT")
	}
	if r.known(m.Agent, prefix+"agent") || agent != "" {
		asked := r.flag(m.Agent, prefix+"agent", env+"AGENT", true)
		c.Agent = &asked
	}
	return c
}

// configPath keeps apart "not said", which reads the default file, and "", which reads none.
func (r *settingsReader) configPath(v types.String, options *host.Options) {
	if !r.known(v, "ssh.config_path") {
		return
	}
	options.ConfigPath = host.None
	if v.ValueString() != "" {
		options.ConfigPath = r.path(v.ValueString())
	}
}

func (r *settingsReader) bastions(ctx context.Context, list types.List) []host.Bastion {
	if !r.known(list, "ssh.bastion") {
		if list.IsUnknown() {
			return nil
		}
		return bastionsFromEnv(os.Getenv("LAB_SSH_BASTION"), r.diags)
	}
	var models []bastionModel
	r.diags.Append(list.ElementsAs(ctx, &models, false)...)
	out := make([]host.Bastion, 0, len(models))
	for i, m := range models {
		name := func(s string) string { return "ssh.bastion[" + strconv.Itoa(i) + "]." + s }
		b := host.Bastion{
			Target: host.Target{
				Host: r.text(m.Host, name("host"), ""), Port: r.port(m.Port, name("port"), ""),
				User: r.text(m.User, name("user"), ""), HostKey: r.text(m.HostKey, name("host_key"), ""),
			},
			Credentials: r.credentials(m.credentialsModel, name(""), ""),
		}
		out = append(out, b)
	}
	return out
}

func bastionsFromEnv(text string, diags *diag.Diagnostics) []host.Bastion {
	var out []host.Bastion
	for _, part := range strings.FieldsFunc(text, func(r rune) bool { return r == ',' }) {
		t, err := parseTarget(strings.TrimSpace(part))
		if err != nil {
			diags.AddError("Environment variable LAB_SSH_BASTION is malformed", err.Error())
			return nil
		}
		out = append(out, host.Bastion{Target: t})
	}
	return out
}

func (r *settingsReader) kubernetes(ctx context.Context, o types.Object) kube.Config {
	var m kubernetesModel
	r.block(ctx, o, "kubernetes", &m)
	config := kube.Config{
		Context:       r.text(m.ConfigContext, "kubernetes.config_context", "KUBE_CTX"),
		Host:          r.text(m.Host, "kubernetes.host", ""),
		CA:            []byte(r.text(m.ClusterCACertificate, "kubernetes.cluster_ca_certificate", "")),
		ClientCert:    []byte(r.text(m.ClientCertificate, "kubernetes.client_certificate", "")),
		ClientKey:     []byte(r.text(m.ClientKey, "kubernetes.client_key", "")),
		Token:         r.text(m.Token, "kubernetes.token", ""),
		TLSServerName: r.text(m.TLSServerName, "kubernetes.tls_server_name", ""),
	}
	if config.Host == "" {
		config.KubeconfigPaths = r.kubeconfigPaths(r.text(m.ConfigPath, "kubernetes.config_path", "KUBE_CONFIG_PATH"))
	}
	if !r.known(m.Exec, "kubernetes.exec") {
		return config
	}
	var e execModel
	r.diags.Append(m.Exec.As(ctx, &e, emptyForUnknown)...)
	config.Exec = &kube.Exec{
		APIVersion: r.text(e.APIVersion, "kubernetes.exec.api_version", ""),
		Command:    r.text(e.Command, "kubernetes.exec.command", ""),
		Env:        map[string]string{},
	}
	if r.known(e.Args, "kubernetes.exec.args") {
		r.diags.Append(e.Args.ElementsAs(ctx, &config.Exec.Args, false)...)
	}
	if r.known(e.Env, "kubernetes.exec.env") {
		r.diags.Append(e.Env.ElementsAs(ctx, &config.Exec.Env, false)...)
	}
	return config
}

func (r *settingsReader) kubeconfigPaths(chosen string) []string {
	if chosen == "" {
		chosen = os.Getenv("KUBECONFIG")
	}
	var paths []string
	for _, p := range filepath.SplitList(chosen) {
		paths = append(paths, r.path(p))
	}
	return paths
}

// path expands a leading ~/ as a shell would.
func (r *settingsReader) path(p string) string {
	rest, ok := strings.CutPrefix(p, "~/")
	if !ok {
		return p
	}
	home, err := os.UserHomeDir()
	if err != nil {
		r.diags.AddError("The home directory is not known", err.Error())
	}
	return filepath.Join(home, rest)
}
