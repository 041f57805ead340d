package grafana

import (
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"strconv"
	"strings"
)

// Role is what somebody may do. Each may do what the ones before it may.
type Role int

// The roles of an organisation; Nobody is who has to log in first.
const (
	Nobody Role = iota
	Viewer
	Editor
	Admin
)

func roleOf(name string) Role {
	switch name {
	case "Admin":
		return Admin
	case "Editor":
		return Editor
	}
	return Viewer
}

// settings are what of grafana.ini and the environment is heeded (https://grafana.com/docs/grafana/latest/setup-grafana/configure-grafana).
type settings struct {
	user, password string
	// anonymous is the role of who has not logged in.
	anonymous    Role
	provisioning string
	port         int
	// subPath is in front of all paths, empty where it is not.
	subPath string
	rootURL string
}

const (
	defaultPort         = 3000
	defaultConfig       = "/etc/grafana/grafana.ini"
	defaultProvisioning = "/etc/grafana/provisioning"
)

// readSettings reads a file, which need not be there, and lets variables GF_SECTION_KEY override it. Env is like os.LookupEnv.
func readSettings(path string, env func(string) (string, bool)) (settings, error) {
	raw, err := os.ReadFile(path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return settings{}, fmt.Errorf("reading the configuration: %w", err)
	}
	file := readINI(string(raw))
	value := func(section, key, otherwise string) string {
		variable := "GF_" + strings.ToUpper(strings.NewReplacer(".", "_", "-", "_").Replace(section)+"_"+key)
		if text, ok := env(variable); ok {
			return text
		}
		if text, ok := file[section+"."+key]; ok {
			return text
		}
		return otherwise
	}
	s := settings{
		user: value("security", "admin_user", "admin"), password: value("security", "admin_password", "admin"),
		provisioning: value("paths", "provisioning", defaultProvisioning), rootURL: value("server", "root_url", ""),
	}
	if s.port, err = strconv.Atoi(value("server", "http_port", strconv.Itoa(defaultPort))); err != nil {
		return s, fmt.Errorf("reading http_port: %w", err)
	}
	if on(value("auth.anonymous", "enabled", "false")) {
		s.anonymous = roleOf(value("auth.anonymous", "org_role", "Viewer"))
	}
	if on(value("server", "serve_from_sub_path", "false")) {
		root, err := url.Parse(s.rootURL)
		if err != nil {
			return s, fmt.Errorf("reading root_url: %w", err)
		}
		s.subPath = strings.TrimSuffix(root.Path, "/")
	}
	return s, nil
}

func on(text string) bool {
	is, err := strconv.ParseBool(text)
	return err == nil && is
}

// readINI reads "key = value" below "[section]" lines, as "section.key".
func readINI(text string) map[string]string {
	out := map[string]string{}
	section := "DEFAULT"
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		key, value, isPair := strings.Cut(line, "=")
		switch {
		case line == "" || line[0] == ';' || line[0] == '#':
		case line[0] == '[':
			section = strings.Trim(line, "[]")
		case isPair:
			out[section+"."+strings.TrimSpace(key)] = strings.Trim(strings.TrimSpace(value), `"'`+"`")
		}
	}
	return out
}
