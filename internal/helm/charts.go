package helm

import (
	"log/slog"
	"net/http"
	"sync"
	"time"
)

// ChartsOptions say where charts come from. The zero value serves public repositories.
type ChartsOptions struct {
	// CacheDir holds chart archives by digest; empty means terraform-provider-lab/charts in the user's cache
	// directory. It is made when first needed and may be shared between processes.
	CacheDir string
	// Mirror replaces the repository of every chart that has no exception: https://... or oci://...
	Mirror string
	// Username and Password are for the mirror. Without a mirror they are given to a repository only when it
	// answers that it wants credentials.
	Username, Password string
	// CA holds PEM certificates that are trusted beside the system's.
	CA []byte
	// PlainHTTP speaks http to the mirror, where it is an OCI registry, or without a mirror to every OCI registry.
	// Registries on loopback addresses may be spoken to without TLS anyway.
	PlainHTTP bool
	// Exceptions are charts, by name, that are found elsewhere than the rest.
	Exceptions map[string]Exception
	// RegistryConfigs are registry credential files in Docker's format, read and never written. Nil means
	// those of docker, podman and helm at their usual places; an empty list means none.
	RegistryConfigs []string
	// Transport replaces the HTTP transport, for tests.
	Transport http.RoundTripper
	// RetryPause is the pause before a failed download is tried again, growing from there; zero means 300 ms.
	RetryPause time.Duration
	// Logger is told of downloads; nil discards.
	Logger *slog.Logger
}

// Exception says where one chart is found. Empty fields fall back to the chart's own reference; with a mirror in
// force, an exception without a repository means the original repository.
type Exception struct {
	Repository, Name, Version string
	Username, Password        string
	// PlainHTTP speaks http to the repository, where it is an OCI registry.
	PlainHTTP bool
}

// Charts finds chart archives and keeps them. It is safe for concurrent use, and one should serve a whole process:
// what it has learnt of a repository it does not ask again.
type Charts struct {
	options ChartsOptions
	log     *slog.Logger
	web     web
	archive archive

	indexFlights   flights[*index]
	archiveFlights flights[[]byte]
	tagFlights     flights[tag]

	mu      sync.Mutex
	indexes map[string]*index
	tags    map[string]tag
}

// NewCharts makes a finder of charts. It neither dials nor touches the disk.
func NewCharts(o ChartsOptions) *Charts {
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	return &Charts{
		options: o,
		log:     o.Logger,
		web:     newWeb(o),
		archive: archive{dir: o.CacheDir},
		indexes: map[string]*index{},
		tags:    map[string]tag{},
	}
}
