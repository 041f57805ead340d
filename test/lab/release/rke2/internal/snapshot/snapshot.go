// Package snapshot knows the etcd snapshots of a server: how they are taken, named, listed and thrown away.
package snapshot

import (
	"archive/zip"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/dxlab/terraform-provider-lab/test/lab/release/rke2/internal/kubeapi"
)

// Request is what the commands ask of the running server.
type Request struct {
	Operation string   `json:"operation"` // save, list, delete or prune
	Names     []string `json:"name,omitempty"`
	Dir       string   `json:"dir,omitempty"`
	Compress  bool     `json:"compress,omitempty"`
	Retention int      `json:"retention,omitempty"`
}

// Result is the server's answer: what the operation made or removed, or all there is.
type Result struct {
	Created []string         `json:"created,omitempty"`
	Deleted []string         `json:"deleted,omitempty"`
	Files   []kubeapi.Object `json:"items,omitempty"` // ETCDSnapshotFile
}

// Store is the folder of a server's snapshots.
type Store struct {
	Dir  string
	Node string
	// Database writes the current database.
	Database func(ctx context.Context, w io.Writer) error
}

// Do carries out a request.
func (s Store) Do(ctx context.Context, r Request) (Result, error) {
	if r.Dir != "" {
		s.Dir = r.Dir
	}
	switch r.Operation {
	case "save":
		name := "on-demand"
		if len(r.Names) > 0 {
			name = r.Names[0]
		}
		file, err := s.save(ctx, name, r.Compress)
		return Result{Created: []string{file}}, err
	case "list":
		files, err := s.files()
		return Result{Files: files}, err
	case "delete":
		deleted, err := s.remove(r.Names)
		return Result{Deleted: deleted}, err
	case "prune":
		deleted, err := s.prune(r)
		return Result{Deleted: deleted}, err
	}
	return Result{}, fmt.Errorf("invalid snapshot operation %q", r.Operation)
}

func (s Store) save(ctx context.Context, name string, compress bool) (file string, err error) {
	if err := os.MkdirAll(s.Dir, 0o700); err != nil {
		return "", err
	}
	name = fmt.Sprintf("%s-%s-%d", name, s.Node, time.Now().Unix())
	path := filepath.Join(s.Dir, name)
	if compress {
		path += ".zip"
	}
	partial, err := os.OpenFile(path+".part", os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return "", err
	}
	defer func() { _ = os.Remove(partial.Name()) }()
	err = s.write(ctx, partial, name, compress)
	if err = errors.Join(err, partial.Close()); err != nil {
		return "", fmt.Errorf("failed to take etcd snapshot: %w", err)
	}
	return filepath.Base(path), os.Rename(partial.Name(), path)
}

func (s Store) write(ctx context.Context, w io.Writer, name string, compress bool) error {
	if !compress {
		return s.Database(ctx, w)
	}
	archive := zip.NewWriter(w)
	member, err := archive.Create(name)
	if err != nil {
		return err
	}
	if err := s.Database(ctx, member); err != nil {
		return err
	}
	return archive.Close()
}

// names lists the snapshots, newest first.
func (s Store) names() ([]fs.FileInfo, error) {
	entries, err := os.ReadDir(s.Dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var out []fs.FileInfo
	for _, e := range entries {
		info, err := e.Info()
		if err == nil && info.Mode().IsRegular() && filepath.Ext(e.Name()) != ".part" {
			out = append(out, info)
		}
	}
	slices.SortFunc(out, func(a, b fs.FileInfo) int { return strings.Compare(timeOf(b.Name()), timeOf(a.Name())) })
	return out, nil
}

// timeOf returns the seconds at the end of a snapshot's name.
func timeOf(name string) string {
	name = strings.TrimSuffix(name, ".zip")
	return name[strings.LastIndexByte(name, '-')+1:]
}

// files returns the snapshots as the API's objects.
func (s Store) files() ([]kubeapi.Object, error) {
	infos, err := s.names()
	if err != nil {
		return nil, err
	}
	out := make([]kubeapi.Object, 0, len(infos))
	for _, info := range infos {
		created := info.ModTime()
		if seconds, err := strconv.ParseInt(timeOf(info.Name()), 10, 64); err == nil {
			created = time.Unix(seconds, 0)
		}
		location := "file://" + filepath.Join(s.Dir, info.Name())
		out = append(out, kubeapi.Object{
			"apiVersion": "k3s.cattle.io/v1", "kind": "ETCDSnapshotFile",
			"metadata": kubeapi.Object{"name": objectName(info.Name(), location)},
			"spec":     kubeapi.Object{"snapshotName": info.Name(), "nodeName": s.Node, "location": location},
			"status": kubeapi.Object{
				"size": strconv.FormatInt(info.Size(), 10), "creationTime": created.UTC().Format(time.RFC3339), "readyToUse": true,
			},
		})
	}
	return out, nil
}

// objectName is local-<snapshot>-<six digits of a hash>, as k3s names these objects.
func objectName(snapshot, location string) string {
	sum := sha256.Sum256([]byte(location))
	return "local-" + strings.ToLower(snapshot) + "-" + hex.EncodeToString(sum[:3])
}

func (s Store) remove(names []string) ([]string, error) {
	if len(names) == 0 {
		return nil, errors.New("no snapshots given for removal")
	}
	var deleted []string
	for _, name := range names {
		err := os.Remove(filepath.Join(s.Dir, filepath.Base(name)))
		switch {
		case errors.Is(err, fs.ErrNotExist):
		case err != nil:
			return deleted, err
		default:
			deleted = append(deleted, name)
		}
	}
	return deleted, nil
}

// prune keeps the newest snapshots of a name.
func (s Store) prune(r Request) ([]string, error) {
	prefix := "on-demand"
	if len(r.Names) > 0 {
		prefix = r.Names[0]
	}
	infos, err := s.names()
	if err != nil {
		return nil, err
	}
	var old []string
	kept := 0
	for _, info := range infos {
		if !strings.HasPrefix(info.Name(), prefix+"-"+s.Node+"-") {
			continue
		}
		if kept++; kept > r.Retention {
			old = append(old, info.Name())
		}
	}
	if len(old) == 0 {
		return nil, nil
	}
	return s.remove(old)
}
