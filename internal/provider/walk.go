package provider

import (
	"maps"
	"slices"
	"sync"

	"github.com/dxlab/terraform-provider-lab/internal/versions"
)

// walk knows what one walk of Terraform has planned so far, as far as one resource's plan depends on another's. A walk
// goes along the references, so that what a resource refers to has been planned before it.
type walk struct {
	mu sync.Mutex
	// nodes has the planned RKE2 version of each node by its host; founders are the ones that make a cluster anew.
	nodes    map[string]string
	founders map[string]string
	// pieces are what is planned on each cluster, by the resource's own name of it.
	pieces map[string]map[string]piece
	// live are versions of clusters that were looked up, "" for one that could not be.
	live map[string]string
	// silent are repositories that did not answer.
	silent map[string]bool
	// meshes are the planned meshes, by cluster and namespace.
	meshes map[string]plannedMesh
}

// piece is something with a version that a resource plans.
type piece struct {
	versions.Piece
	// what is the resource, for messages, and changes says that this plan installs or changes the piece.
	what    string
	changes bool
}

// planNode records the version that a node will have, "" where only the apply finds out.
func (w *walk) planNode(host, version string, founds bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.nodes == nil {
		w.nodes, w.founders = map[string]string{}, map[string]string{}
	}
	w.nodes[host] = version
	delete(w.founders, host)
	if founds {
		w.founders[host] = version
	}
}

// node returns the version that a node will have.
func (w *walk) node(host string) (version string, planned bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	version, planned = w.nodes[host]
	return version, planned
}

// newCluster returns the version of the cluster that this walk makes, when there is only one: then it is the one behind a
// reference that is not known yet.
func (w *walk) newCluster() (version string, only bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.founders) != 1 {
		return "", false
	}
	return slices.Collect(maps.Values(w.founders))[0], true
}

// plan records the pieces of a resource on a cluster, by names of their own, and returns the others there.
func (w *walk) plan(cluster string, own map[string]piece) []piece {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.pieces == nil {
		w.pieces = map[string]map[string]piece{}
	}
	if w.pieces[cluster] == nil {
		w.pieces[cluster] = map[string]piece{}
	}
	var others []piece
	for _, name := range slices.Sorted(maps.Keys(w.pieces[cluster])) {
		if _, mine := own[name]; !mine {
			others = append(others, w.pieces[cluster][name])
		}
	}
	maps.Copy(w.pieces[cluster], own)
	return others
}

// planMesh records a mesh, and mesh finds it.
func (w *walk) planMesh(key string, m plannedMesh) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.meshes == nil {
		w.meshes = map[string]plannedMesh{}
	}
	w.meshes[key] = m
}

func (w *walk) mesh(key string) (plannedMesh, bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	m, found := w.meshes[key]
	return m, found
}

// lookUp returns the version of a live cluster, asking at most once.
func (w *walk) lookUp(cluster string, ask func() string) string {
	w.mu.Lock()
	version, asked := w.live[cluster]
	w.mu.Unlock()
	if asked {
		return version
	}
	version = ask()
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.live == nil {
		w.live = map[string]string{}
	}
	w.live[cluster] = version
	return version
}

// answers reports whether a repository has not failed to answer yet; failed records that it has.
func (w *walk) answers(repository string) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return !w.silent[repository]
}

func (w *walk) failed(repository string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.silent == nil {
		w.silent = map[string]bool{}
	}
	w.silent[repository] = true
}
