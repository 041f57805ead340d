package verify

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
)

func sortedKeys[K cmp.Ordered, V any](m map[K]V) []K { return slices.Sorted(maps.Keys(m)) }

// shownOfList is how many names a message lists: a trace may have hundreds of services.
const shownOfList = 12

// Listed writes names as a message does: "a, b, c", and "a, b and 97 more" where there are many.
func Listed(names []string) string {
	if len(names) <= shownOfList {
		return strings.Join(names, ", ")
	}
	return fmt.Sprintf("%s and %d more", strings.Join(names[:shownOfList], ", "), len(names)-shownOfList)
}

func plural(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}
