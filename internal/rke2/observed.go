package rke2

import (
	"path"
	"strings"
)

// Observed is what is on a machine, read in one round trip.
type Observed struct {
	// Installed says that RKE2's program or one of its units is there. False is a positive answer.
	Installed bool
	// Version is what the program on the disk says, for example "v1.35.7+rke2r1".
	Version string
	// Prefix is where the program lives: /usr/local, /opt/rke2, or /usr when it came as an RPM.
	Prefix string
	// RPM says that the package manager owns the program.
	RPM bool
	// Role is what the machine runs, is enabled for or holds data of; empty when it is none.
	Role Role
	// Unit is the state of the role's unit.
	Unit UnitState
	// StaleProcess says that the running process is not the program on the disk: it was replaced, not restarted.
	StaleProcess bool
	// ByUs says that this package put the release there or adopted it; Complete that it came to its end.
	ByUs, Complete bool
	// RestartPending says that files changed after the unit was last started by us.
	RestartPending bool

	// Hostname is the kernel's; NodeName is the Kubernetes node's.
	Hostname, NodeName string
	// Address is the node's own address, the one that other nodes join with: node-ip, or the source address of the
	// default route.
	Address string
	// DataDir is where RKE2 keeps its data.
	DataDir string
	// HasData says that a server's or an agent's data is there, installed or not.
	HasData bool
	// ConfigHash and RegistriesHash are sha256 of our configuration file and of registries.yaml; empty without.
	ConfigHash, RegistriesHash string
	// UserConfig lists configuration files of somebody else that RKE2 reads too.
	UserConfig []string
	// Differences compares files and unit with the node that was asked for.
	Differences []Difference

	files  map[string]file
	marker marker
	// leftover says that a run was cut off and left its working directory.
	leftover bool
	// effective is what all configuration files together say.
	effective map[string]any
}

// Running says that the unit is up.
func (o Observed) Running() bool { return o.Unit.Active == "active" }

// Drift lists the differences in words.
func (o Observed) Drift() []string {
	words := make([]string, 0, len(o.Differences))
	for _, d := range o.Differences {
		words = append(words, d.String())
	}
	return words
}

// String says in words what was found, for messages.
func (o Observed) String() string {
	if !o.Installed {
		return "no RKE2"
	}
	parts := []string{"RKE2"}
	if o.Version != "" {
		parts = append(parts, o.Version)
	}
	if o.Role != "" {
		parts = append(parts, string(o.Role))
	}
	state := o.Unit.Active
	if state == "" {
		state = "no unit"
	}
	if o.Unit.Enabled != "" {
		state += ", " + o.Unit.Enabled
	}
	parts = append(parts, "("+state+")")
	if o.Prefix != "" {
		parts = append(parts, "below "+o.Prefix)
	}
	return strings.Join(parts, " ")
}

// file is a file as it was found.
type file struct {
	content []byte
	// mode is octal, owner is user:group; both empty for a file that is not there.
	mode, owner string
}

// hash is the content's, or empty for a file that is not there.
func (f file) hash() string {
	if f.mode == "" {
		return ""
	}
	return hashOf(f.content)
}

// configFiles lists the configuration files in the order in which RKE2 reads them: config.yaml, then its drop-ins by
// name.
func configFiles(files map[string]file) []string {
	var names []string
	if _, has := files[configFile]; has {
		names = append(names, configFile)
	}
	for _, name := range sortedKeys(files) {
		if path.Dir(name) == path.Dir(dropInFile) {
			names = append(names, name)
		}
	}
	return names
}
