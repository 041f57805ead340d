package agent

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"go.yaml.in/yaml/v2"
)

func TestWriteRegistries(t *testing.T) {
	t.Parallel()
	const mirrored = `mirrors: {docker.io: {endpoint: ["https://mirror.example.org"]}}`
	for _, test := range []struct {
		name, registries, upstream string
		want                       map[string]string // first and, if there is one, mirror line by folder
	}{
		{"none", "", "", map[string]string{}},
		{"a mirror", mirrored, "", map[string]string{"docker.io": `server = "https://docker.io/v2" [host."https://mirror.example.org/v2"]`}},
		{"every registry's mirror", `mirrors: {"*": {endpoint: ["https://mirror.example.org/"]}}`, "", map[string]string{
			"_default": `server = "https://*/v2" [host."https://mirror.example.org/v2"]`,
		}},
		{"the lab's registry in place of the internet", mirrored, "http://10.88.0.1:5000", map[string]string{
			"_default":  `server = "http://10.88.0.1:5000/v2"`,
			"docker.io": `server = "http://10.88.0.1:5000/v2" [host."https://mirror.example.org/v2"]`,
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			var r registries
			if err := yaml.UnmarshalStrict([]byte(test.registries), &r); err != nil {
				t.Fatal(err)
			}
			dir := filepath.Join(t.TempDir(), "certs.d")
			if err := writeRegistries(dir, r, test.upstream); err != nil {
				t.Fatal(err)
			}
			found, err := filepath.Glob(filepath.Join(dir, "*", "hosts.toml"))
			if err != nil || len(found) != len(test.want) {
				t.Errorf("files %v, %v", found, err)
			}
			for folder, want := range test.want {
				content, err := os.ReadFile(filepath.Join(dir, folder, "hosts.toml"))
				if err != nil {
					t.Fatal(err)
				}
				var lines []string
				for line := range strings.Lines(string(content)) {
					if strings.HasPrefix(line, "server") || strings.HasPrefix(line, "[host.") {
						lines = append(lines, strings.TrimSpace(line))
					}
				}
				if got := strings.Join(lines, " "); got != want {
					t.Errorf("%s: %s, want %s", folder, got, want)
				}
			}
		})
	}
}
