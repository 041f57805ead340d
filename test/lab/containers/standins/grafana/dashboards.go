package grafana

import (
	"encoding/json"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// dashboard is one of a provider's files.
type dashboard struct {
	UID, Title string
	Tags       []string
	Model      map[string]any
}

// dashboards reads those of all providers, by title (https://grafana.com/docs/grafana/latest/administration/provisioning/#dashboards). It reads
// the folders each time that it is asked, so that a reload has nothing to do. What is no dashboard is logged and left out.
func dashboards(folder string) []dashboard {
	var out []dashboard
	for _, path := range yamlFiles(folder) {
		var file struct {
			Providers []struct {
				Options struct {
					Path string `yaml:"path"`
				} `yaml:"options"`
			} `yaml:"providers"`
		}
		raw, err := os.ReadFile(path)
		if err == nil {
			err = yaml.Unmarshal(raw, &file)
		}
		if err != nil {
			slog.Error("failed to read dashboards config", "file", path, "err", err)
			continue
		}
		for _, provider := range file.Providers {
			out = append(out, readDashboards(provider.Options.Path)...)
		}
	}
	slices.SortFunc(out, func(a, b dashboard) int { return strings.Compare(a.Title, b.Title) })
	return out
}

func readDashboards(folder string) []dashboard {
	var out []dashboard
	_ = filepath.WalkDir(folder, func(path string, entry fs.DirEntry, err error) error { // its function fails never
		if err != nil || entry.IsDir() || filepath.Ext(path) != ".json" {
			return nil //nolint:nilerr // a folder that is not there has no dashboards
		}
		var model map[string]any
		raw, err := os.ReadFile(path)
		if err == nil {
			err = json.Unmarshal(raw, &model)
		}
		title, _ := model["title"].(string)
		if err != nil || title == "" {
			slog.Error("failed to load dashboard", "file", path, "err", err)
			return nil // the others are read all the same
		}
		uid, _ := model["uid"].(string)
		if uid == "" {
			uid = strings.ToLower(uidOf(title))
		}
		tags := []string{}
		list, _ := model["tags"].([]any)
		for _, tag := range list {
			if text, ok := tag.(string); ok {
				tags = append(tags, text)
			}
		}
		out = append(out, dashboard{UID: uid, Title: title, Tags: tags, Model: model})
		return nil
	})
	return out
}

// slug is the last part of a dashboard's address.
func (d dashboard) slug() string {
	words := strings.FieldsFunc(strings.ToLower(d.Title), func(r rune) bool { return (r < 'a' || r > 'z') && (r < '0' || r > '9') })
	return strings.Join(words, "-")
}
