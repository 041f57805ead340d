package image

import (
	"bufio"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"sort"
	"strings"
)

// sources are package sources in apt's deb822 form.
type sources struct {
	suite string // release by code name
	text  string
}

// name is the file name by which mmdebstrap knows the form.
func (sources) name() string { return "lab.sources" }

// machineSources takes this machine's own package sources of its distribution, so that the image comes from wherever the machine
// itself is installed from. Other suites are asked of the same places.
func machineSources(suite string) (sources, error) {
	own, err := codename("/etc/os-release")
	if err != nil {
		return sources{}, err
	}
	if suite == "" {
		suite = own
	}
	var stanzas []string
	paths, _ := filepath.Glob("/etc/apt/sources.list.d/*.sources")
	sort.Strings(paths)
	for _, path := range paths {
		text, err := os.ReadFile(path)
		if err != nil {
			return sources{}, fmt.Errorf("reading the package sources: %w", err)
		}
		stanzas = append(stanzas, deb822Stanzas(string(text))...)
	}
	paths, _ = filepath.Glob("/etc/apt/sources.list.d/*.list")
	for _, path := range append([]string{"/etc/apt/sources.list"}, paths...) {
		text, err := os.ReadFile(path)
		if os.IsNotExist(err) {
			continue
		}
		if err != nil {
			return sources{}, fmt.Errorf("reading the package sources: %w", err)
		}
		stanzas = append(stanzas, listStanzas(string(text))...)
	}
	var chosen []string
	for _, stanza := range stanzas {
		if text, ok := choose(stanza, own, suite); ok {
			chosen = append(chosen, text)
		}
	}
	if len(chosen) == 0 {
		return sources{}, fmt.Errorf("no package source of %s in /etc/apt", own)
	}
	return sources{suite: suite, text: strings.Join(chosen, "\n\n") + "\n"}, nil
}

func codename(path string) (string, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return "", fmt.Errorf("finding out the distribution: %w", err)
	}
	for _, line := range strings.Split(string(text), "\n") {
		if value, ok := strings.CutPrefix(line, "VERSION_CODENAME="); ok {
			return strings.Trim(value, `"`), nil
		}
	}
	return "", fmt.Errorf("finding out the distribution: no VERSION_CODENAME in %s (Debian or Ubuntu is needed)", path)
}

// deb822Stanzas splits a .sources file, without its comments.
func deb822Stanzas(text string) []string {
	var stanzas []string
	var lines []string
	flush := func() {
		if len(lines) > 0 {
			stanzas = append(stanzas, strings.Join(lines, "\n"))
		}
		lines = nil
	}
	scanner := bufio.NewScanner(strings.NewReader(text))
	for scanner.Scan() {
		switch line := scanner.Text(); {
		case strings.TrimSpace(line) == "":
			flush()
		case !strings.HasPrefix(line, "#"):
			lines = append(lines, line)
		}
	}
	flush()
	return stanzas
}

// listStanzas turns the one-line form (deb [signed-by=KEY] URI SUITE COMPONENT...) into stanzas.
func listStanzas(text string) []string {
	var stanzas []string
	for _, line := range strings.Split(text, "\n") {
		line, _, _ = strings.Cut(line, "#")
		rest, ok := strings.CutPrefix(strings.TrimSpace(line), "deb ")
		if !ok {
			continue
		}
		var options string
		rest = strings.TrimSpace(rest)
		if strings.HasPrefix(rest, "[") {
			options, rest, _ = strings.Cut(rest[1:], "]")
		}
		fields := strings.Fields(rest)
		if len(fields) < 3 {
			continue
		}
		stanza := "Types: deb\nURIs: " + fields[0] + "\nSuites: " + fields[1] + "\nComponents: " + strings.Join(fields[2:], " ")
		for _, option := range strings.Fields(options) {
			if key, ok := strings.CutPrefix(strings.ToLower(option), "signed-by="); ok {
				stanza += "\nSigned-By: " + option[len(option)-len(key):]
			}
		}
		stanzas = append(stanzas, stanza)
	}
	return stanzas
}

// choose keeps a stanza when it is one of the distribution itself (not of a third party) and asks it for the wanted suite.
func choose(stanza, own, suite string) (string, bool) {
	lines := strings.Split(stanza, "\n")
	keep := true
	for i, line := range lines {
		key, value, _ := strings.Cut(line, ":")
		words := strings.Fields(value)
		switch strings.ToLower(key) {
		case "types":
			keep = keep && slices.Contains(words, "deb")
			lines[i] = "Types: deb"
		case "components":
			keep = keep && slices.Contains(words, "main")
		case "enabled":
			keep = keep && !slices.Contains(words, "no")
		case "suites":
			wanted := translate(words, own, suite)
			keep = keep && len(wanted) > 0
			lines[i] = "Suites: " + strings.Join(wanted, " ")
		}
	}
	return strings.Join(lines, "\n"), keep
}

// translate names, for each suite that is the distribution's own release or its updates, the wanted release's.
func translate(suites []string, own, wanted string) []string {
	var names []string
	for _, name := range suites {
		rest, ok := strings.CutPrefix(name, own)
		if ok && (rest == "" || rest == "-updates" || rest == "-security") {
			names = append(names, wanted+rest)
		}
	}
	return names
}
