// Package charts knows how charts are offered to the outside: it serves the miniature charts of the test lab as a classic repository and as
// an OCI registry, counts what is asked for, and lets downloads go wrong when a test wants them to.
package charts

import (
	"cmp"
	"embed"
	"fmt"
	"io/fs"
	"log/slog"
	"net/http"
	"slices"
	"sync"
)

// The names with a leading _ are templates that Helm's charts share.
//
//go:embed all:miniature
var embedded embed.FS

// Options say what is served and to whom. The zero value serves the miniatures to everybody.
type Options struct {
	// Username and Password, when set, are asked for by basic authentication, in both kinds of repository.
	Username, Password string
	// Folders holds unpacked charts, each in a folder of its root. Nil serves the miniatures of this package.
	Folders fs.FS
	// Archives holds chart archives, *.tgz in its root, that are served as well: the real charts, for example.
	Archives fs.FS
	// Logger gets a line for each request. Nil is silent.
	Logger *slog.Logger
}

// Repository is a set of charts with both faces. Its methods are safe for use by many goroutines.
type Repository struct {
	options  Options
	archives []archive
	index    []byte
	registry http.Handler
	layers   map[string]archive // by the digest of the archive, "sha256:..."

	mu     sync.Mutex
	faults []Fault
	stats  Stats
}

// New packs the charts and fills the registry. It needs no network and touches no file outside of o.
func New(o Options) (*Repository, error) {
	if o.Folders == nil {
		o.Folders = Miniatures()
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	r := &Repository{options: o, layers: map[string]archive{}}
	if err := r.load(); err != nil {
		return nil, err
	}
	var err error
	if r.index, err = indexOf(r.archives); err != nil {
		return nil, err
	}
	if r.registry, err = newRegistry(r.archives); err != nil {
		return nil, err
	}
	return r, nil
}

// Miniatures are the charts of this package, each in a folder of the root.
func Miniatures() fs.FS {
	miniatures, err := fs.Sub(embedded, "miniature")
	if err != nil {
		panic(err) // the folder is compiled in
	}
	return miniatures
}

// NewHandler serves a new repository; see [Repository.Handler].
func NewHandler(o Options) (http.Handler, error) {
	r, err := New(o)
	if err != nil {
		return nil, err
	}
	return r.Handler(), nil
}

// load packs the folders, reads the archives and sorts all by name and version. A chart that is there twice is an error.
func (r *Repository) load() error {
	packed, err := packAll(r.options.Folders)
	if err != nil {
		return err
	}
	r.archives = packed
	if r.options.Archives != nil {
		read, err := readAll(r.options.Archives)
		if err != nil {
			return err
		}
		r.archives = append(r.archives, read...)
	}
	slices.SortFunc(r.archives, func(a, b archive) int {
		return cmp.Or(cmp.Compare(a.name, b.name), cmp.Compare(a.version, b.version))
	})
	for i, a := range r.archives {
		if i > 0 && a.file() == r.archives[i-1].file() {
			return fmt.Errorf("chart %s %s is there twice", a.name, a.version)
		}
		r.layers["sha256:"+a.digest] = a
	}
	return nil
}

// Chart is a chart that is served.
type Chart struct {
	Name, Version string
	// Digest is the hex sha256 of the archive, as an index and a lock name it.
	Digest string
	// Size is in bytes.
	Size int
}

// Charts lists what is served, by name and version.
func (r *Repository) Charts() []Chart {
	all := make([]Chart, 0, len(r.archives))
	for _, a := range r.archives {
		all = append(all, Chart{Name: a.name, Version: a.version, Digest: a.digest, Size: len(a.content)})
	}
	return all
}
