package rke2

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// archive makes a release whose program tells the version, and returns its digest.
func archive(t *testing.T, path, version string, without ...string) string {
	t.Helper()
	var packed bytes.Buffer
	zipped := gzip.NewWriter(&packed)
	out := tar.NewWriter(zipped)
	for name, content := range map[string]string{
		"bin/rke2":                               "#!/bin/sh\necho rke2 version " + version + " '(0123abc)'\necho go version go1.26\n",
		"bin/rke2-killall.sh":                    "#!/bin/sh\n",
		"bin/rke2-uninstall.sh":                  "#!/bin/sh\n: /usr/local\n",
		"lib/systemd/system/rke2-server.service": "[Service]\nEnvironmentFile=-/usr/local/lib/systemd/system/%N.env\nExecStart=/usr/local/bin/rke2 server\n",
		"lib/systemd/system/rke2-agent.service":  "[Service]\nExecStart=/usr/local/bin/rke2 agent\n",
		"lib/systemd/system/rke2-server.env":     "HOME=/root\n",
		"share/rke2/LICENSE.txt":                 "free\n",
	} {
		if strings.Contains(strings.Join(without, " "), name) {
			continue
		}
		mode := int64(0o644)
		if strings.HasPrefix(name, "bin/") {
			mode = 0o755
		}
		if err := out.WriteHeader(&tar.Header{Name: name, Mode: mode, Size: int64(len(content)), ModTime: time.Unix(1, 0)}); err != nil {
			t.Fatal(err)
		}
		if _, err := out.Write([]byte(content)); err != nil {
			t.Fatal(err)
		}
	}
	if err := out.Close(); err != nil {
		t.Fatal(err)
	}
	if err := zipped.Close(); err != nil {
		t.Fatal(err)
	}
	writeFile(t, path, packed.String(), 0o600)
	sum := sha256.Sum256(packed.Bytes())
	return hex.EncodeToString(sum[:])
}

// noChown lets the scripts run as somebody else than root.
var noChown = map[string]string{"chown": "exit 0", "systemctl": "exit 0", "restorecon": "exit 0"}

func TestUnpackScript(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		sum     string
		without []string
		bin     map[string]string
		want    map[string]string
	}{
		"good":       {want: map[string]string{"verdict": "ok", "version": testVersion}},
		"wrong sum":  {sum: strings.Repeat("0", 64), want: map[string]string{"verdict": "checksum", "version": ""}},
		"incomplete": {without: []string{"lib/systemd/system/rke2-agent.service"}, want: map[string]string{"verdict": "layout", "absent": "lib/systemd/system/rke2-agent.service"}},
		"no room":    {bin: map[string]string{"df": "echo head; echo / 1 1 0 0 /"}, want: map[string]string{"verdict": "space", "free_kib": "0"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			stage := t.TempDir()
			sum := archive(t, filepath.Join(stage, "a.tar.gz"), testVersion, c.without...)
			if c.sum != "" {
				sum = c.sum
			}
			bin := map[string]string{"chown": "exit 0"}
			for program, body := range c.bin {
				bin[program] = body
			}
			answer := sh(t, "unpack.sh", map[string]string{"STAGE": stage, "NAME": "a.tar.gz", "SUM": sum}, bin)
			for key, want := range c.want {
				if got := answer.Value(key); got != want {
					t.Errorf("%s: got %q, want %q", key, got, want)
				}
			}
		})
	}
}

func TestPlaceScript_LeavesOnlyWhatBelongs(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	prefix, stage := root+"/opt", root+"/opt/.stage"
	if err := os.MkdirAll(stage, 0o755); err != nil {
		t.Fatal(err)
	}
	sum := archive(t, stage+"/a.tar.gz", testVersion)
	writeFile(t, prefix+"/bin/rke2", "the former program", 0o755)
	sh(t, "unpack.sh", map[string]string{"STAGE": stage, "NAME": "a.tar.gz", "SUM": sum}, noChown)
	sh(t, "place.sh", map[string]string{"STAGE": stage, "PREFIX": prefix, "UNIT_DIR": root + "/units"}, noChown)

	var files []string
	if err := filepath.WalkDir(root, func(path string, entry os.DirEntry, err error) error {
		if err == nil && !entry.IsDir() {
			files = append(files, strings.TrimPrefix(path, root))
		}
		return err
	}); err != nil {
		t.Fatal(err)
	}
	want := []string{
		"/opt/bin/rke2", "/opt/bin/rke2-killall.sh", "/opt/bin/rke2-uninstall.sh", "/opt/lib/systemd/system/rke2-server.env",
		"/opt/share/rke2/LICENSE.txt", "/units/rke2-agent.service", "/units/rke2-server.service",
	}
	if diff := cmp.Diff(want, files); diff != "" {
		t.Errorf("want(-) got(+):\n%s", diff)
	}
	if unit := readFile(t, root+"/units/rke2-server.service"); strings.Contains(unit, "/usr/local") || strings.Count(unit, prefix) != 2 {
		t.Errorf("the unit is not adapted to its prefix:\n%s", unit)
	}
	if program := readFile(t, prefix+"/bin/rke2"); !strings.Contains(program, testVersion) {
		t.Errorf("the program is still %q", program)
	}
}

func TestClearScript_EndsWhatACutRunLeft(t *testing.T) {
	t.Parallel()
	stage := t.TempDir() + "/stage"
	writeFile(t, stage+"/half", "x", 0o600)
	orphan := exec.CommandContext(t.Context(), "sleep", "600")
	orphan.Dir = stage
	if err := orphan.Start(); err != nil {
		t.Fatal(err)
	}
	sh(t, "clear.sh", map[string]string{"STAGE": stage, "MAKE": "yes"}, nil)
	if err := orphan.Wait(); err == nil {
		t.Error("the program at work in the directory was not ended")
	}
	entries, err := os.ReadDir(stage)
	if err != nil || len(entries) != 0 {
		t.Errorf("got %v, %v, want an empty directory", entries, err)
	}
	sh(t, "clear.sh", map[string]string{"STAGE": stage, "MAKE": ""}, nil)
	if _, err := os.Stat(stage); !os.IsNotExist(err) {
		t.Errorf("the directory is still there: %v", err)
	}
}

func TestImagesScript(t *testing.T) {
	t.Parallel()
	from, stage, images := t.TempDir(), t.TempDir(), t.TempDir()+"/images"
	sum := func(content string) string { return hashOf([]byte(content)) }
	writeFile(t, from+"/rke2-images.linux-amd64.tar.zst", "core", 0o644)
	writeFile(t, from+"/rke2-images.linux-amd64.tar.gz", "core, once more", 0o644)
	writeFile(t, from+"/rke2-images-calico.linux-amd64.tar.gz", "calico", 0o644)
	archives := sum("core") + " rke2-images.linux-amd64.tar.zst\n" +
		sum("core, once more") + " rke2-images.linux-amd64.tar.gz\n" +
		sum("calico") + " rke2-images-calico.linux-amd64.tar.gz\n" +
		sum("cilium") + " rke2-images-cilium.linux-amd64.tar.zst\n"
	env := map[string]string{"VERB": "list", "ARCHIVES": archives, "FROM": from, "STAGE": stage, "IMAGES": images}
	want := []string{"rke2-images.linux-amd64.tar.zst", "rke2-images-calico.linux-amd64.tar.gz"}
	if diff := cmp.Diff(want, sh(t, "images.sh", env, nil).Values("missing")); diff != "" {
		t.Errorf("missing: want(-) got(+):\n%s", diff)
	}
	env["VERB"], env["ARCHIVES"] = "put", sum("core")+" rke2-images.linux-amd64.tar.zst\n"
	sh(t, "images.sh", env, nil)
	if got := readFile(t, images+"/rke2-images.linux-amd64.tar.zst"); got != "core" {
		t.Errorf("copied %q", got)
	}
	env["VERB"], env["ARCHIVES"] = "list", archives
	if diff := cmp.Diff(want[1:], sh(t, "images.sh", env, nil).Values("missing")); diff != "" {
		t.Errorf("missing after a copy: want(-) got(+):\n%s", diff)
	}
	env["VERB"], env["ARCHIVES"] = "put", sum("something else")+" rke2-images-calico.linux-amd64.tar.gz\n"
	answer := sh(t, "images.sh", env, nil)
	if answer.Value("verdict") != "checksum" || answer.Value("sum") != sum("calico") {
		t.Errorf("a wrong sum: got %v", answer)
	}
	entries, err := os.ReadDir(images)
	if err != nil || len(entries) != 1 {
		t.Errorf("the directory holds %v, %v", entries, err)
	}
}

func TestRegistriesScript_KeepsTheFirstCopy(t *testing.T) {
	t.Parallel()
	file := t.TempDir() + "/registries.yaml"
	env := map[string]string{"VERB": "keep", "FILE": file, "BACKUP": file + ".before"}
	writeFile(t, file, "the user's", 0o600)
	sh(t, "registries.sh", env, nil)
	writeFile(t, file, "ours", 0o600)
	sh(t, "registries.sh", env, nil)
	env["VERB"] = "drop"
	sh(t, "registries.sh", env, nil)
	if got := readFile(t, file); got != "the user's" {
		t.Errorf("brought back %q", got)
	}
	sh(t, "registries.sh", env, nil)
	if _, err := os.Stat(file); !os.IsNotExist(err) {
		t.Errorf("without a copy the file goes: %v", err)
	}
}
