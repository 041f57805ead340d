package host_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/dxlab/terraform-provider-lab/internal/fault"
	"github.com/dxlab/terraform-provider-lab/internal/host"
	"github.com/dxlab/terraform-provider-lab/internal/host/hosttest"
)

func TestReadFile(t *testing.T) {
	t.Parallel()
	s := hosttest.NewServer(t, hosttest.ServerOptions{Noise: "noise\n"})
	h := reach(t, s)
	odd := filepath.Join(s.Dir, "it's a -file\\n")
	content := make([]byte, 3<<20)
	_, _ = rand.Read(content)
	if err := os.WriteFile(odd, content, 0o600); err != nil {
		t.Fatal(err)
	}
	if got, err := h.ReadFile(t.Context(), odd); err != nil || !bytes.Equal(got, content) {
		t.Errorf("got %d bytes, %v", len(got), err)
	}
	_, err := h.ReadFile(t.Context(), filepath.Join(s.Dir, "none"))
	wantKind(t, err, fault.NotFound, "read "+s.Dir+"/none on 127.0.0.1")
	_, err = h.ReadFile(t.Context(), s.Dir)
	wantKind(t, err, fault.Invalid, "Is a directory")
	_, err = h.ReadFile(t.Context(), "relative")
	wantKind(t, err, fault.Invalid)
}

func TestReadFile_DeniedIsNotNotFound(t *testing.T) {
	t.Parallel()
	bin := hosttest.Sudo(hosttest.SudoTTY, "")
	bin["cat"] = "echo 'cat: /etc/x: Permission denied' >&2; exit 1"
	h := reach(t, hosttest.NewServer(t, hosttest.ServerOptions{Bin: bin}))
	_, err := h.ReadFile(t.Context(), "/etc/x")
	wantKind(t, err, fault.Denied, "Permission denied", "user tester cannot become root", "requiretty")
}

func TestWriteFile(t *testing.T) {
	t.Parallel()
	s := hosttest.NewServer(t, hosttest.ServerOptions{})
	pool := newPool(t, s.Options())
	h := pool.Host(s.Target())
	path := filepath.Join(s.Dir, "new dir", "it's", "config.yaml")
	mine, group := idOf(t, "-un"), idOf(t, "-gn")
	steps := []struct {
		name    string
		file    host.File
		changed bool
		mode    fs.FileMode
	}{
		{"first", host.File{Content: []byte("a: 1\n")}, true, 0o600},
		{"again", host.File{Content: []byte("a: 1\n")}, false, 0o600},
		{"other mode", host.File{Content: []byte("a: 1\n"), Mode: 0o640}, true, 0o640},
		{"owner by name", host.File{Content: []byte("a: 1\n"), Mode: 0o640, Owner: mine, Group: group}, false, 0o640},
		{"owner by number", host.File{Content: []byte("a: 1\n"), Mode: 0o640, Owner: idOf(t, "-u"), Group: idOf(t, "-g")}, false, 0o640},
		{"other content", host.File{Content: []byte("a: 2\x00\xff"), Mode: 0o640}, true, 0o640},
		{"empty", host.File{Mode: 0o640}, true, 0o640},
	}
	for _, step := range steps {
		before := pool.Stats().Commands
		step.file.Path = path
		changed, err := h.WriteFile(t.Context(), step.file)
		if err != nil || changed != step.changed {
			t.Fatalf("%s: changed %v, %v", step.name, changed, err)
		}
		if trips := pool.Stats().Commands - before; trips != 1 {
			t.Errorf("%s: %d round trips", step.name, trips)
		}
		content, err := os.ReadFile(path)
		if err != nil || !bytes.Equal(content, step.file.Content) {
			t.Errorf("%s: content %q, %v", step.name, content, err)
		}
		if info, err := os.Stat(path); err != nil || info.Mode().Perm() != step.mode {
			t.Errorf("%s: mode %v, %v", step.name, info.Mode(), err)
		}
	}
	if left, err := filepath.Glob(filepath.Join(s.Dir, "new dir", "it's", ".*")); err != nil || len(left) > 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}

func TestWriteFile_KeepsLinks(t *testing.T) {
	t.Parallel()
	s := hosttest.NewServer(t, hosttest.ServerOptions{})
	file, link := filepath.Join(s.Dir, "real"), filepath.Join(s.Dir, "link")
	if err := os.Symlink(file, link); err != nil {
		t.Fatal(err)
	}
	if _, err := reach(t, s).WriteFile(t.Context(), host.File{Path: link, Content: []byte("x")}); err != nil {
		t.Fatal(err)
	}
	if to, err := os.Readlink(link); err != nil || to != file {
		t.Errorf("the link is %q, %v", to, err)
	}
	if content, err := os.ReadFile(file); err != nil || string(content) != "x" {
		t.Errorf("the file is %q, %v", content, err)
	}
}

func TestWriteFile_Failures(t *testing.T) {
	t.Parallel()
	cases := map[string]struct {
		bin  map[string]string
		file host.File
		kind fault.Kind
	}{
		"disk full":        {bin: map[string]string{"cat": "echo 'cat: write error: No space left on device' >&2; exit 1"}, kind: fault.NoSpace},
		"read-only":        {bin: map[string]string{"mktemp": "echo \"mktemp: failed to create file: Read-only file system\" >&2; exit 1"}, kind: fault.Denied},
		"cut off":          {bin: map[string]string{"cat": "head -c 3"}, kind: fault.Integrity},
		"unknown owner":    {file: host.File{Owner: "nobody-of-this-name"}, kind: fault.Invalid},
		"a directory":      {file: host.File{Path: "DIR"}, kind: fault.Invalid},
		"not a clean path": {file: host.File{Path: "/a/../b"}, kind: fault.Invalid},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := hosttest.NewServer(t, hosttest.ServerOptions{Bin: c.bin})
			path := filepath.Join(s.Dir, "file")
			if err := os.WriteFile(path, []byte("old content"), 0o600); err != nil {
				t.Fatal(err)
			}
			c.file.Content = []byte("new content")
			switch c.file.Path {
			case "":
				c.file.Path = path
			case "DIR":
				c.file.Path = s.Dir
			}
			_, err := reach(t, s).WriteFile(t.Context(), c.file)
			wantKind(t, err, c.kind)
			if content, err := os.ReadFile(path); err != nil || string(content) != "old content" {
				t.Errorf("the old file is %q, %v", content, err)
			}
			if left, err := filepath.Glob(filepath.Join(s.Dir, ".file*")); err != nil || len(left) > 0 {
				t.Errorf("left behind: %v, %v", left, err)
			}
		})
	}
}

func TestRemove(t *testing.T) {
	t.Parallel()
	s := hosttest.NewServer(t, hosttest.ServerOptions{})
	h := reach(t, s)
	deep := filepath.Join(s.Dir, "a b", "c", "d")
	if err := os.MkdirAll(deep, 0o750); err != nil {
		t.Fatal(err)
	}
	if err := h.Remove(t.Context(), filepath.Join(s.Dir, "a b"), filepath.Join(s.Dir, "never was")); err != nil || exists(filepath.Join(s.Dir, "a b")) {
		t.Errorf("%v", err)
	}
	if err := h.Remove(t.Context()); err != nil {
		t.Errorf("nothing to remove: %v", err)
	}
	for _, path := range []string{"/", "/etc", "etc/x", "", "/etc/../usr", "//etc"} {
		wantKind(t, h.Remove(t.Context(), path), fault.Invalid)
	}
}

func upload(size int) (host.UploadFile, []byte) {
	content := make([]byte, size)
	_, _ = rand.Read(content)
	sum := sha256.Sum256(content)
	return host.UploadFile{Source: bytes.NewReader(content), Size: int64(size), SHA256: hex.EncodeToString(sum[:]), Mode: 0o755}, content
}

func TestUpload(t *testing.T) {
	t.Parallel()
	cases := map[string]hosttest.ServerOptions{
		"SFTP":                {},
		"without SFTP":        {NoSFTP: true},
		"SFTP under sudo":     {Bin: hosttest.Sudo(hosttest.SudoFree, "")},
		"low session limit":   {MaxSessions: 1},
		"chatty login script": {NoSFTP: true, Noise: "hello\n"},
	}
	for name, options := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := hosttest.NewServer(t, options)
			pool := newPool(t, s.Options())
			h := pool.Host(s.Target())
			file, content := upload(5 << 20)
			file.Path = filepath.Join(s.Dir, "bin", "it's big")
			if err := h.Upload(t.Context(), file); err != nil {
				t.Fatal(err)
			}
			got, err := os.ReadFile(file.Path)
			if err != nil || !bytes.Equal(got, content) {
				t.Errorf("%d bytes arrived, %v", len(got), err)
			}
			if info, err := os.Stat(file.Path); err != nil || info.Mode().Perm() != 0o755 {
				t.Errorf("mode %v, %v", info.Mode(), err)
			}
			if used := s.SFTPs() > 0; used != (name == "SFTP" || name == "low session limit") {
				t.Errorf("SFTP used: %v", used)
			}
			before := pool.Stats().Commands
			file.Source = nil // not read, because the file is there
			if err := h.Upload(t.Context(), file); err != nil {
				t.Fatal(err)
			}
			if trips := pool.Stats().Commands - before; trips != 1 {
				t.Errorf("%d round trips for a file that is there", trips)
			}
		})
	}
}

func TestUpload_Failures(t *testing.T) {
	t.Parallel()
	// The temporary file becomes a device that is always full, and df agrees.
	full := map[string]string{
		"mktemp": `ln -s /dev/full "$HOME/.file.lab-full" && echo "$HOME/.file.lab-full"`,
		"df":     "echo head; case $1 in -Pi) echo fs 10 5 5 50% / ;; *) [ -e \"$HOME/asked\" ] && echo fs 10 10 0 100% / || echo fs 10 0 99999999 0% / ; touch \"$HOME/asked\" ;; esac",
	}
	cases := map[string]struct {
		options hosttest.ServerOptions
		change  func(*host.UploadFile)
		kind    fault.Kind
		text    string
	}{
		"source is something else": {change: func(f *host.UploadFile) { f.SHA256 = strings.Repeat("0", 64) }, kind: fault.Integrity, text: "the source has"},
		"source is too short":      {change: func(f *host.UploadFile) { f.Size++ }, kind: fault.Integrity, text: "the source has"},
		"source breaks": {
			change: func(f *host.UploadFile) { f.Source = &failingReader{io.LimitReader(f.Source, 100_000)} }, text: "source broke",
		},
		"source breaks without SFTP": {
			options: hosttest.ServerOptions{NoSFTP: true},
			change:  func(f *host.UploadFile) { f.Source = &failingReader{io.LimitReader(f.Source, 100_000)} }, text: "source broke",
		},
		"disk full over SFTP":    {options: hosttest.ServerOptions{Bin: full}, kind: fault.NoSpace},
		"disk full without SFTP": {options: hosttest.ServerOptions{Bin: full, NoSFTP: true}, kind: fault.NoSpace},
		"would not fit":          {change: func(f *host.UploadFile) { f.Size = 1 << 60 }, kind: fault.NoSpace, text: "are needed"},
		"changed on the way": {
			options: hosttest.ServerOptions{Bin: map[string]string{"sha256sum": "cat >/dev/null; echo 0000000000000000000000000000000000000000000000000000000000000000 ' -'"}},
			kind:    fault.Integrity, text: "sha256 is",
		},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := hosttest.NewServer(t, c.options)
			file, _ := upload(300_000)
			file.Path = filepath.Join(s.Dir, "file")
			if c.change != nil {
				c.change(&file)
			}
			err := reach(t, s).Upload(t.Context(), file)
			wantKind(t, err, c.kind, "upload "+file.Path, c.text)
			if left, err := filepath.Glob(filepath.Join(s.Dir, ".file*")); err != nil || len(left) > 0 || exists(file.Path) {
				t.Errorf("left behind: %v, %v", left, err)
			}
		})
	}
}

func TestUpload_Cancelled(t *testing.T) {
	t.Parallel()
	for name, options := range map[string]hosttest.ServerOptions{"SFTP": {}, "without SFTP": {NoSFTP: true}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := hosttest.NewServer(t, options)
			file, content := upload(300_000)
			file.Path = filepath.Join(s.Dir, "file")
			reader, writer := io.Pipe()
			t.Cleanup(func() { _ = writer.Close() })
			file.Source = reader
			ctx, cancel := context.WithCancel(t.Context())
			go func() {
				_, _ = writer.Write(content[:200_000])
				time.Sleep(50 * time.Millisecond)
				cancel()
				_ = writer.CloseWithError(io.ErrUnexpectedEOF)
			}()
			if err := reach(t, s).Upload(ctx, file); err == nil {
				t.Error("no error")
			}
			if left, err := filepath.Glob(filepath.Join(s.Dir, ".file*")); err != nil || len(left) > 0 || exists(file.Path) {
				t.Errorf("left behind: %v, %v", left, err)
			}
		})
	}
}

func TestUpload_RemovesWhatWasCutOff(t *testing.T) {
	t.Parallel()
	s := hosttest.NewServer(t, hosttest.ServerOptions{})
	old, young := filepath.Join(s.Dir, ".file.lab-aaaaaa"), filepath.Join(s.Dir, ".file.lab-bbbbbb")
	for _, path := range []string{old, young} {
		if err := os.WriteFile(path, []byte("part"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	hourAgo := time.Now().Add(-time.Hour)
	if err := os.Chtimes(old, hourAgo, hourAgo); err != nil {
		t.Fatal(err)
	}
	file, _ := upload(10)
	file.Path = filepath.Join(s.Dir, "file")
	if err := reach(t, s).Upload(t.Context(), file); err != nil {
		t.Fatal(err)
	}
	if exists(old) || !exists(young) {
		t.Errorf("old %v, young %v", exists(old), exists(young))
	}
}
