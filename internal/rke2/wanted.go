package rke2

import (
	"bytes"
	"reflect"
)

// wanted is what the node's files should hold.
type wanted struct {
	settings           map[string]any
	config, registries []byte
	// hash identifies what the unit should run with.
	hash string
}

func (n Node) wanted() (wanted, error) {
	var w wanted
	var err error
	if w.settings, err = n.Settings(); err != nil {
		return w, err
	}
	if w.config, err = n.ConfigYAML(); err != nil {
		return w, err
	}
	if w.registries, err = n.RegistriesYAML(); err != nil {
		return w, err
	}
	w.hash, err = restartHash(w.settings, w.registries)
	return w, err
}

// change is what has to be done to turn what was observed into what is wanted.
type change struct {
	// place the release, write the configuration, the token, the registries, or take the registries away.
	place, config, token, registries, dropRegistries bool
	// start a unit that is not up or not enabled, or restart one that runs something else.
	start, restart bool
}

// decide compares. The version is the one that was chosen.
func decide(n Node, o Observed, w wanted, version string) change {
	var c change
	c.place = o.Prefix == "" || o.Version != version || o.Unit.Load != "loaded"
	c.config = !sameFile(o.files[dropInFile], w.config)
	c.registries = n.Registries != nil && !sameFile(o.files[registriesFile], w.registries)
	c.dropRegistries = n.Registries == nil && o.marker.Registries != "" && o.RegistriesHash != ""
	c.token = n.Join != nil && o.lacksToken(w)
	c.start = !o.Running() || o.Unit.Enabled != "enabled"
	c.restart = o.Unit.alive() && (c.place || o.StaleProcess || !o.runsWith(w))
	return c
}

// lacksToken reports whether the token must be handed over: there is none, others can read it, it may be half
// written, or it is another cluster's.
func (o Observed) lacksToken(w wanted) bool {
	return !private(o.files[tokenFile]) || !o.Complete || o.setting("server") != w.settings["server"]
}

// runsWith reports whether what runs was started with what is wanted: with our files as they are, or, before there
// were any of ours, with settings of somebody else that say the same.
func (o Observed) runsWith(w wanted) bool {
	if !o.ByUs {
		return w.registries == nil && includes(o.effective, w.settings)
	}
	return o.marker.Applied == w.hash && o.appliedHash() == w.hash
}

// appliedHash is the restart hash of the files on the disk. Registries that are not ours do not count.
func (o Observed) appliedHash() string {
	settings, readable := mapping(o.files[dropInFile].content)
	if !readable {
		return ""
	}
	var registries []byte
	if o.marker.Registries != "" {
		registries = o.files[registriesFile].content
	}
	hash, err := restartHash(settings, registries)
	if err != nil {
		return ""
	}
	return hash
}

func (o Observed) setting(key string) any {
	settings, _ := mapping(o.files[dropInFile].content)
	return settings[key]
}

func sameFile(f file, content []byte) bool { return private(f) && bytes.Equal(f.content, content) }

// private reports whether a file is there, root's, and nobody else's to read.
func private(f file) bool { return f.mode == "600" && f.owner == "root:root" }

// includes reports whether settings in effect already say all that is wanted. One value and a list of one are the
// same to RKE2; registration keys do not matter any more; a token given in any way will do.
func includes(effective, wanted map[string]any) bool {
	for key, value := range wanted {
		switch key {
		case "node-label", "node-taint":
			continue
		case "token-file":
			if effective["token"] != nil || effective["token-file"] != nil {
				continue
			}
		}
		if !reflect.DeepEqual(asList(effective[key]), asList(value)) {
			return false
		}
	}
	return true
}

func asList(value any) []any {
	if list, ok := value.([]any); ok {
		return list
	}
	return []any{value}
}
