// Package containers knows the images of the containers that really run in the lab: what is in each, how it is built from this
// repository and Go modules, and how they are served as if from every registry there is.
package containers

import (
	"context"
	"fmt"
	"maps"
	"slices"
)

// Names lists the images that the lab has, sorted: the last components of repositories' names. An image of that name is the lab's
// whatever its registry, namespace and tag are.
func Names() []string {
	var names []string
	for _, image := range catalogue() {
		names = append(names, image.name)
	}
	slices.Sort(names)
	return names
}

// Image is one of the lab's images as it was built.
type Image struct {
	Name     string // the last component of its repository's name
	Contents string // what runs in it, with a version where it has one
	StandIn  bool   // whether that only behaves like what the name promises
	Digest   string // of its manifest
	Size     int64  // bytes of its layers
}

// Set is all of the lab's images, built.
type Set struct {
	images map[string]built
	blobs  map[string]blob // by digest
}

// Ensure builds what is not in the cache, one program at a time: about ten minutes on two cores the first time, most of it Prometheus and
// the collector, and a fraction of a second after that. Only when it builds does it need a Go compiler and modules from its proxy, which
// a lab's own processes cannot reach. Progress gets a line for each program that is built, nil for none.
func Ensure(ctx context.Context, progress func(string)) (*Set, error) {
	if progress == nil {
		progress = func(string) {}
	}
	return ensure(ctx, catalogue(), progress)
}

func ensure(ctx context.Context, recipes []recipe, progress func(string)) (*Set, error) {
	layers := map[program]blob{}
	set := &Set{images: map[string]built{}, blobs: map[string]blob{}}
	for _, image := range recipes {
		layer, ok := layers[image.program]
		if !ok {
			var err error
			if layer, err = ensureLayer(ctx, image.program, progress); err != nil {
				return nil, fmt.Errorf("preparing image %s: %w", image.name, err)
			}
			layers[image.program] = layer
		}
		if err := set.add(image, layer); err != nil {
			return nil, fmt.Errorf("putting image %s together: %w", image.name, err)
		}
	}
	return set, nil
}

// Images describes all images, sorted by name.
func (s *Set) Images() []Image {
	var images []Image
	for _, name := range slices.Sorted(maps.Keys(s.images)) {
		images = append(images, s.images[name].Image)
	}
	return images
}
