package alive_test

import (
	"testing"

	"github.com/dxlab/terraform-provider-lab/test/lab/internal/alive"
)

func TestLook(t *testing.T) {
	t.Setenv("LAB_CACHE", t.TempDir())
	var marks []*alive.Mark
	for range 3 {
		mark, err := alive.New()
		if err != nil {
			t.Fatal(err)
		}
		marks = append(marks, mark)
	}
	if err := marks[1].File.Close(); err != nil { // as if its processes had been killed
		t.Fatal(err)
	}
	if err := marks[2].Close(); err != nil {
		t.Fatal(err)
	}
	running, dead, err := alive.Look()
	if err != nil {
		t.Fatal(err)
	}
	if len(running) != 1 || !running[marks[0].ID] || len(dead) != 1 || !dead[marks[1].ID] {
		t.Errorf("running %v, dead %v", running, dead)
	}
	if _, dead, err := alive.Look(); err != nil || len(dead) > 0 {
		t.Errorf("a second look finds dead %v (%v)", dead, err)
	}
}
