package rke2

// Registries is the container runtime's registry configuration without its secrets, in the terms of RKE2's
// registries.yaml (rancher/wharfie: pkg/registries/types.go).
type Registries struct {
	// Mirrors is keyed by the registry's name as it appears in images, for example "docker.io", or "*" for all.
	Mirrors map[string]Mirror `json:"mirrors,omitempty"`
	// Configs is keyed by the host name, and port, that is really dialled.
	Configs map[string]RegistryConfig `json:"configs,omitempty"`
}

// Mirror says which endpoints stand in for a registry.
type Mirror struct {
	Endpoints []string          `json:"endpoint,omitempty"`
	Rewrites  map[string]string `json:"rewrite,omitempty"`
}

// RegistryConfig says how to talk to one registry host.
type RegistryConfig struct {
	TLS *RegistryTLS `json:"tls,omitempty"`
	// Auth is written to the host and never compared key by key: only who writes it knows it.
	Auth *RegistryAuth `json:"auth,omitempty"`
}

// RegistryTLS names files on the host.
type RegistryTLS struct {
	CAFile             string `json:"ca_file,omitempty"`
	CertFile           string `json:"cert_file,omitempty"`
	KeyFile            string `json:"key_file,omitempty"`
	InsecureSkipVerify bool   `json:"insecure_skip_verify,omitempty"`
}

// RegistryAuth is a secret. It prints as a placeholder wherever it is formatted.
type RegistryAuth struct {
	Username      string `json:"username,omitempty"`
	Password      string `json:"password,omitempty"`
	Auth          string `json:"auth,omitempty"`
	IdentityToken string `json:"identity_token,omitempty"`
}

// String hides the credentials.
func (RegistryAuth) String() string { return redacted }

// GoString hides the credentials.
func (RegistryAuth) GoString() string { return redacted }
