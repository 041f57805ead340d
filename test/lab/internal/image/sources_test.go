package image

import (
	"testing"
)

func TestChoose(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name, in, suite, want string
	}{
		{
			"own release and updates", "Types: deb\nURIs: http://mirror.example/debian\nSuites: bookworm bookworm-updates\nComponents: main",
			"bookworm", "Types: deb\nURIs: http://mirror.example/debian\nSuites: bookworm bookworm-updates\nComponents: main",
		},
		{
			"another release from the same place", "Types: deb deb-src\nURIs: http://mirror.example/debian\nSuites: bookworm-security\nComponents: main contrib\nSigned-By: /k.gpg",
			"trixie", "Types: deb\nURIs: http://mirror.example/debian\nSuites: trixie-security\nComponents: main contrib\nSigned-By: /k.gpg",
		},
		{
			"backports are left out", "Types: deb\nURIs: http://mirror.example/debian\nSuites: bookworm bookworm-backports\nComponents: main",
			"bookworm", "Types: deb\nURIs: http://mirror.example/debian\nSuites: bookworm\nComponents: main",
		},
		{"a third party's suite", "Types: deb\nURIs: http://cloud.example\nSuites: cloud-sdk-bookworm\nComponents: main", "bookworm", ""},
		{"a third party's suffix", "Types: deb\nURIs: http://db.example\nSuites: bookworm-pgdg\nComponents: main", "bookworm", ""},
		{"a third party's component", "Types: deb\nURIs: http://docker.example\nSuites: bookworm\nComponents: stable", "bookworm", ""},
		{"sources only", "Types: deb-src\nURIs: http://mirror.example/debian\nSuites: bookworm\nComponents: main", "bookworm", ""},
		{"switched off", "Enabled: no\nTypes: deb\nURIs: http://mirror.example/debian\nSuites: bookworm\nComponents: main", "bookworm", ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			got, ok := choose(test.in, "bookworm", test.suite)
			if ok != (test.want != "") || (ok && got != test.want) {
				t.Errorf("%v\n%s\nwant\n%s", ok, got, test.want)
			}
		})
	}
}

func TestListStanzas(t *testing.T) {
	t.Parallel()
	got := listStanzas(`# comment
deb http://mirror.example/ubuntu noble main universe # the archive
deb-src http://mirror.example/ubuntu noble main
deb [arch=amd64 signed-by=/usr/share/keyrings/Some.gpg] http://mirror.example/ubuntu noble-updates main
deb http://short.example
`)
	want := []string{
		"Types: deb\nURIs: http://mirror.example/ubuntu\nSuites: noble\nComponents: main universe",
		"Types: deb\nURIs: http://mirror.example/ubuntu\nSuites: noble-updates\nComponents: main\nSigned-By: /usr/share/keyrings/Some.gpg",
	}
	if len(got) != len(want) {
		t.Fatalf("%d stanzas: %q", len(got), got)
	}
	for i := range want {
		if got[i] != want[i] {
			t.Errorf("stanza %d is\n%s\nwant\n%s", i, got[i], want[i])
		}
	}
}

func TestDeb822Stanzas(t *testing.T) {
	t.Parallel()
	got := deb822Stanzas("Types: deb\n# a comment\nURIs: http://a.example\nSigned-By:\n -----BEGIN\n .\n -----END\n\n\nTypes: deb\nURIs: http://b.example\n")
	want := []string{"Types: deb\nURIs: http://a.example\nSigned-By:\n -----BEGIN\n .\n -----END", "Types: deb\nURIs: http://b.example"}
	if len(got) != 2 || got[0] != want[0] || got[1] != want[1] {
		t.Errorf("stanzas %q, want %q", got, want)
	}
}
