package cgroup

import (
	"slices"
	"testing"
)

func TestControllers(t *testing.T) {
	t.Parallel()
	for options, want := range map[string][]string{
		"rw,cpu,cpuacct":                             {"cpu", "cpuacct"},
		"rw,xattr,name=systemd":                      {"name=systemd"},
		"rw,xattr,release_agent=/lib/x,name=systemd": {"name=systemd"},
		"rw,memory":                                  {"memory"},
	} {
		if got := controllers(options); !slices.Equal(got, want) {
			t.Errorf("controllers of %q are %v, want %v", options, got, want)
		}
	}
}

func TestOwn(t *testing.T) {
	t.Parallel()
	hybrid := []string{"9:name=systemd:/a", "4:memory:/b/c", "2:cpu,cpuacct:/", "0::/u"}
	for _, test := range []struct {
		name  string
		tree  hierarchy
		lines []string
		want  string
		ok    bool
	}{
		{"named", hierarchy{"/sys/fs/cgroup/systemd", []string{"name=systemd"}}, hybrid, "/sys/fs/cgroup/systemd/a", true},
		{"controller", hierarchy{"/sys/fs/cgroup/memory", []string{"memory"}}, hybrid, "/sys/fs/cgroup/memory/b/c", true},
		{"shared mount", hierarchy{"/sys/fs/cgroup/cpu,cpuacct", []string{"cpu", "cpuacct"}}, hybrid, "/sys/fs/cgroup/cpu,cpuacct", true},
		{"unified beside version 1", hierarchy{"/sys/fs/cgroup/unified", nil}, hybrid, "/sys/fs/cgroup/unified/u", true},
		{"unified alone", hierarchy{"/sys/fs/cgroup", nil}, []string{"0::/user.slice/x.scope"}, "/sys/fs/cgroup/user.slice/x.scope", true},
		{"not in it", hierarchy{"/sys/fs/cgroup/pids", []string{"pids"}}, hybrid, "", false},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			if got, ok := own(test.tree, test.lines); got != test.want || ok != test.ok {
				t.Errorf("%q, %v; want %q, %v", got, ok, test.want, test.ok)
			}
		})
	}
}
