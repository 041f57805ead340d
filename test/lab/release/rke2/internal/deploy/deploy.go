// Package deploy knows how files in server/manifests reach the cluster: each is applied when it is new or changed, and what an
// earlier version of the file had and the new one has not is removed.
package deploy

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io/fs"
	"log/slog"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/dxlab/terraform-provider-lab/test/lab/release/rke2/internal/bundled"
	"github.com/dxlab/terraform-provider-lab/test/lab/release/rke2/internal/kubeapi"
)

// interval is how often the folder is read. The real one takes 15 seconds.
const interval = 3 * time.Second

// Controller applies a folder.
type Controller struct {
	API      *kubeapi.Client
	Dir      string
	Disabled func(component string) bool
	Logger   *slog.Logger

	applied map[string]string                    // checksum by file
	owned   map[string]map[string]kubeapi.Object // objects by file and key
}

// Run applies the folder again and again until ctx ends.
func (c *Controller) Run(ctx context.Context) {
	c.applied, c.owned = map[string]string{}, map[string]map[string]kubeapi.Object{}
	tick := time.NewTicker(interval)
	defer tick.Stop()
	for {
		if err := c.once(ctx); err != nil && ctx.Err() == nil {
			c.Logger.Error("Failed to process config", "error", err)
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

func (c *Controller) once(ctx context.Context) error {
	return filepath.WalkDir(c.Dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || !isManifest(path) {
			return err
		}
		name := strings.TrimSuffix(filepath.Base(path), filepath.Ext(path))
		if _, err := os.Stat(path + ".skip"); err == nil || c.Disabled(name) {
			return nil
		}
		content, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		digest := sha256.Sum256(content)
		checksum := hex.EncodeToString(digest[:])
		if c.applied[path] == checksum {
			return nil
		}
		if err := c.apply(ctx, path, name, content, checksum); err != nil {
			c.Logger.Error(fmt.Sprintf("Failed to process config: failed to process %s: %v", path, err))
			return nil
		}
		c.applied[path] = checksum
		return nil
	})
}

func isManifest(path string) bool {
	ext := strings.ToLower(filepath.Ext(path))
	return ext == ".yaml" || ext == ".yml" || ext == ".json"
}

func (c *Controller) apply(ctx context.Context, path, name string, content []byte, checksum string) error {
	list, err := bundled.Documents(content)
	if err != nil {
		return err
	}
	now := map[string]kubeapi.Object{}
	for _, o := range list {
		if _, err := c.API.Apply(ctx, o, "deploy"); err != nil {
			return err
		}
		now[key(o)] = o
	}
	gone := maps.Clone(c.owned[path])
	maps.DeleteFunc(gone, func(k string, _ kubeapi.Object) bool { return now[k] != nil })
	for _, o := range gone {
		if err := c.API.Delete(ctx, o); err != nil {
			return err
		}
	}
	c.owned[path] = now
	_, err = c.API.Apply(ctx, kubeapi.Object{
		"apiVersion": "k3s.cattle.io/v1", "kind": "Addon",
		"metadata": kubeapi.Object{"name": name, "namespace": "kube-system"},
		"spec":     kubeapi.Object{"source": path, "checksum": checksum},
	}, "deploy")
	return err
}

func key(o kubeapi.Object) string {
	return strings.Join([]string{
		kubeapi.Text(o, "apiVersion"), kubeapi.Text(o, "kind"), kubeapi.Text(o, "metadata", "namespace"), kubeapi.Text(o, "metadata", "name"),
	}, "/")
}
