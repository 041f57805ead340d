package release

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"errors"
	"io"
	"os"
	"path"
	"text/template"
	"time"
)

// entry is a file of the bundle.
type entry struct {
	name    string
	mode    int64
	content []byte
}

// bundleTime is the time stamp of everything in archives, so that the same sources give the same sums.
func bundleTime() time.Time { return time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC) }

// writeBundle writes the archive that is unpacked to /usr/local: bin/, lib/, share/ without a leading ./, owned by root.
func writeBundle(output, binary, version string) error {
	program, err := os.ReadFile(binary)
	if err != nil {
		return err
	}
	entries := []entry{{name: "bin/rke2", mode: 0o755, content: program}}
	for _, f := range []entry{
		{name: "bin/rke2-killall.sh", mode: 0o755},
		{name: "bin/rke2-uninstall.sh", mode: 0o755},
		{name: "share/rke2/LICENSE.txt", mode: 0o644},
		{name: "share/rke2/rke2-cis-sysctl.conf", mode: 0o644},
	} {
		if f.content, err = bundleFiles.ReadFile("bundle/" + path.Base(f.name)); err != nil {
			return err
		}
		entries = append(entries, f)
	}
	for _, role := range []string{"server", "agent"} {
		unit, err := unitFile(role, version)
		if err != nil {
			return err
		}
		entries = append(entries,
			entry{name: "lib/systemd/system/rke2-" + role + ".service", mode: 0o644, content: unit},
			entry{name: "lib/systemd/system/rke2-" + role + ".env", mode: 0o644, content: []byte("HOME=/root\n")})
	}
	return writeArchive(output, entries)
}

func writeArchive(output string, entries []entry) (err error) {
	f, err := os.Create(output)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	zip := gzip.NewWriter(f)
	if err := writeTar(zip, entries); err != nil {
		return err
	}
	return zip.Close()
}

func writeTar(w io.Writer, entries []entry) error {
	archive := tar.NewWriter(w)
	seen := map[string]bool{}
	for _, e := range entries {
		for _, dir := range parents(e.name) {
			if seen[dir] {
				continue
			}
			seen[dir] = true
			if err := archive.WriteHeader(&tar.Header{Typeflag: tar.TypeDir, Name: dir + "/", Mode: 0o755, ModTime: bundleTime()}); err != nil {
				return err
			}
		}
		if err := archive.WriteHeader(&tar.Header{
			Typeflag: tar.TypeReg, Name: e.name, Mode: e.mode, Size: int64(len(e.content)), ModTime: bundleTime(),
		}); err != nil {
			return err
		}
		if _, err := archive.Write(e.content); err != nil {
			return err
		}
	}
	return archive.Close()
}

// parents returns the folders above a path, outermost first.
func parents(name string) []string {
	var out []string
	for dir := path.Dir(name); dir != "."; dir = path.Dir(dir) {
		out = append([]string{dir}, out...)
	}
	return out
}

// unit is what the unit template is filled with. RKE2 has had three ways to keep its two roles apart on one host, by release.
type unit struct {
	Role, Other     string
	Conflicts       bool // starting one role stops the other
	ExecCondition   bool // starting one role while the other runs is skipped
	CloudSetupCheck bool // refuses to start where nm-cloud-setup is enabled
}

func unitFile(role, version string) ([]byte, error) {
	u := unit{Role: role, Other: "agent"}
	if role == "agent" {
		u.Other = "server"
	}
	switch unitGeneration(version) {
	case 1:
		u.Conflicts, u.CloudSetupCheck = true, true
	case 2:
		u.Conflicts = true
	default:
		u.ExecCondition = true
	}
	content, err := bundleFiles.ReadFile("bundle/unit.service.tmpl")
	if err != nil {
		return nil, err
	}
	t, err := template.New("unit").Parse(string(content))
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	err = t.Execute(&b, u)
	return b.Bytes(), err
}

// unitGeneration returns which of the three forms of the unit a release has (bundle/lib/systemd/system of rancher/rke2, by tag).
func unitGeneration(version string) int {
	// the first patch of each minor with the second and the third form
	changes := map[string][2]int{"1.32": {11, 13}, "1.33": {7, 9}, "1.34": {3, 5}, "1.35": {0, 2}}
	m, patch := number(version)
	change, ok := changes[minor(version)]
	switch {
	case !ok && m < 32:
		return 1
	case !ok || patch >= change[1]:
		return 3
	case patch >= change[0]:
		return 2
	}
	return 1
}
