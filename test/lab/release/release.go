// Package release knows how to make and serve a stand-in for the releases of RKE2: artifacts with the true names, layout and sums around
// the stand-in program of package rke2, channels, an installer, and the faults that a download can have.
package release

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
)

// Versions returns the releases that exist when Options name none, oldest first.
func Versions() []string {
	return []string{
		"v1.24.10+rke2r1", "v1.34.6+rke2r1", "v1.35.5+rke2r1", "v1.35.7+rke2r1", "v1.36.2+rke2r1", "v1.36.3+rke2r1",
	}
}

// Channels returns the channels that exist when Options name none: stable, latest and one a minor, over the given versions, of which
// the last is the newest. Stable is the newest version of the minor before the newest, as it is at RKE2.
func Channels(versions []string) map[string]string {
	out := map[string]string{}
	for _, v := range versions {
		out["v"+minor(v)] = v
	}
	if len(versions) == 0 {
		return out
	}
	latest := versions[len(versions)-1]
	out["latest"], out["stable"] = latest, latest
	for _, v := range slices.Backward(versions) {
		if minor(v) != minor(latest) {
			out["stable"] = v
			break
		}
	}
	return out
}

// minor returns 1.36 for v1.36.3+rke2r1.
func minor(version string) string {
	fields := strings.SplitN(strings.TrimPrefix(version, "v"), ".", 3)
	if len(fields) < 2 {
		return version
	}
	return fields[0] + "." + fields[1]
}

// Options describe a set of releases.
type Options struct {
	Versions []string          // nil for Versions()
	Channels map[string]string // version by name; nil for Channels(Versions)
	Faults   []Fault           // in force from the start
	Logger   *slog.Logger      // nil for none
}

// Releases are the releases of one lab. Each is built when it is asked for the first time, and kept in the lab's cache.
type Releases struct {
	versions []string
	channels map[string]string
	logger   *slog.Logger

	mu     sync.Mutex
	faults []Fault
}

// New checks the options; it builds nothing.
func New(o Options) (*Releases, error) {
	r := &Releases{versions: o.Versions, channels: o.Channels, logger: o.Logger}
	if r.versions == nil {
		r.versions = Versions()
	}
	if r.channels == nil {
		r.channels = Channels(r.versions)
	}
	if r.logger == nil {
		r.logger = slog.New(slog.DiscardHandler)
	}
	for _, v := range r.versions {
		if !strings.HasPrefix(v, "v") || !strings.Contains(v, "+") {
			return nil, fmt.Errorf("release %q: want a version like v1.36.3+rke2r1", v)
		}
	}
	for name, v := range r.channels {
		if !slices.Contains(r.versions, v) {
			return nil, fmt.Errorf("channel %s: there is no release %s", name, v)
		}
	}
	return r, r.SetFaults(o.Faults)
}

// ErrNoRelease says that a version is none of the releases.
var ErrNoRelease = errors.New("no such release")

// Dir returns the folder with the artifacts of a version, as they are downloaded for an installation without a network. The error is
// ErrNoRelease for a version that does not exist.
func (r *Releases) Dir(ctx context.Context, version string) (string, error) {
	if !slices.Contains(r.versions, version) {
		return "", fmt.Errorf("%s: %w", version, ErrNoRelease)
	}
	dir, err := build(ctx, version, runtime.GOARCH, r.logger)
	if err != nil {
		return "", fmt.Errorf("building release %s: %w", version, err)
	}
	return dir, nil
}

// Artifact returns the path of one artifact of a version.
func (r *Releases) Artifact(ctx context.Context, version, name string) (string, error) {
	dir, err := r.Dir(ctx, version)
	return filepath.Join(dir, filepath.Base(name)), err
}

// Versions returns the versions that exist, oldest first.
func (r *Releases) Versions() []string { return slices.Clone(r.versions) }

// Channels returns the version of each channel.
func (r *Releases) Channels() map[string]string { return maps.Clone(r.channels) }

// Bundle is the name of the archive that holds the program, its scripts and units.
func Bundle() string { return "rke2.linux-" + runtime.GOARCH + ".tar.gz" }

// Sums is the name of the file with the artifacts' sums.
func Sums() string { return "sha256sum-" + runtime.GOARCH + ".txt" }
