package helm

import (
	"os"
	"path/filepath"

	"github.com/docker/cli/cli/config"
	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"
)

// logins lists who to be at a registry, in the order in which to try. Credentials of a file come before none, but
// they may be stale while the chart is public, so none comes next.
func (c *Charts) logins(as login, repo name.Repository) []authn.Authenticator {
	given := authn.FromConfig(authn.AuthConfig{Username: as.username, Password: as.password})
	if as.known() && !as.whenAsked {
		return []authn.Authenticator{given}
	}
	var out []authn.Authenticator
	if stored := storedLogin(c.registryConfigs(), repo); stored != nil {
		out = append(out, stored)
	}
	out = append(out, authn.Anonymous)
	if as.known() {
		out = append(out, given)
	}
	return out
}

func (c *Charts) registryConfigs() []string {
	if c.options.RegistryConfigs != nil {
		return c.options.RegistryConfigs
	}
	return defaultRegistryConfigs(os.Getenv)
}

// defaultRegistryConfigs are the files of docker (docs.docker.com/reference/cli/docker, DOCKER_CONFIG), podman
// (containers-auth.json(5)) and helm (pkg/helmpath, HELM_REGISTRY_CONFIG).
func defaultRegistryConfigs(env func(string) string) []string {
	home, err := os.UserHomeDir()
	if err != nil {
		home = ""
	}
	or := func(chosen string, otherwise ...string) string {
		if chosen != "" {
			return chosen
		}
		return filepath.Join(otherwise...)
	}
	configs := or(env("XDG_CONFIG_HOME"), home, ".config")
	files := []string{
		or(env("HELM_REGISTRY_CONFIG"), configs, "helm", "registry", "config.json"),
		filepath.Join(or(env("DOCKER_CONFIG"), home, ".docker"), "config.json"),
		or(env("REGISTRY_AUTH_FILE"), configs, "containers", "auth.json"),
	}
	if run := env("XDG_RUNTIME_DIR"); run != "" {
		files = append(files, filepath.Join(run, "containers", "auth.json"))
	}
	return files
}

// storedLogin returns the first credentials that a file has for a registry, or nil. Files that are missing or
// malformed say nothing; a credential helper that they name is asked.
func storedLogin(files []string, repo name.Repository) authn.Authenticator {
	for _, file := range files {
		f, err := os.Open(file)
		if err != nil {
			continue
		}
		stored, err := config.LoadFromReader(f)
		_ = f.Close()
		if err != nil {
			continue
		}
		for _, key := range []string{repo.Name(), repo.RegistryStr()} {
			got, err := stored.GetAuthConfig(key)
			if err != nil {
				continue
			}
			as := authn.AuthConfig{
				Username: got.Username, Password: got.Password, Auth: got.Auth,
				IdentityToken: got.IdentityToken, RegistryToken: got.RegistryToken,
			}
			if as != (authn.AuthConfig{}) {
				return authn.FromConfig(as)
			}
		}
	}
	return nil
}
