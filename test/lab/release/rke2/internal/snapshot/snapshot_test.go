package snapshot_test

import (
	"archive/zip"
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/dxlab/terraform-provider-lab/test/lab/release/rke2/internal/kubeapi"
	"github.com/dxlab/terraform-provider-lab/test/lab/release/rke2/internal/snapshot"
)

func newStore(t *testing.T) snapshot.Store {
	t.Helper()
	return snapshot.Store{Dir: filepath.Join(t.TempDir(), "snapshots"), Node: "h1", Database: func(_ context.Context, w io.Writer) error {
		_, err := io.WriteString(w, "database")
		return err
	}}
}

func TestStore_Saves(t *testing.T) {
	t.Parallel()
	s := newStore(t)
	result, err := s.Do(t.Context(), snapshot.Request{Operation: "save", Names: []string{"daily"}})
	if err != nil || len(result.Created) != 1 || !strings.HasPrefix(result.Created[0], "daily-h1-") {
		t.Fatalf("got %+v, %v", result, err)
	}
	if content, err := os.ReadFile(filepath.Join(s.Dir, result.Created[0])); err != nil || string(content) != "database" {
		t.Errorf("content %q, %v", content, err)
	}
	all, err := s.Do(t.Context(), snapshot.Request{Operation: "list"})
	if err != nil || len(all.Files) != 1 {
		t.Fatalf("got %+v, %v", all, err)
	}
	if got := kubeapi.Text(all.Files[0], "spec", "location"); got != "file://"+filepath.Join(s.Dir, result.Created[0]) {
		t.Errorf("location %s", got)
	}
}

func TestStore_Compresses(t *testing.T) {
	t.Parallel()
	s := newStore(t)
	result, err := s.Do(t.Context(), snapshot.Request{Operation: "save", Compress: true})
	if err != nil {
		t.Fatal(err)
	}
	archive, err := zip.OpenReader(filepath.Join(s.Dir, result.Created[0]))
	if err != nil || len(archive.File) != 1 || archive.File[0].Name+".zip" != result.Created[0] {
		t.Errorf("archive %v, %v", archive, err)
	}
}

func TestStore_FailedSaveLeavesNothing(t *testing.T) {
	t.Parallel()
	s := newStore(t)
	s.Database = func(context.Context, io.Writer) error { return errors.New("no quorum") }
	if _, err := s.Do(t.Context(), snapshot.Request{Operation: "save"}); err == nil || !strings.Contains(err.Error(), "no quorum") {
		t.Errorf("got %v", err)
	}
	if left, _ := os.ReadDir(s.Dir); len(left) > 0 {
		t.Errorf("left %v", left)
	}
}

func TestStore_PrunesOldestOfAName(t *testing.T) {
	t.Parallel()
	s := newStore(t)
	if err := os.MkdirAll(s.Dir, 0o700); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"daily-h1-1700000001", "daily-h1-1700000003.zip", "daily-h1-1700000002", "weekly-h1-1700000000", "daily-h2-1"} {
		if err := os.WriteFile(filepath.Join(s.Dir, name), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	result, err := s.Do(t.Context(), snapshot.Request{Operation: "prune", Names: []string{"daily"}, Retention: 1})
	if want := []string{"daily-h1-1700000002", "daily-h1-1700000001"}; err != nil || !slices.Equal(result.Deleted, want) {
		t.Errorf("deleted %v, %v", result.Deleted, err)
	}
}

func TestStore_Deletes(t *testing.T) {
	t.Parallel()
	s := newStore(t)
	saved, err := s.Do(t.Context(), snapshot.Request{Operation: "save"})
	if err != nil {
		t.Fatal(err)
	}
	result, err := s.Do(t.Context(), snapshot.Request{Operation: "delete", Names: []string{saved.Created[0], "gone"}})
	if err != nil || !slices.Equal(result.Deleted, saved.Created) {
		t.Errorf("got %+v, %v", result, err)
	}
	for _, bad := range []snapshot.Request{{Operation: "delete"}, {Operation: "melt"}} {
		if _, err := s.Do(t.Context(), bad); err == nil {
			t.Errorf("%+v: no error", bad)
		}
	}
}
