package reach_test

import "testing"

// The resources of one plan ask which cluster it is, and the cluster is asked once, until its node was changed.
func TestCluster_IsAskedForItsUIDOnce(t *testing.T) {
	t.Parallel()
	n := newNode(t)
	r := n.reach(t)
	for _, want := range []int64{1, 2} {
		for range 3 {
			engine, err := r.Cluster(t.Context(), n.as("uid-1"))
			if err != nil {
				t.Fatal(err)
			}
			if uid, err := engine.UID(t.Context()); err != nil || uid != "uid-1" {
				t.Errorf("uid %q, %v", uid, err)
			}
		}
		if asked := n.asked.Load(); asked != want {
			t.Errorf("%d requests, want %d", asked, want)
		}
		r.Forget(n.ref)
	}
}
