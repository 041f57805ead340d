package rke2

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"sort"

	"sigs.k8s.io/yaml"
)

// fileHeader opens every file of ours that people may come across.
const fileHeader = "# Written by terraform-provider-lab. A change made here is put back at the next apply.\n"

// ownConfig is the configuration that the node's own fields ask for.
func (n Node) ownConfig() map[string]any {
	config := map[string]any{}
	text := func(key, value string) {
		if value != "" {
			config[key] = value
		}
	}
	list := func(key string, values []string) {
		if len(values) > 0 {
			config[key] = values
		}
	}
	text("node-name", n.Name)
	text("node-ip", n.IP)
	text("data-dir", n.DataDir)
	text("system-default-registry", n.SystemDefaultRegistry)
	list("tls-san", n.TLSSAN)
	list("cni", n.CNI)
	list("ingress-controller", n.IngressController)
	labels := make([]string, 0, len(n.Labels))
	for key, value := range n.Labels {
		labels = append(labels, key+"="+value)
	}
	sort.Strings(labels)
	list("node-label", labels)
	taints := make([]string, 0, len(n.Taints))
	for _, taint := range n.Taints {
		taints = append(taints, taint.String())
	}
	list("node-taint", taints)
	if n.Join != nil {
		if url, err := joinURL(n.Join.Server); err == nil {
			text("server", url)
		}
		text("token-file", tokenFile)
	}
	return config
}

// Settings is the whole configuration that the node is given, as plain JSON values: its own fields and Config.
func (n Node) Settings() (map[string]any, error) {
	config := n.ownConfig()
	maps.Copy(config, n.Config)
	raw, err := json.Marshal(config)
	if err != nil {
		return nil, fmt.Errorf("encoding the configuration: %w", err)
	}
	plain := map[string]any{}
	if err := json.Unmarshal(raw, &plain); err != nil {
		return nil, fmt.Errorf("encoding the configuration: %w", err)
	}
	return plain, nil
}

// ConfigYAML is the configuration file that the node is given. Equal nodes give equal bytes.
func (n Node) ConfigYAML() ([]byte, error) {
	settings, err := n.Settings()
	if err != nil {
		return nil, err
	}
	body, err := yaml.Marshal(settings)
	if err != nil {
		return nil, fmt.Errorf("encoding the configuration: %w", err)
	}
	return append([]byte(fileHeader), body...), nil
}

// RegistriesYAML is the registries.yaml that the node is given, secrets included, or nil when it has none.
func (n Node) RegistriesYAML() ([]byte, error) {
	if n.Registries == nil {
		return nil, nil
	}
	body, err := yaml.Marshal(n.Registries)
	if err != nil {
		return nil, fmt.Errorf("encoding the registries: %w", err)
	}
	return append([]byte(fileHeader), body...), nil
}

// registrationKeys matter only when a node registers for the first time (k3s: docs/advanced "Node labels and
// taints"); a change needs no restart, because a restart would not bring it about.
var registrationKeys = []string{"node-label", "node-taint"}

// restartHash identifies what a running process was started with: everything but the registration keys.
func restartHash(settings map[string]any, registries []byte) (string, error) {
	kept := maps.Clone(settings)
	for _, key := range registrationKeys {
		delete(kept, key)
	}
	raw, err := json.Marshal(kept)
	if err != nil {
		return "", fmt.Errorf("encoding the configuration: %w", err)
	}
	return hashOf(append(append(raw, 0), registries...)), nil
}

func hashOf(content []byte) string {
	sum := sha256.Sum256(content)
	return hex.EncodeToString(sum[:])
}
