// Package hostsfile knows how a hosts file (hosts(5)) carries a block of entries that belongs to somebody, between
// two marks, and that all other bytes of it belong to somebody else.
package hostsfile

import (
	"net/netip"
	"regexp"
	"slices"
	"strings"

	"github.com/dxlab/terraform-provider-lab/internal/fault"
)

// DefaultPath is where Unix keeps the file; DefaultName is the block's name when nobody chose one.
const (
	DefaultPath = "/etc/hosts"
	DefaultName = "lab"
)

// Entry is one line: an address and its names, the canonical one first.
type Entry struct {
	Address netip.Addr
	Names   []string
}

// Block is what a file is to have between the marks that carry its name.
type Block struct {
	Name    string
	Entries []Entry
}

var (
	blockName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$`)
	label     = regexp.MustCompile(`^[A-Za-z0-9_]([A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?$`)
)

// New makes a block of names by address, in the order of the addresses. What no resolver could read is
// [fault.Invalid]: an address that is none, a name that is none, a name with two addresses of one family.
func New(name string, entries map[string][]string) (Block, error) {
	if !blockName.MatchString(name) {
		return Block{}, fault.Newf(fault.Invalid, "%q is no name for a block: want letters, digits, dots, dashes and underscores, up to 63", name)
	}
	b := Block{Name: name}
	for text, names := range entries {
		address, err := netip.ParseAddr(text)
		if err != nil {
			return Block{}, fault.Newf(fault.Invalid, "%q is no IP address", text)
		}
		if len(names) == 0 {
			return Block{}, fault.Newf(fault.Invalid, "address %s has no names", text)
		}
		b.Entries = append(b.Entries, Entry{Address: address, Names: names})
	}
	slices.SortFunc(b.Entries, func(x, y Entry) int { return x.Address.Compare(y.Address) })
	return b, b.check()
}

func (b Block) check() error {
	seen := map[string]netip.Addr{}
	for i, e := range b.Entries {
		if i > 0 && b.Entries[i-1].Address == e.Address {
			return fault.Newf(fault.Invalid, "address %s is there twice, in two ways of writing it", e.Address)
		}
		for _, name := range e.Names {
			if err := checkName(name); err != nil {
				return err
			}
			key := family(e.Address) + strings.ToLower(name)
			if other, twice := seen[key]; twice {
				return fault.Newf(fault.Invalid, "name %s has two addresses, %s and %s: resolvers take the first and ignore the other", name, other, e.Address)
			}
			seen[key] = e.Address
		}
	}
	return nil
}

func checkName(name string) error {
	if strings.HasPrefix(name, "*") {
		return fault.Newf(fault.Invalid, "%q: hosts files know no wildcards, so each name has to be written out", name)
	}
	if len(name) > 253 {
		return fault.Newf(fault.Invalid, "name %q is longer than 253 characters", name)
	}
	for part := range strings.SplitSeq(name, ".") {
		if !label.MatchString(part) {
			return fault.Newf(fault.Invalid, "%q is no host name", name)
		}
	}
	if _, err := netip.ParseAddr(name); err == nil {
		return fault.Newf(fault.Invalid, "%q is an address where a name is wanted", name)
	}
	return nil
}

func family(a netip.Addr) string {
	if a.Unmap().Is4() {
		return "4 "
	}
	return "6 "
}

// Lines are the block's lines without the marks and without line ends.
func (b Block) Lines() []string {
	lines := make([]string, 0, len(b.Entries))
	for _, e := range b.Entries {
		lines = append(lines, e.Address.String()+" "+strings.Join(e.Names, " "))
	}
	return lines
}

// Text is the whole block, marks included, as it stands in a file.
func (b Block) Text() string {
	return strings.Join(slices.Concat([]string{beginMark(b.Name)}, b.Lines(), []string{endMark(b.Name)}), "\n") + "\n"
}

const (
	beginPrefix = "# BEGIN terraform-provider-lab "
	endPrefix   = "# END terraform-provider-lab "
	// openNote remembers that the file's last line had no end before the block came.
	openNote = " (the line above had no line end)"
)

func beginMark(name string) string { return beginPrefix + name }
func endMark(name string) string   { return endPrefix + name }

// Entries reads lines of a block back into names by address. A line that is no entry is [fault.Invalid].
func Entries(lines []string) (map[string][]string, error) {
	entries := map[string][]string{}
	for _, line := range lines {
		text, _, _ := strings.Cut(line, "#")
		fields := strings.Fields(text)
		if len(fields) == 0 {
			continue
		}
		if _, err := netip.ParseAddr(fields[0]); err != nil || len(fields) == 1 {
			return nil, fault.Newf(fault.Invalid, "line %q is no entry of a hosts file", line)
		}
		entries[fields[0]] = append(entries[fields[0]], fields[1:]...)
	}
	return entries, nil
}
