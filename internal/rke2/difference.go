package rke2

import (
	"encoding/json"
	"fmt"
	"reflect"
	"regexp"
	"sort"

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
	have := map[string]any{}
	if err := yaml.Unmarshal(content, &have); err != nil {
		return []Difference{{Where: where, Want: "a YAML mapping", Have: "something that cannot be read as one"}}
	}
	return compareMaps(where, "", want, have)
}

func compareMaps(where, prefix string, want, have map[string]any) []Difference {
	keys := map[string]bool{}
	for key := range want {
		keys[key] = true
	}
	for key := range have {
		keys[key] = true
	}
	sorted := make([]string, 0, len(keys))
	for key := range keys {
		sorted = append(sorted, key)
	}
	sort.Strings(sorted)
	var found []Difference
	for _, key := range sorted {
		wanted, wantIt := want[key]
		had, haveIt := have[key]
		path := key
		if prefix != "" {
			path = prefix + "." + key
		}
		wantMap, isMap := wanted.(map[string]any)
		haveMap, bothMaps := had.(map[string]any)
		switch {
		case isMap && bothMaps && !isSecret(key):
			found = append(found, compareMaps(where, path, wantMap, haveMap)...)
		case wantIt == haveIt && reflect.DeepEqual(wanted, had):
		case isSecret(key):
			found = append(found, Difference{Where: where, Path: path})
		default:
			found = append(found, Difference{Where: where, Path: path, Want: words(wanted, wantIt), Have: words(had, haveIt)})
		}
	}
	return found
}

// wordsLimit keeps a difference on one line.
const wordsLimit = 120

// words writes a value for people.
func words(value any, present bool) string {
	if !present {
		return "nothing"
	}
	raw, err := json.Marshal(value)
	if err != nil {
		return fmt.Sprint(value)
	}
	if len(raw) > wordsLimit {
		return string(raw[:wordsLimit]) + "..."
	}
	return string(raw)
}
