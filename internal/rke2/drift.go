package rke2

import (
	"maps"

	"sigs.k8s.io/yaml"
)

// differences compares what was found with the node that was asked for. A machine without RKE2 has none: it is not
// different, it is empty.
func differences(n Node, o Observed) ([]Difference, error) {
	if !o.Installed {
		return nil, nil
	}
	var found []Difference
	if o.Role != "" && n.Role != "" && o.Role != n.Role {
		found = append(found, Difference{Where: "role", Want: string(n.Role), Have: string(o.Role)})
	}
	if want := normalVersion(n.Version); want != "" && want != o.Version {
		found = append(found, Difference{Where: "version", Want: want, Have: orNothing(o.Version)})
	}
	config, err := configDifferences(n, o)
	if err != nil {
		return nil, err
	}
	found = append(found, config...)
	registries, err := registryDifferences(n, o)
	if err != nil {
		return nil, err
	}
	found = append(found, registries...)
	return append(found, unitDifferences(n, o)...), nil
}

func configDifferences(n Node, o Observed) ([]Difference, error) {
	want, err := n.Settings()
	if err != nil {
		return nil, err
	}
	have, exists := o.files[dropInFile]
	if !exists {
		return []Difference{{Where: "config", Want: "a file " + dropInFile, Have: "none"}}, nil
	}
	found := compareYAML("config", want, have.content)
	found = append(found, privacy("config", have)...)
	if n.Join == nil {
		return found, nil
	}
	token, exists := o.files[tokenFile]
	if !exists {
		return append(found, Difference{Where: "join token", Want: "a file " + tokenFile, Have: "none"}), nil
	}
	return append(found, privacy("join token", token)...), nil
}

// privacy complains about a file that others can read or that is not root's.
func privacy(where string, f file) []Difference {
	if f.mode == "600" && f.owner == "root:root" {
		return nil
	}
	return []Difference{{Where: where, Path: "mode", Want: "600 root:root", Have: f.mode + " " + f.owner}}
}

// registryDifferences compares registries.yaml without its secrets, which nobody but the writer knows; that they
// were edited shows in the hash that was noted when the file was written.
func registryDifferences(n Node, o Observed) ([]Difference, error) {
	if n.Registries == nil {
		return nil, nil
	}
	have, exists := o.files[registriesFile]
	if !exists {
		return []Difference{{Where: "registries", Want: "a file " + registriesFile, Have: "none"}}, nil
	}
	content, err := n.RegistriesYAML()
	if err != nil {
		return nil, err
	}
	want := map[string]any{}
	if err := yaml.Unmarshal(content, &want); err != nil {
		return nil, err
	}
	plain, readable := mapping(have.content)
	if !readable {
		return []Difference{unreadable("registries")}, nil
	}
	found := compareMaps("registries", "", withoutAuth(want), withoutAuth(plain))
	if len(found) == 0 && o.marker.Registries != "" && o.marker.Registries != o.RegistriesHash {
		found = append(found, Difference{Where: "registries", Path: "configs auth"})
	}
	return append(found, privacy("registries", have)...), nil
}

// withoutAuth copies a registries document without credentials; a host that has nothing else disappears, because
// whoever does not know the credentials does not know of it.
func withoutAuth(document map[string]any) map[string]any {
	configs, ok := document["configs"].(map[string]any)
	if !ok {
		return document
	}
	plain := map[string]any{}
	for name, value := range configs {
		entry, ok := value.(map[string]any)
		if !ok {
			plain[name] = value
			continue
		}
		entry = maps.Clone(entry)
		delete(entry, "auth")
		if len(entry) > 0 {
			plain[name] = entry
		}
	}
	copied := maps.Clone(document)
	delete(copied, "configs")
	if len(plain) > 0 {
		copied["configs"] = plain
	}
	return copied
}

func unitDifferences(n Node, o Observed) []Difference {
	if n.Role == "" || (o.Role != "" && o.Role != n.Role) {
		return nil
	}
	name := n.Role.Unit()
	var found []Difference
	if o.Unit.Enabled != "enabled" {
		found = append(found, Difference{Where: name, Path: "enablement", Want: "enabled", Have: orNothing(o.Unit.Enabled)})
	}
	switch {
	case !o.Running():
		found = append(found, Difference{Where: name, Want: "active", Have: orNothing(o.Unit.String())})
	case o.StaleProcess:
		found = append(found, Difference{Where: name, Path: "process", Want: "the installed program", Have: "one that was replaced on disk: a restart is due"})
	case o.RestartPending:
		found = append(found, Difference{Where: name, Path: "process", Want: "the written configuration", Have: "one from before it was written: a restart is due"})
	}
	return found
}

func orNothing(text string) string {
	if text == "" {
		return "nothing"
	}
	return text
}
