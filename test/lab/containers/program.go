package containers

import (
	"context"
	"fmt"
	"path/filepath"
	"time"

	"github.com/dxlab/terraform-provider-lab/test/lab/internal/cache"
)

// program is what is run in an image; equal values are the same. Images that run the same program share one layer.
type program interface {
	// key names the program's folder in the cache; it changes with all that goes into it.
	key() (string, error)
	// contents says what it is, for people, with a version where it has one.
	contents() string
	// build puts the program's files into a layer. Work is a folder for what is needed on the way.
	build(ctx context.Context, work string, layer *layerWriter) error
}

// layerFormat is part of every key; it changes when the code here changes what a layer looks like.
const layerFormat = "1"

// ensureLayer returns the layer of a program and builds it when it is not in the cache.
func ensureLayer(ctx context.Context, p program, progress func(string)) (blob, error) {
	key, err := p.key()
	if err != nil {
		return blob{}, err
	}
	dir, err := cache.Dir(ctx, "containers-"+layerFormat+"-"+key, func(ctx context.Context, dir string) error {
		begin := time.Now()
		progress("building " + p.contents())
		if err := buildLayer(ctx, p, dir); err != nil {
			return err
		}
		progress(fmt.Sprintf("built %s (%s)", p.contents(), time.Since(begin).Round(time.Second)))
		return nil
	})
	if err != nil {
		return blob{}, err
	}
	return openLayer(filepath.Join(dir, layerFile))
}
