package member

import (
	"testing"

	"go.etcd.io/etcd/api/v3/etcdserverpb"
)

func TestDescribe_NamesTheNewMember(t *testing.T) {
	t.Parallel()
	members := []*etcdserverpb.Member{
		{ID: 1, Name: "s1-0a1b2c3d", PeerURLs: []string{"https://192.0.2.1:2380"}},
		{ID: 2, PeerURLs: []string{"https://192.0.2.2:2380"}},
	}
	want := "s1-0a1b2c3d=https://192.0.2.1:2380,s2-4e5f6071=https://192.0.2.2:2380"
	if got := describe(members, 2, "s2-4e5f6071"); got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestBelongs(t *testing.T) {
	t.Parallel()
	cases := map[string]struct {
		member, node string
		want         bool
	}{
		"its own":                      {"s1-0a1b2c3d", "s1", true},
		"a node whose name goes on":    {"s1-b-0a1b2c3d", "s1", false},
		"a node whose name looks so":   {"s1-0a1b2c3d-4e5f6071", "s1", false},
		"another node":                 {"s2-0a1b2c3d", "s1", false},
		"a member that never started":  {"", "s1", false},
		"a suffix that is not a digit": {"s1-server01", "s1", false},
	}
	for name, test := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := belongs(test.member, test.node); got != test.want {
				t.Errorf("belongs(%q, %q) = %v", test.member, test.node, got)
			}
		})
	}
}
