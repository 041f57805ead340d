package grafana

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"go.yaml.in/yaml/v3"
)

// source is a data source as the API shows it. What a file has as secureJsonData is used and never shown.
type source struct {
	ID        int            `json:"id"`
	UID       string         `json:"uid"`
	OrgID     int            `json:"orgId"`
	Name      string         `json:"name"`
	Type      string         `json:"type"`
	Access    string         `json:"access"`
	URL       string         `json:"url"`
	IsDefault bool           `json:"isDefault"`
	JSONData  map[string]any `json:"jsonData"`
	ReadOnly  bool           `json:"readOnly"`

	headers map[string]string
}

// sourceFile is a provisioning file (https://grafana.com/docs/grafana/latest/administration/provisioning/#data-sources).
type sourceFile struct {
	Prune  bool `yaml:"prune"`
	Delete []struct {
		Name string `yaml:"name"`
	} `yaml:"deleteDatasources"`
	Sources []struct {
		Name       string            `yaml:"name"`
		Type       string            `yaml:"type"`
		Access     string            `yaml:"access"`
		UID        string            `yaml:"uid"`
		URL        string            `yaml:"url"`
		IsDefault  bool              `yaml:"isDefault"`
		Editable   bool              `yaml:"editable"`
		JSONData   map[string]any    `yaml:"jsonData"`
		SecureData map[string]string `yaml:"secureJsonData"`
	} `yaml:"datasources"`
}

// errTwoDefaults ends a Grafana that starts and refuses a reload (grafana:pkg/services/provisioning/datasources/config_reader.go).
var errTwoDefaults = errors.New("datasource.yaml config is invalid. Only one datasource per organization can be marked as default")

// sources are the data sources, by name. The zero value has none.
type sources struct {
	mu     sync.Mutex
	byName map[string]source
	last   int
}

// provision reads the files of a folder and makes what they say. Nothing is changed when one of them is wrong. What is in no file any more
// stays, unless a file prunes.
func (s *sources) provision(folder string) error {
	files, err := readSourceFiles(folder)
	if err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	next := map[string]source{}
	if !slices.ContainsFunc(files, func(f sourceFile) bool { return f.Prune }) {
		for name, of := range s.byName {
			next[name] = of
		}
	}
	for _, file := range files {
		for _, gone := range file.Delete {
			delete(next, gone.Name)
		}
	}
	for _, file := range files {
		for _, of := range file.Sources {
			made := source{
				ID: s.byName[of.Name].ID, UID: of.UID, OrgID: 1, Name: of.Name, Type: of.Type, Access: of.Access, URL: of.URL,
				IsDefault: of.IsDefault, JSONData: of.JSONData, ReadOnly: !of.Editable, headers: headers(of.JSONData, of.SecureData),
			}
			if made.ID == 0 {
				s.last++
				made.ID = s.last
			}
			if made.UID == "" {
				made.UID = uidOf(of.Name)
			}
			if made.JSONData == nil {
				made.JSONData = map[string]any{}
			}
			next[of.Name] = made
		}
	}
	s.byName = next
	return nil
}

func readSourceFiles(folder string) ([]sourceFile, error) {
	var files []sourceFile
	defaults := 0
	for _, path := range yamlFiles(folder) {
		raw, err := os.ReadFile(path)
		if err != nil {
			return nil, fmt.Errorf("reading a provisioning file: %w", err)
		}
		var file sourceFile
		if err := yaml.Unmarshal(raw, &file); err != nil {
			return nil, fmt.Errorf("reading %s: %w", filepath.Base(path), err)
		}
		for _, of := range file.Sources {
			if of.IsDefault {
				defaults++
			}
		}
		files = append(files, file)
	}
	if defaults > 1 {
		return nil, errTwoDefaults
	}
	return files, nil
}

// yamlFiles are the files of a folder that Grafana reads, sorted. A folder that is not there has none.
func yamlFiles(folder string) []string {
	var out []string
	for _, pattern := range []string{"*.yaml", "*.yml"} {
		found, _ := filepath.Glob(filepath.Join(folder, pattern)) // the patterns are well formed
		out = append(out, found...)
	}
	slices.Sort(out)
	return out
}

// headers are those that a data source sends along: jsonData.httpHeaderName1 with secureJsonData.httpHeaderValue1, and so on.
func headers(names map[string]any, values map[string]string) map[string]string {
	out := map[string]string{}
	for key, name := range names {
		if number, ok := strings.CutPrefix(key, "httpHeaderName"); ok {
			out[fmt.Sprint(name)] = values["httpHeaderValue"+number]
		}
	}
	return out
}

// uidOf is the uid of a data source whose file has none (grafana:pkg/services/provisioning/datasources/types.go, safeUIDFromName).
func uidOf(name string) string {
	sum := sha256.Sum256([]byte(name))
	return "P" + strings.ToUpper(hex.EncodeToString(sum[:])[:16])
}

// all returns the data sources by name.
func (s *sources) all() []source {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := make([]source, 0, len(s.byName))
	for _, of := range s.byName {
		out = append(out, of)
	}
	slices.SortFunc(out, func(a, b source) int { return strings.Compare(a.Name, b.Name) })
	return out
}

// find returns the first data source that is meant; false when there is none.
func (s *sources) find(meant func(source) bool) (source, bool) {
	all := s.all()
	if i := slices.IndexFunc(all, meant); i >= 0 {
		return all[i], true
	}
	return source{}, false
}
