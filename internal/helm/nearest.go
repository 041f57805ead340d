package helm

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/Masterminds/semver/v3"
	"github.com/agext/levenshtein"
)

// shown is how many names or versions a message lists.
const shown = 6

// pick returns the version that a wish means: the very version, or the newest that a constraint allows, or the newest
// stable one for an empty wish. Versions are newest first; the answer is an index, or -1.
func pick(versions []string, wish string) int {
	if at := slices.Index(versions, wish); at >= 0 {
		return at
	}
	if exact, err := semver.StrictNewVersion(strings.TrimPrefix(wish, "v")); err == nil {
		return slices.IndexFunc(versions, func(v string) bool {
			got, err := semver.NewVersion(v)
			return err == nil && got.Equal(exact) && (exact.Metadata() == "" || exact.Metadata() == got.Metadata())
		})
	}
	if wish == "" {
		wish = "*"
	}
	constraint, err := semver.NewConstraint(wish)
	if err != nil {
		return -1
	}
	return slices.IndexFunc(versions, func(v string) bool {
		got, err := semver.NewVersion(v)
		return err == nil && constraint.Check(got)
	})
}

// exactVersion reports whether a wish names one version, so that nobody needs to be asked what it means.
func exactVersion(wish string) bool {
	_, err := semver.StrictNewVersion(strings.TrimPrefix(wish, "v"))
	return err == nil
}

// allows reports whether version is what wish asks for.
func allows(wish, version string) bool { return pick([]string{version}, wish) == 0 }

// describeVersions says which versions there are, those nearest to the wish first.
func describeVersions(versions []string, wish string) string {
	if len(versions) == 0 {
		return "it has no versions"
	}
	if len(versions) <= shown {
		return "there are " + strings.Join(versions, ", ")
	}
	wanted, err := semver.NewVersion(wish)
	if err != nil {
		return "the newest are " + strings.Join(versions[:shown], ", ")
	}
	near := slices.Clone(versions)
	slices.SortStableFunc(near, func(a, b string) int {
		return slices.Compare(distance(a, wanted), distance(b, wanted))
	})
	return fmt.Sprintf("the nearest are %s; the newest is %s", strings.Join(near[:shown], ", "), versions[0])
}

// distance is how far a version is from the wanted one, most significant part first. Releases come before
// prereleases.
func distance(version string, wanted *semver.Version) []uint64 {
	v, err := semver.NewVersion(version)
	if err != nil {
		return []uint64{^uint64(0)}
	}
	var pre uint64
	if v.Prerelease() != "" {
		pre = 1
	}
	return []uint64{
		apart(v.Major(), wanted.Major()), apart(v.Minor(), wanted.Minor()), apart(v.Patch(), wanted.Patch()), pre,
	}
}

func apart(a, b uint64) uint64 { return max(a, b) - min(a, b) }

// describeNames says which charts there are, those most alike first.
func describeNames(names []string, wish string) string {
	if len(names) == 0 {
		return "it has no charts"
	}
	near := slices.Clone(names)
	slices.SortStableFunc(near, func(a, b string) int { return cmp.Compare(unlike(a, wish), unlike(b, wish)) })
	if len(near) <= shown {
		return "there are " + strings.Join(near, ", ")
	}
	return fmt.Sprintf("the nearest of %d are %s", len(near), strings.Join(near[:shown], ", "))
}

// unlike is an edit distance; a name that contains the other counts as near.
func unlike(a, b string) int {
	d := levenshtein.Distance(a, b, nil)
	if strings.Contains(a, b) || strings.Contains(b, a) {
		d = min(d, 2)
	}
	return d
}
