package hostsfile_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/dxlab/terraform-provider-lab/internal/fault"
	"github.com/dxlab/terraform-provider-lab/internal/hostscript/hostscripttest"
	"github.com/dxlab/terraform-provider-lab/internal/hostsfile"
)

const (
	begin = "# BEGIN terraform-provider-lab lab\n"
	end   = "# END terraform-provider-lab lab\n"
	open  = "# BEGIN terraform-provider-lab lab (the line above had no line end)\n"
)

func lab(t *testing.T, entries map[string][]string) hostsfile.Block {
	t.Helper()
	b, err := hostsfile.New("lab", entries)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func nginx(t *testing.T) hostsfile.Block {
	t.Helper()
	return lab(t, map[string][]string{"10.0.0.9": {"nginx.lab", "nginx"}})
}

// places are the two kinds of machines, on files of this one.
func places(t *testing.T) map[string]func(path string) hostsfile.File {
	t.Helper()
	shell := hostscripttest.NewShell(t, "h")
	return map[string]func(string) hostsfile.File{
		"remote": func(path string) hostsfile.File { return hostsfile.On(shell, path) },
		"local":  hostsfile.Here,
	}
}

func write(t *testing.T, content string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "hosts")
	if err := os.WriteFile(path, []byte(content), 0o640); err != nil {
		t.Fatal(err)
	}
	return path
}

func read(t *testing.T, path string) string {
	t.Helper()
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}

func TestNew_Refuses(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		block   string
		entries map[string][]string
		says    string
	}{
		"name of the block":   {block: "a b", says: "no name for a block"},
		"address":             {entries: map[string][]string{"10.0.0.256": {"a"}}, says: `"10.0.0.256" is no IP address`},
		"name":                {entries: map[string][]string{"10.0.0.1": {"-a.lab"}}, says: `"-a.lab" is no host name`},
		"empty label":         {entries: map[string][]string{"10.0.0.1": {"a..lab"}}, says: "no host name"},
		"comment":             {entries: map[string][]string{"10.0.0.1": {"a#b"}}, says: "no host name"},
		"wildcard":            {entries: map[string][]string{"10.0.0.1": {"*.lab"}}, says: "no wildcards"},
		"no names":            {entries: map[string][]string{"10.0.0.1": {}}, says: "has no names"},
		"address as name":     {entries: map[string][]string{"10.0.0.1": {"10.0.0.2"}}, says: "an address where a name is wanted"},
		"two addresses":       {entries: map[string][]string{"10.0.0.1": {"a"}, "10.0.0.2": {"A"}}, says: "two addresses, 10.0.0.1 and 10.0.0.2"},
		"address in two ways": {entries: map[string][]string{"::1": {"a"}, "0:0::1": {"b"}}, says: "there twice"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if c.block == "" {
				c.block = "lab"
			}
			_, err := hostsfile.New(c.block, c.entries)
			if !fault.Is(err, fault.Invalid) || !strings.Contains(err.Error(), c.says) {
				t.Errorf("got %v", err)
			}
		})
	}
}

func TestBlock_IsInOrder(t *testing.T) {
	t.Parallel()
	b := lab(t, map[string][]string{"10.0.0.10": {"c"}, "10.0.0.9": {"b", "a"}, "fd00::1": {"b"}})
	if got, want := b.Text(), begin+"10.0.0.9 b a\n10.0.0.10 c\nfd00::1 b\n"+end; got != want {
		t.Errorf("got %s", got)
	}
}

// Whatever a file looks like, the block comes and goes without a trace.
func TestApplyAndRemove_KeepAllOtherBytes(t *testing.T) {
	t.Parallel()
	dos := func(s string) string { return strings.ReplaceAll(s, "\n", "\r\n") }
	line := "10.0.0.9 nginx.lab nginx\n"
	for name, c := range map[string]struct{ before, with string }{
		"usual":         {"127.0.0.1 localhost\n", "127.0.0.1 localhost\n" + begin + line + end},
		"empty":         {"", begin + line + end},
		"no line end":   {"127.0.0.1 localhost", "127.0.0.1 localhost\n" + open + line + end},
		"DOS":           {"127.0.0.1 localhost\r\n::1 x\r\n", "127.0.0.1 localhost\r\n::1 x\r\n" + dos(begin+line+end)},
		"DOS, no end":   {"# a\r\n# b", "# a\r\n# b\r\n" + dos(open+line+end)},
		"blank lines":   {"\n\n# a\n\n", "\n\n# a\n\n" + begin + line + end},
		"odd bytes":     {"# \xff\x00\t \n", "# \xff\x00\t \n" + begin + line + end},
		"another block": {"# BEGIN terraform-provider-lab lab2\n1.1.1.1 a\n# END terraform-provider-lab lab2\n", "# BEGIN terraform-provider-lab lab2\n1.1.1.1 a\n# END terraform-provider-lab lab2\n" + begin + line + end},
	} {
		for place, at := range places(t) {
			t.Run(name+"/"+place, func(t *testing.T) {
				t.Parallel()
				path := write(t, c.before)
				b, f := nginx(t), at(path)
				o, err := hostsfile.Apply(t.Context(), f, b, hostsfile.Options{New: true})
				if err != nil {
					t.Fatal(err)
				}
				if !o.Found || len(o.Drift)+len(o.Clashes) > 0 {
					t.Errorf("observed %+v", o)
				}
				if diff := cmp.Diff(c.with, read(t, path)); diff != "" {
					t.Error(diff)
				}
				if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o640 {
					t.Errorf("mode %v %v", info.Mode(), err)
				}
				if err := hostsfile.Remove(t.Context(), f, b); err != nil {
					t.Fatal(err)
				}
				if diff := cmp.Diff(c.before, read(t, path)); diff != "" {
					t.Error(diff)
				}
				if left, err := filepath.Glob(filepath.Dir(path) + "/.lab-*"); err != nil || len(left) > 0 {
					t.Errorf("left behind: %v %v", left, err)
				}
			})
		}
	}
}

func TestRead_SaysLineByLineWhatDiffers(t *testing.T) {
	t.Parallel()
	b := lab(t, map[string][]string{"10.0.0.9": {"a", "b"}, "10.0.0.10": {"c"}})
	good := "10.0.0.9 a b\n10.0.0.10 c\n"
	for name, c := range map[string]struct {
		content string
		drift   []string
		healed  string
	}{
		"as it should be": {"x\n" + begin + good + end + "y\n", nil, "x\n" + begin + good + end + "y\n"},
		"changed": {begin + "10.0.0.8 a b\n10.0.0.10 c\n" + end, []string{
			`want line "10.0.0.9 a b", the file has none`, `want no line "10.0.0.8 a b", the file has one`,
		}, begin + good + end},
		"order":         {begin + "10.0.0.10 c\n10.0.0.9 a b\n" + end, []string{"the lines are in another order, or repeated"}, begin + good + end},
		"twice":         {begin + good + end + "y\n" + begin + good + end, []string{"the block is there 2 times"}, begin + good + end + "y\n"},
		"no end":        {begin + good + "1.1.1.1 mine\n", []string{"the mark at the block's end is missing"}, begin + good + end + "1.1.1.1 mine\n"},
		"no begin":      {"1.1.1.1 mine\n" + good + end, []string{"the mark at the block's begin is missing"}, "1.1.1.1 mine\n" + begin + good + end},
		"swallowed end": {begin + good + "# BEGIN terraform-provider-lab other\n# END terraform-provider-lab other\n", []string{"the mark at the block's end is missing"}, begin + good + end + "# BEGIN terraform-provider-lab other\n# END terraform-provider-lab other\n"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			path := write(t, c.content)
			o, err := hostsfile.Read(t.Context(), hostsfile.Here(path), b)
			if err != nil || !o.Found {
				t.Fatal(o, err)
			}
			if diff := cmp.Diff(c.drift, o.Drift); diff != "" {
				t.Error(diff)
			}
			if o, err = hostsfile.Apply(t.Context(), hostsfile.Here(path), b, hostsfile.Options{}); err != nil || len(o.Drift) > 0 {
				t.Errorf("healed to %+v, %v", o, err)
			}
			if diff := cmp.Diff(c.healed, read(t, path)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestRead_OfNothing(t *testing.T) {
	t.Parallel()
	for place, at := range places(t) {
		for _, path := range []string{write(t, "127.0.0.1 localhost\n"), filepath.Join(t.TempDir(), "none"), filepath.Join(t.TempDir(), "no", "where")} {
			if o, err := hostsfile.Read(t.Context(), at(path), nginx(t)); err != nil || o.Found {
				t.Errorf("%s %s: %+v %v", place, path, o, err)
			}
			if err := hostsfile.Remove(t.Context(), at(path), nginx(t)); err != nil {
				t.Errorf("%s %s: %v", place, path, err)
			}
		}
	}
}

func TestApply_MakesAFileThatIsNotThere(t *testing.T) {
	t.Parallel()
	for place, at := range places(t) {
		path := filepath.Join(t.TempDir(), "hosts")
		if _, err := hostsfile.Apply(t.Context(), at(path), nginx(t), hostsfile.Options{New: true}); err != nil {
			t.Fatal(place, err)
		}
		info, err := os.Stat(path)
		if err != nil || info.Mode().Perm() != 0o644 || !strings.HasPrefix(read(t, path), begin) {
			t.Errorf("%s: %v %v", place, info, err)
		}
	}
}

func TestApply_LeavesALinkALink(t *testing.T) {
	t.Parallel()
	for place, at := range places(t) {
		path := write(t, "# a\n")
		link := filepath.Join(t.TempDir(), "link")
		if err := os.Symlink(path, link); err != nil {
			t.Fatal(err)
		}
		if _, err := hostsfile.Apply(t.Context(), at(link), nginx(t), hostsfile.Options{New: true}); err != nil {
			t.Fatal(place, err)
		}
		if info, err := os.Lstat(link); err != nil || info.Mode()&os.ModeSymlink == 0 || !strings.Contains(read(t, path), begin) {
			t.Errorf("%s: %v %v", place, info, err)
		}
	}
}

// A file with another name must keep it, so it is written in place.
func TestApply_KeepsHardLinks(t *testing.T) {
	t.Parallel()
	for place, at := range places(t) {
		path := write(t, "# a\n")
		other := filepath.Join(filepath.Dir(path), "other")
		if err := os.Link(path, other); err != nil {
			t.Fatal(err)
		}
		if _, err := hostsfile.Apply(t.Context(), at(path), nginx(t), hostsfile.Options{New: true}); err != nil {
			t.Fatal(place, err)
		}
		if read(t, other) != read(t, path) || !strings.Contains(read(t, path), begin) {
			t.Errorf("%s: %s", place, read(t, other))
		}
	}
}

func TestApply_RefusesABlockThatIsThere(t *testing.T) {
	t.Parallel()
	path := write(t, begin+"1.1.1.1 other\n"+end)
	f := hostsfile.Here(path)
	_, err := hostsfile.Apply(t.Context(), f, nginx(t), hostsfile.Options{New: true})
	if !fault.Is(err, fault.Conflict) || !strings.Contains(err.Error(), path) {
		t.Errorf("got %v", err)
	}
	o, err := hostsfile.Apply(t.Context(), f, nginx(t), hostsfile.Options{New: true, Adopt: true})
	if err != nil || !slices.Equal(o.Lines, []string{"10.0.0.9 nginx.lab nginx"}) {
		t.Errorf("got %+v %v", o, err)
	}
}

func TestRead_FindsClashes(t *testing.T) {
	t.Parallel()
	path := write(t, "127.0.0.1 localhost\n10.0.0.1 nginx.lab # old\n#10.0.0.2 nginx.lab\n"+begin+"10.0.0.9 nginx.lab nginx\n"+end+"10.0.0.3 NGINX\nfd00::1 nginx\n10.0.0.9 nginx\n")
	o, err := hostsfile.Read(t.Context(), hostsfile.Here(path), nginx(t))
	if err != nil || len(o.Clashes) != 2 {
		t.Fatal(o, err)
	}
	if c := o.Clashes[0]; c.Line != 2 || c.Name != "nginx.lab" || c.Theirs.String() != "10.0.0.1" || !c.First {
		t.Errorf("got %+v", c)
	}
	if c := o.Clashes[1]; c.Line != 7 || c.Name != "NGINX" || c.First {
		t.Errorf("got %+v", c)
	}
}
