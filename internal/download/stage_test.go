package download_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/dxlab/terraform-provider-lab/internal/download"
	"github.com/dxlab/terraform-provider-lab/internal/fault"
	"github.com/dxlab/terraform-provider-lab/internal/hostscript/hostscripttest"
)

const program = "#!/bin/sh\necho tool\n"

// wanted is version v1 of a tool, whose release names its files as many do.
func wanted(from *hostscripttest.Releases, artifact string) download.Wanted {
	return download.Wanted{Version: "v1", Release: download.Release{
		Program: "tool", Folder: from.URL + "/{version}/", Artifact: artifact, Sums: "sums.txt",
	}}
}

func TestStage_UsesNothingBeforeItsSumIsRight(t *testing.T) {
	t.Parallel()
	plain := hostscripttest.Sum(program)
	packed := hostscripttest.Archive(t, "tool-linux/README", "read", "tool-linux/tool", program)
	without := hostscripttest.Archive(t, "README", "read")
	other := strings.Repeat("0", 64)
	for name, c := range map[string]struct {
		artifact, content, sums string
		given, recorded, url    string
		kind                    fault.Kind
		says                    string
		sum                     string
	}{
		"the release promises its sum": {artifact: "tool-{arch}", content: program, sums: plain + "  dist/tool-amd64\n" + other + "  tool-arm64\n", sum: plain},
		"a file with nothing but it":   {artifact: "tool-{arch}", content: program, sums: strings.ToUpper(plain) + "\n", sum: plain},
		"a binary file's mark":         {artifact: "tool-{machine}", content: program, sums: plain + " *tool-x86_64\n", sum: plain},
		"the user promises it":         {artifact: "tool-{arch}", content: program, given: strings.ToUpper(plain), sum: plain},
		"an archive":                   {artifact: "tool.tar.gz", content: packed, sums: hostscripttest.Sum(packed) + "  tool.tar.gz\n", sum: hostscripttest.Sum(packed)},
		"the same as it was":           {artifact: "tool", content: program, sums: plain + "  tool\n", recorded: plain, sum: plain},
		"another than is promised":     {artifact: "tool", content: program, sums: other + "  tool\n", kind: fault.Integrity, says: "nothing was installed"},
		"another than the user's":      {artifact: "tool", content: program, given: other, kind: fault.Integrity, says: "sha256 says " + other},
		"another than it was":          {artifact: "tool", content: program, sums: plain + "  tool\n", recorded: other, kind: fault.Integrity, says: "the release was changed afterwards"},
		"no sum of it":                 {artifact: "tool", content: program, sums: plain + "  other\n", kind: fault.Integrity, says: "give it as sha256"},
		"no sums at all":               {artifact: "tool", content: program, kind: fault.NotFound, says: "give the sum as sha256"},
		"no such artifact":             {artifact: "tool", sums: plain + "  tool\n", kind: fault.NotFound, says: "404"},
		"an archive without it":        {artifact: "tool.tgz", content: without, sums: hostscripttest.Sum(without) + "  tool.tgz\n", kind: fault.Invalid, says: "has no file tool"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			from := hostscripttest.NewReleases(t)
			w := wanted(from, c.artifact)
			w.SHA256 = c.given
			at := strings.NewReplacer("{arch}", "amd64", "{machine}", "x86_64").Replace(c.artifact)
			if c.content != "" {
				from.Put("/v1/"+at, c.content)
			}
			if c.sums != "" {
				from.Put("/v1/sums.txt", c.sums)
			}
			folder := t.TempDir()
			got, err := download.Stage(t.Context(), hostscripttest.NewShell(t, "h"), w, "amd64", folder, c.recorded)
			raw, readErr := os.ReadFile(filepath.Join(folder, "tool"))
			if c.kind != fault.Unknown {
				if !fault.Is(err, c.kind) || !strings.Contains(err.Error(), c.says) {
					t.Errorf("kind %q of %v", fault.KindOf(err), err)
				}
				if !errors.Is(readErr, os.ErrNotExist) {
					t.Errorf("it is there all the same: %q", raw)
				}
				if left, err := os.ReadDir(folder); err != nil || len(left) > 0 {
					t.Errorf("left behind: %v %v", left, err)
				}
				return
			}
			if err != nil || readErr != nil || string(raw) != program {
				t.Fatalf("%v %v: %q", err, readErr, raw)
			}
			want := download.Staged{Path: folder + "/tool", URL: from.URL + "/v1/" + at, SHA256: c.sum, Binary: plain}
			if got != want {
				t.Errorf("got %+v, want %+v", got, want)
			}
			if info, err := os.Stat(got.Path); err != nil || info.Mode().Perm() != 0o755 {
				t.Errorf("%v %v", info.Mode(), err)
			}
		})
	}
}

func TestWanted_FindsItsFiles(t *testing.T) {
	t.Parallel()
	release := download.Release{Program: "tool", Folder: "https://up.example/{version}/bin/", Artifact: "tool_{machine}.tgz", Sums: "tool_{arch}.sha256"}
	for name, c := range map[string]struct{ url, arch, artifact, sums string }{
		"upstream":         {"", "amd64", "https://up.example/v1/bin/tool_x86_64.tgz", "https://up.example/v1/bin/tool_amd64.sha256"},
		"on ARM":           {"", "arm64", "https://up.example/v1/bin/tool_arm64.tgz", "https://up.example/v1/bin/tool_arm64.sha256"},
		"another folder":   {"http://mirror/{version}/", "amd64", "http://mirror/v1/tool_x86_64.tgz", "http://mirror/v1/tool_amd64.sha256"},
		"another artifact": {"http://mirror/a/mine-{arch}", "amd64", "http://mirror/a/mine-amd64", "http://mirror/a/tool_amd64.sha256"},
	} {
		artifact, sums := download.Wanted{Release: release, Version: "v1", URL: c.url}.Source(c.arch)
		if artifact != c.artifact || sums != c.sums {
			t.Errorf("%s: %s %s", name, artifact, sums)
		}
	}
}

func TestArch_KnowsTwo(t *testing.T) {
	t.Parallel()
	for said, want := range map[string]string{"x86_64": "amd64", "amd64": "amd64", "aarch64": "arm64", "arm64": "arm64"} {
		if got, err := download.Arch(said); err != nil || got != want {
			t.Errorf("%s: %s %v", said, got, err)
		}
	}
	if _, err := download.Arch("riscv64"); !fault.Is(err, fault.Invalid) || !strings.Contains(err.Error(), "riscv64") {
		t.Errorf("%v", err)
	}
}
