package component

import (
	"strings"

	"github.com/dxlab/terraform-provider-lab/internal/object"
)

// FullName repeats the template <chart>.fullname that `helm create` writes and most charts keep: what a release calls
// its objects. name is the chart's name; the values fullnameOverride and nameOverride count.
func (c Chart) FullName(name string) string {
	if full := object.String(c.Values, "fullnameOverride"); full != "" {
		return DNSLabel(full, 63)
	}
	if override := object.String(c.Values, "nameOverride"); override != "" {
		name = override
	}
	if strings.Contains(c.Release, name) {
		return DNSLabel(c.Release, 63)
	}
	return DNSLabel(c.Release+"-"+name, 63)
}

// DNSLabel cuts a name to a length, and a dash off its end, as Helm's `trunc | trimSuffix "-"` does.
func DNSLabel(name string, length int) string {
	if len(name) > length {
		name = name[:length]
	}
	return strings.TrimSuffix(name, "-")
}
