package containers

import (
	"encoding/json"
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/types"
)

// built is an image with the manifest under which it is served.
type built struct {
	Image
	manifest blob
}

// add puts an image together from its program's layer and one of its own.
func (s *Set) add(r recipe, program blob) error {
	own, err := r.layer()
	if err != nil {
		return fmt.Errorf("writing its layer: %w", err)
	}
	layers := []blob{program, own}
	config, err := r.config(layers)
	if err != nil {
		return err
	}
	manifest, err := manifestOf(config, layers)
	if err != nil {
		return err
	}
	for _, b := range append(layers, config, manifest) {
		s.blobs[b.Digest] = b
	}
	s.images[r.name] = built{manifest: manifest, Image: Image{
		Name: r.name, Contents: r.contents(), StandIn: r.program == standIns, Digest: manifest.Digest, Size: program.Size + own.Size,
	}}
	return nil
}

// contents says what runs in an image; of a stand-in it is the name by which it is started that says it.
func (r recipe) contents() string {
	if r.program != standIns {
		return r.program.contents()
	}
	started := r.entrypoint[1:]
	if r.entrypoint[0] != standInsPath {
		started = append([]string{path.Base(r.entrypoint[0])}, started...)
	}
	return r.program.contents() + " " + strings.Join(started, " ")
}

// users has those that upstream's images call by name (busybox: etc/passwd).
const users = "root:x:0:0:root:/:/sbin/nologin\nnobody:x:65534:65534:nobody:/:/sbin/nologin\n"

// layer is what an image has besides its program: users, folders and links.
func (r recipe) layer() (blob, error) {
	return smallLayer(func(l *layerWriter) error {
		for _, folder := range append([]string{"/tmp"}, r.folders...) {
			if err := l.folder(folder, 0o1777); err != nil {
				return err
			}
		}
		if err := l.text("/etc/passwd", users); err != nil {
			return err
		}
		if err := l.text("/etc/group", "root:x:0:\nnobody:x:65534:\n"); err != nil {
			return err
		}
		for _, link := range slices.Sorted(maps.Keys(r.links)) {
			if err := l.link(link, r.links[link]); err != nil {
				return err
			}
		}
		return nil
	})
}

// config is the image's configuration. Its layers are not packed, so that a layer's own digest is also that of its content.
func (r recipe) config(layers []blob) (blob, error) {
	env := []string{"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"}
	for _, name := range slices.Sorted(maps.Keys(r.env)) {
		env = append(env, name+"="+r.env[name])
	}
	file := v1.ConfigFile{
		Architecture: platform, OS: "linux", Created: v1.Time{Time: time.Unix(0, 0).UTC()},
		Config: v1.Config{Entrypoint: r.entrypoint, Cmd: r.args, Env: env, User: r.user, WorkingDir: r.workdir},
		RootFS: v1.RootFS{Type: "layers"},
	}
	for _, layer := range layers {
		hash, err := v1.NewHash(layer.Digest)
		if err != nil {
			return blob{}, fmt.Errorf("writing its configuration: %w", err)
		}
		file.RootFS.DiffIDs = append(file.RootFS.DiffIDs, hash)
		file.History = append(file.History, v1.History{Created: file.Created, CreatedBy: "test/lab/containers"})
	}
	text, err := json.Marshal(file)
	if err != nil {
		return blob{}, fmt.Errorf("writing its configuration: %w", err)
	}
	return inMemory(text), nil
}

func manifestOf(config blob, layers []blob) (blob, error) {
	manifest := v1.Manifest{SchemaVersion: 2, MediaType: types.OCIManifestSchema1}
	for i, b := range append([]blob{config}, layers...) {
		hash, err := v1.NewHash(b.Digest)
		if err != nil {
			return blob{}, fmt.Errorf("writing its manifest: %w", err)
		}
		if i == 0 {
			manifest.Config = v1.Descriptor{MediaType: types.OCIConfigJSON, Digest: hash, Size: b.Size}
			continue
		}
		manifest.Layers = append(manifest.Layers, v1.Descriptor{MediaType: types.OCIUncompressedLayer, Digest: hash, Size: b.Size})
	}
	text, err := json.Marshal(manifest)
	if err != nil {
		return blob{}, fmt.Errorf("writing its manifest: %w", err)
	}
	return inMemory(text), nil
}
