package rke2

import (
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"regexp"

	"sigs.k8s.io/yaml"
)

// Difference is one thing on the host that is not as it should be.
type Difference struct {
	// Where is the file or unit, for example "config" or "rke2-server.service".
	Where string
	// Path is the key within it; empty for the whole.
	Path string
	// Want and Have are values in words, or empty where they are secret.
	Want, Have string
}

// String writes the difference as a sentence without secrets.
func (d Difference) String() string {
	subject := d.Where
	if d.Path != "" {
		subject += " " + d.Path
	}
	if d.Want == "" && d.Have == "" {
		return subject + ": differs"
	}
	return fmt.Sprintf("%s: want %s, host has %s", subject, d.Want, d.Have)
}

// secretKey matches keys whose values are not shown. Keys that end in -file name files, which are no secret.
var (
	secretKey = regexp.MustCompile(`(?i)(token|secret|password|passphrase|access-key|credential|datastore-endpoint|^auth$)`)
	publicKey = regexp.MustCompile(`(?i)(-file|_file|-path|-provider|-encryption)$`)
)

func isSecret(key string) bool { return secretKey.MatchString(key) && !publicKey.MatchString(key) }

// compareYAML lists, in the order of the keys, what differs between wanted values and a file's content.
func compareYAML(where string, want map[string]any, content []byte) []Difference {
	have, readable := mapping(content)
	if !readable {
		return []Difference{unreadable(where)}
	}
	return compareMaps(where, "", want, have)
}

// mapping reads a YAML file that holds keys and values.
func mapping(content []byte) (map[string]any, bool) {
	settings := map[string]any{}
	err := yaml.Unmarshal(content, &settings)
	return settings, err == nil
}

func unreadable(where string) Difference {
	return Difference{Where: where, Want: "a YAML mapping", Have: "something that cannot be read as one"}
}

func compareMaps(where, prefix string, want, have map[string]any) []Difference {
	both := maps.Clone(have)
	if both == nil {
		both = map[string]any{}
	}
	maps.Copy(both, want)
	var found []Difference
	for _, key := range sortedKeys(both) {
		path := key
		if prefix != "" {
			path = prefix + "." + key
		}
		wanted, had := lookUp(want, key), lookUp(have, key)
		wantMap, isMap := wanted.value.(map[string]any)
		haveMap, bothMaps := had.value.(map[string]any)
		switch {
		case isMap && bothMaps && !isSecret(key):
			found = append(found, compareMaps(where, path, wantMap, haveMap)...)
		case reflect.DeepEqual(wanted, had):
		case isSecret(key):
			found = append(found, Difference{Where: where, Path: path})
		default:
			found = append(found, Difference{Where: where, Path: path, Want: wanted.String(), Have: had.String()})
		}
	}
	return found
}

// wordsLimit keeps a difference on one line.
const wordsLimit = 120

// setting is a value that may be absent.
type setting struct {
	value   any
	present bool
}

func lookUp(settings map[string]any, key string) setting {
	value, present := settings[key]
	return setting{value: value, present: present}
}

// String writes a value for people.
func (s setting) String() string {
	if !s.present {
		return "nothing"
	}
	raw, err := json.Marshal(s.value)
	if err != nil {
		return fmt.Sprint(s.value)
	}
	if len(raw) > wordsLimit {
		return string(raw[:wordsLimit]) + "..."
	}
	return string(raw)
}
