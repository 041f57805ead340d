package cluster

import (
	"context"
	"slices"

	"github.com/dxlab/terraform-provider-lab/internal/fault"
	"github.com/dxlab/terraform-provider-lab/internal/kube"
	"github.com/dxlab/terraform-provider-lab/internal/object"
)

// listGroup is what one metadata list answers for.
type listGroup struct {
	list    kube.ListOptions
	objects []object.Object
}

type groupResult struct {
	drift    []string
	verified map[string]string
	missing  []string
}

// groupByList sorts objects by kind and namespace, in a stable order.
func groupByList(objects []object.Object) []listGroup {
	index := map[kube.ListOptions]int{}
	var groups []listGroup
	for _, o := range objects {
		ref := object.RefOf(o)
		at := kube.ListOptions{APIVersion: ref.APIVersion, Kind: ref.Kind, Namespace: ref.Namespace}
		i, known := index[at]
		if !known {
			i = len(groups)
			index[at] = i
			groups = append(groups, listGroup{list: at})
		}
		groups[i].objects = append(groups[i].objects, o)
	}
	return groups
}

// lookAt compares the objects of one list. A kind that is not served any more has lost all its objects.
func (s *scan) lookAt(ctx context.Context, group listGroup) (groupResult, error) {
	result := groupResult{verified: map[string]string{}}
	live, err := s.metadata(ctx, group)
	if err != nil {
		return result, err
	}
	for _, wanted := range group.objects {
		ref := object.RefOf(wanted)
		meta, there := live[ref.Name]
		if !there {
			result.missing = append(result.missing, key(ref))
			result.drift = append(result.drift, ref.String()+": it is missing")
			continue
		}
		if as := s.verifiedAs(ref, meta.ResourceVersion); meta.ResourceVersion != "" && s.options.Known.Verified[mark(ref)] == as {
			result.verified[mark(ref)] = as
			continue
		}
		lines, version, err := s.compareLive(ctx, wanted)
		if err != nil {
			return result, err
		}
		if len(lines) == 0 {
			result.verified[mark(ref)] = s.verifiedAs(ref, version)
		}
		result.drift = append(result.drift, lines...)
	}
	return result, nil
}

// verifiedAs names a comparison: what is live by its resourceVersion, and what is wanted by its digest. That may change
// without the cluster, as it does with the images of another mirror.
func (s *scan) verifiedAs(ref object.Ref, version string) string {
	return version + " " + s.observed.Objects[ref.String()]
}

// few is how many objects of a kind are asked for one by one: below it, a list of everything in a busy namespace
// costs more than the questions.
const few = 1

func (s *scan) metadata(ctx context.Context, group listGroup) (map[string]kube.Meta, error) {
	list := group.list
	if len(group.objects) <= few {
		list.FieldSelector = "metadata.name=" + object.RefOf(group.objects[0]).Name
	}
	ask := s.cluster.kube.ListMeta
	if s.options.Shared {
		ask = s.cluster.lists.get
	}
	found, err := ask(ctx, list)
	if err != nil && !fault.Is(err, fault.NotFound) {
		return nil, err
	}
	live := make(map[string]kube.Meta, len(found))
	for _, m := range found {
		live[m.Ref.Name] = m
	}
	return live, nil
}

// compareLive reads one object and returns what differs, with the resourceVersion that this is true for.
func (s *scan) compareLive(ctx context.Context, wanted object.Object) (lines []string, version string, err error) {
	ref := object.RefOf(wanted)
	live, err := s.cluster.kube.Get(ctx, ref)
	if fault.Is(err, fault.NotFound) {
		return []string{ref.String() + ": it is missing"}, "", nil
	}
	if err != nil {
		return nil, "", err
	}
	if deleting := object.String(live, "metadata", "deletionTimestamp"); deleting != "" {
		return []string{ref.String() + ": it is being deleted since " + deleting}, "", nil
	}
	diffs := slices.DeleteFunc(Compare(wanted, live), func(d Difference) bool { return s.ignored(d) })
	for _, d := range diffs {
		lines = append(lines, d.String())
	}
	return lines, object.String(live, "metadata", "resourceVersion"), nil
}
