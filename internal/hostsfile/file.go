package hostsfile

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/dxlab/terraform-provider-lab/internal/fault"
)

// File is a hosts file on some machine.
type File interface {
	// String is how messages call it: "/etc/hosts on 10.0.0.1".
	String() string
	// Read returns the content; a file that is not there is of kind fault.NotFound.
	Read(ctx context.Context) ([]byte, error)
	// Swap puts next in place of old, in one step and under a lock that all changes of the file take, and keeps mode and
	// owner. A nil old means a file that is not there yet. When the content is no longer old, nothing is changed and the
	// error is ErrChanged.
	Swap(ctx context.Context, old, next []byte) error
}

// ErrChanged says that a file is not what it was when it was read.
var ErrChanged = errors.New("the file was changed in the meantime")

// Observed is what was found of a block.
type Observed struct {
	// Found says whether the block, or what is left of it, is in the file.
	Found bool
	// Lines are the lines between its marks.
	Lines []string
	// Drift lists what differs from what it should be, one line each.
	Drift []string
	// Clashes are entries elsewhere in the file.
	Clashes []Clash
}

// Read looks at a block. known are further lines that may be its own. A file that is not there has no block.
func Read(ctx context.Context, f File, b Block) (Observed, error) {
	content, err := f.Read(ctx)
	if fault.Is(err, fault.NotFound) {
		return Observed{}, nil
	}
	if err != nil {
		return Observed{}, err
	}
	return observe(parse(content), b), nil
}

func observe(d document, b Block) Observed {
	spans := d.find(b.Name, b.Lines())
	o := Observed{Found: len(spans) > 0, Clashes: d.clashes(b)}
	if !o.Found {
		return o
	}
	first := spans[0]
	o.Lines = first.inner
	if first.wound != "" {
		o.Drift = append(o.Drift, first.wound)
	}
	if len(spans) > 1 {
		o.Drift = append(o.Drift, fmt.Sprintf("the block is there %d times", len(spans)))
	}
	o.Drift = append(o.Drift, compare(b.Lines(), first.inner)...)
	return o
}

// compare says line by line what differs.
func compare(want, have []string) []string {
	var drift []string
	for _, line := range want {
		if !slices.Contains(have, line) {
			drift = append(drift, fmt.Sprintf("want line %q, the file has none", line))
		}
	}
	for _, line := range have {
		if !slices.Contains(want, line) {
			drift = append(drift, fmt.Sprintf("want no line %q, the file has one", line))
		}
	}
	if len(drift) == 0 && !slices.Equal(want, have) {
		drift = append(drift, "the lines are in another order, or repeated")
	}
	return drift
}

// Options say how a block is put into a file.
type Options struct {
	// New says that the block must not be there yet; a block of this name is a conflict then, unless Adopt.
	New, Adopt bool
	// Former are lines that an earlier state of the block had.
	Former []string
}

// attempts is how often a change is begun again because somebody else changed the file first.
const attempts = 20

// Apply puts a block into a file and returns what is there then.
func Apply(ctx context.Context, f File, b Block, o Options) (Observed, error) {
	after, err := change(ctx, f, func(d document) (document, error) {
		if o.New && !o.Adopt && len(d.find(b.Name, nil)) > 0 {
			return nil, fault.Newf(fault.Conflict, "%s has a block %q already: somebody else keeps it, or it was left behind. "+
				"Give this one another name, import it, or adopt it", f, b.Name)
		}
		return d.with(b, o.Former), nil
	})
	return observe(after, b), err
}

// Remove takes a block out of a file. A file or a block that is not there is no error.
func Remove(ctx context.Context, f File, b Block) error {
	_, err := change(ctx, f, func(d document) (document, error) {
		if d == nil {
			return nil, nil
		}
		return d.without(b.Name, b.Lines()), nil
	})
	return err
}

// change reads, edits and writes until nobody else came in between.
func change(ctx context.Context, f File, edit func(document) (document, error)) (document, error) {
	for range attempts {
		old, err := f.Read(ctx)
		if fault.Is(err, fault.NotFound) {
			old, err = nil, nil
		} else if old == nil {
			old = []byte{}
		}
		if err != nil {
			return nil, err
		}
		next, err := edit(parse(old))
		if err != nil {
			return nil, err
		}
		if string(next.bytes()) == string(old) {
			return next, nil
		}
		err = f.Swap(ctx, old, next.bytes())
		if err == nil {
			return next, nil
		}
		if !errors.Is(err, ErrChanged) {
			return nil, err
		}
	}
	return nil, fault.Newf(fault.Conflict, "changing %s: something else keeps changing it at the same time", f)
}
