package sidecar

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
)

// folder is where the files are, and which object has written which. Its methods may be called at the same time.
type folder struct {
	options options

	mu sync.Mutex
	by map[string][]string // paths by object
}

func keyOf(kind string, o object) string {
	return kind + "/" + o.Metadata.Namespace + "/" + o.Metadata.Name
}

// write writes what an object has and takes away what it had before; true when that changed anything.
func (f *folder) write(kind string, o object) (bool, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	at := f.options.folder
	if other := o.Metadata.Annotations[f.options.folderAnnotation]; filepath.IsAbs(other) {
		at = other
	} else if other != "" {
		at = filepath.Join(at, other)
	}
	if err := os.MkdirAll(at, 0o750); err != nil {
		return false, fmt.Errorf("making the folder: %w", err)
	}
	changed := false
	contents, err := contentsOf(kind, o)
	if err != nil {
		return false, err
	}
	var paths []string
	for _, name := range slices.Sorted(maps.Keys(contents)) {
		path := filepath.Join(at, filepath.Base(name))
		paths = append(paths, path)
		if have, err := os.ReadFile(path); err == nil && bytes.Equal(have, contents[name]) {
			continue
		}
		if err := os.WriteFile(path, contents[name], 0o644); err != nil { // another container reads it
			return changed, fmt.Errorf("writing a file: %w", err)
		}
		slog.Info("Writing", "path", path, "from", keyOf(kind, o))
		changed = true
	}
	gone, err := f.drop(f.by[keyOf(kind, o)], paths)
	f.by[keyOf(kind, o)] = paths
	return changed || gone, err
}

// remove takes away what an object had; true when there was something.
func (f *folder) remove(kind string, o object) (bool, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	had := f.by[keyOf(kind, o)]
	delete(f.by, keyOf(kind, o))
	return f.drop(had, nil)
}

// replace makes the files of a namespace's objects, or of all with "", those of a list.
func (f *folder) replace(kind, namespace string, list []object) (bool, error) {
	changed := false
	there := map[string]bool{}
	for _, o := range list {
		there[keyOf(kind, o)] = true
		wrote, err := f.write(kind, o)
		if err != nil {
			return changed, err
		}
		changed = changed || wrote
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	for key, paths := range f.by {
		if there[key] || !strings.HasPrefix(key, kind+"/"+namespace) || namespace != "" && !strings.HasPrefix(key, kind+"/"+namespace+"/") {
			continue
		}
		delete(f.by, key)
		gone, err := f.drop(paths, nil)
		if err != nil {
			return changed, err
		}
		changed = changed || gone
	}
	return changed, nil
}

// drop removes files but those that are kept.
func (f *folder) drop(paths, kept []string) (bool, error) {
	changed := false
	for _, path := range paths {
		if slices.Contains(kept, path) {
			continue
		}
		if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return changed, fmt.Errorf("removing a file: %w", err)
		}
		slog.Info("Deleting", "path", path)
		changed = true
	}
	return changed, nil
}

// contentsOf are the files of an object. A Secret's are base64 in the API.
func contentsOf(kind string, o object) (map[string][]byte, error) {
	out := map[string][]byte{}
	maps.Copy(out, o.BinaryData)
	for name, text := range o.Data {
		out[name] = []byte(text)
		if kind != "secrets" {
			continue
		}
		raw, err := base64.StdEncoding.DecodeString(text)
		if err != nil {
			return nil, fmt.Errorf("reading key %s of %s: %w", name, keyOf(kind, o), err)
		}
		out[name] = raw
	}
	return out, nil
}
