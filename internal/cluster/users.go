package cluster

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/dxlab/terraform-provider-lab/internal/component"
	"github.com/dxlab/terraform-provider-lab/internal/fault"
	"github.com/dxlab/terraform-provider-lab/internal/kube"
	"github.com/dxlab/terraform-provider-lab/internal/object"
)

// User is an object that lives off a component.
type User struct {
	Ref object.Ref
	// Loss says what becomes of it without the component.
	Loss string
	// Ours says that this provider keeps it.
	Ours bool
	// Tolerated says that it is no reason to refuse a removal, see [component.Use].
	Tolerated bool
}

// Users lists the objects that would suffer from a removal and are not the component's own, sorted as the API lists
// them. Objects that are being deleted already do not count.
func (c *Cluster) Users(ctx context.Context, comp component.Component, o RemoveOptions) ([]User, error) {
	uses, err := c.uses(ctx, comp, o)
	if err != nil {
		return nil, err
	}
	own := refsOf(comp.Objects)
	var users []User
	for _, use := range uses {
		found, err := c.kube.ListMeta(ctx, kube.ListOptions{APIVersion: use.APIVersion, Kind: use.Kind, LabelSelector: use.LabelSelector})
		if fault.Is(err, fault.NotFound) {
			continue // a kind that is not served has no objects
		}
		if err != nil {
			return nil, err
		}
		for _, m := range found {
			// What has an owner follows the owner; what is part of the component goes with it.
			if !m.DeletionTimestamp.IsZero() || len(m.Owners) > 0 || knows(own, m.Ref) || ofRelease(m, comp.Charts) {
				continue
			}
			ours, err := c.keeps(ctx, m)
			if err != nil {
				return nil, err
			}
			users = append(users, User{Ref: m.Ref, Loss: use.Loss, Ours: ours, Tolerated: use.Tolerated})
		}
	}
	return users, nil
}

// uses lists the kinds that live off a component.
func (c *Cluster) uses(ctx context.Context, comp component.Component, o RemoveOptions) ([]component.Use, error) {
	uses := slices.Clone(comp.UsedBy)
	if !comp.GuardCRDs && !o.CRDs {
		return uses, nil
	}
	for _, chart := range comp.Charts {
		release, err := c.helm.Get(ctx, chart.Namespace, chart.Release)
		if fault.Is(err, fault.NotFound) {
			continue
		}
		if err != nil {
			return nil, err
		}
		var definitions []object.Object
		if o.CRDs {
			if definitions, err = c.helm.CRDs(ctx, chartRef(chart), chart.Values); err != nil {
				return nil, err
			}
		}
		for _, obj := range slices.Concat(release.Objects, definitions) {
			stays := object.String(obj, "metadata", "annotations", policyAnnotation) == "keep" && !o.CRDs
			if object.RefOf(obj).Kind == definitionKind && !stays {
				uses = append(uses, ofDefinition(obj))
			}
		}
	}
	return uses, nil
}

// ofDefinition is the kind that a CustomResourceDefinition defines, in the version that it is stored in.
func ofDefinition(crd object.Object) component.Use {
	use := component.Use{Kind: object.String(crd, "spec", "names", "kind"), Loss: "vanishes with its CustomResourceDefinition"}
	for _, v := range object.List(crd, "spec", "versions") {
		if version, ok := v.(map[string]any); ok && version["storage"] == true {
			use.APIVersion = object.String(crd, "spec", "group") + "/" + object.String(version, "name")
		}
	}
	return use
}

// keeps reports whether this provider keeps an object: it applied it, or the release that brought it.
func (c *Cluster) keeps(ctx context.Context, m kube.Meta) (bool, error) {
	release := m.Annotations[releaseNameAnnotation]
	if applied := slices.Contains(m.Managers, kube.DefaultFieldManager); applied || release == "" {
		return applied, nil
	}
	live, err := c.helm.Get(ctx, m.Annotations[releaseNamespaceAnnotation], release)
	if fault.Is(err, fault.NotFound) {
		return false, nil
	}
	return live.Labels[managedLabel] != "", err
}

// Helm's marks of what belongs to which release (helm.sh/helm/v3 pkg/action/validate.go).
const (
	releaseNameAnnotation      = "meta.helm.sh/release-name"
	releaseNamespaceAnnotation = "meta.helm.sh/release-namespace"
)

// ofRelease reports whether an object belongs to one of the component's own releases.
func ofRelease(m kube.Meta, charts []component.Chart) bool {
	for _, chart := range charts {
		if m.Annotations[releaseNameAnnotation] == chart.Release && m.Annotations[releaseNamespaceAnnotation] == chart.Namespace {
			return true
		}
	}
	return false
}

// namedUsers is how many users a message names.
const namedUsers = 5

// DescribeUsers says in words who uses something: one line a user, a few of them.
func DescribeUsers(users []User) string {
	var lines []string
	for i, u := range users {
		if i == namedUsers {
			lines = append(lines, fmt.Sprintf("and %d more", len(users)-namedUsers))
			break
		}
		lines = append(lines, strings.TrimSpace(u.Ref.String()+" "+u.Loss))
	}
	return strings.Join(lines, "\n")
}

// checkUnused refuses a removal that would take something away from others.
func (c *Cluster) checkUnused(ctx context.Context, comp component.Component, o RemoveOptions) error {
	users, err := c.Users(ctx, comp, o)
	users = slices.DeleteFunc(users, func(u User) bool { return u.Tolerated })
	if err != nil || len(users) == 0 {
		return err
	}
	return fault.Newf(fault.Conflict, "%s is in use; remove its users first, or set force_destroy = true and apply that before:\n%s", comp.Name, DescribeUsers(users))
}
