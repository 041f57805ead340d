package rke2

import (
	"encoding/json"
	"fmt"
)

// marker is the note we leave on a machine: what was put there, whether that came to its end, and what the process
// was last started with. It holds no secret: Applied and Registries are hashes that only this machine's root reads.
type marker struct {
	Version string `json:"version,omitempty"`
	Prefix  string `json:"prefix,omitempty"`
	// Channel is the one that chose the version; empty when the version was asked for.
	Channel string `json:"channel,omitempty"`
	// SHA256 is the archive's.
	SHA256   string `json:"sha256,omitempty"`
	Adopted  bool   `json:"adopted,omitempty"`
	Complete bool   `json:"complete"`
	// Applied is the restart hash of what the unit was last started with by us; empty from before the files are
	// changed until the restart has succeeded.
	Applied string `json:"applied,omitempty"`
	// Registries is the hash of registries.yaml as written, which tells an edit of its secrets from none.
	Registries string `json:"registries,omitempty"`
}

func (m marker) encode() ([]byte, error) {
	content, err := json.MarshalIndent(m, "", "  ")
	if err != nil {
		return nil, fmt.Errorf("encoding the marker: %w", err)
	}
	return append(content, '\n'), nil
}

// decodeMarker reads a marker; one that cannot be read counts as a half-done job of ours.
func decodeMarker(content []byte) marker {
	var m marker
	if err := json.Unmarshal(content, &m); err != nil {
		return marker{}
	}
	return m
}
