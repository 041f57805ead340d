package helm

import (
	"errors"
	"slices"
	"strings"
	"sync"

	"golang.org/x/sync/errgroup"
	"helm.sh/helm/v3/pkg/kube"
	"k8s.io/cli-runtime/pkg/resource"

	"github.com/dxlab/terraform-provider-lab/internal/fault"
)

// abreast is how many objects are looked at or changed at the same time.
const abreast = 8

// lookAhead reads objects into memory, several at a time: Helm is about to read them one after the other, to see
// which exist. What goes wrong here goes wrong there again, and is told there.
func (c *cluster) lookAhead(list kube.ResourceList) {
	c.answers.Remember()
	var group errgroup.Group
	group.SetLimit(abreast)
	for _, r := range list {
		group.Go(func() error {
			_, err := resource.NewHelper(r.Client, r.Mapping).Get(r.Namespace, r.Name)
			c.log("looking at %s %s: %v", r.Mapping.GroupVersionKind.Kind, r.Name, err)
			return nil
		})
	}
	_ = group.Wait()
}

// Create creates objects.
func (c *cluster) Create(resources kube.ResourceList) (*kube.Result, error) {
	c.answers.Forget()
	result, err := c.Client.Create(resources)
	return result, c.faults.add(plain(err))
}

// Update changes objects. Helm compares custom resources with its last manifest only, so that it never sees what
// was changed on the cluster; a three-way merge looks at the live object as well, as for built-in kinds.
func (c *cluster) Update(original, target kube.ResourceList, force bool) (*kube.Result, error) {
	return c.UpdateThreeWayMerge(original, target, force)
}

// UpdateThreeWayMerge changes, creates and deletes objects so that original becomes target. Helm does it one object
// after the other; here the objects of one kind are changed together, as Helm does when it creates them. As in Helm,
// an object that cannot be created ends it, objects that cannot be changed are told of at the end, and nothing is
// deleted unless all went well.
func (c *cluster) UpdateThreeWayMerge(original, target kube.ResourceList, force bool) (*kube.Result, error) {
	c.answers.Remember()
	defer c.answers.Forget()
	var done updates
	for left := target; len(left) > 0; {
		kind := left[0].Mapping.GroupVersionKind
		end := slices.IndexFunc(left, func(r *resource.Info) bool { return r.Mapping.GroupVersionKind != kind })
		if end < 0 {
			end = len(left)
		}
		var group errgroup.Group
		group.SetLimit(abreast)
		for _, pair := range pairs(original, left[:end]) {
			group.Go(func() error { return done.add(c.Client.UpdateThreeWayMerge(pair.original, pair.target, force)) })
		}
		if err := group.Wait(); err != nil {
			return &done.result, c.faults.add(err)
		}
		left = left[end:]
	}
	if err := severalErrors(done.failed); err != nil {
		return &done.result, c.faults.add(err)
	}
	err := done.add(c.Client.UpdateThreeWayMerge(original.Difference(target), nil, force))
	return &done.result, c.faults.add(err)
}

// pair is one object that is wanted, with what the last release said of it.
type pair struct{ original, target kube.ResourceList }

// pairs finds the last release's word for each wanted object, all before any of them is changed: an object that the
// release takes over stands in both lists, and changing it writes what this reads (pkg/action/upgrade.go, performUpgrade,
// appends what it adopts to the current release's objects).
func pairs(original, target kube.ResourceList) []pair {
	out := make([]pair, 0, len(target))
	for _, r := range target {
		one := kube.ResourceList{r}
		out = append(out, pair{original.Intersect(one), one})
	}
	return out
}

// updates collects what became of objects.
type updates struct {
	mu     sync.Mutex
	result kube.Result
	failed []error
}

// add takes the outcome of one object. It returns an error when the object could not even be read or created.
func (u *updates) add(r *kube.Result, err error) error {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.result.Created = append(u.result.Created, r.Created...)
	u.result.Updated = append(u.result.Updated, r.Updated...)
	u.result.Deleted = append(u.result.Deleted, r.Deleted...)
	if err != nil && len(r.Updated) > 0 {
		u.failed = append(u.failed, err)
		return nil
	}
	return plain(err)
}

// plain takes the bullet list out of errors of go-multierror, which Helm uses for several objects at once.
func plain(err error) error {
	var several interface{ WrappedErrors() []error }
	if !errors.As(err, &several) {
		return err
	}
	return severalErrors(several.WrappedErrors())
}

// severalErrors makes one error of several, of the kind of the first.
func severalErrors(all []error) error {
	switch len(all) {
	case 0:
		return nil
	case 1:
		return all[0]
	}
	texts := make([]string, len(all))
	for i, e := range all {
		texts[i] = e.Error()
	}
	return fault.New(kindOfAPI(all[0]), errors.New(strings.Join(texts, "; ")))
}
