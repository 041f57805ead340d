package verify

import (
	"github.com/dxlab/terraform-provider-lab/internal/fault"
	"github.com/dxlab/terraform-provider-lab/internal/object"
)

// direction is tracing of the requests that a proxy sends (client) or receives (server); a Telemetry may speak of one.
type direction struct {
	provider extensionProvider
	found    bool
	off      bool
	percent  float64
	// why says what took the provider away or switched reporting off; source is the last object that had a say.
	why, source string
}

// merged lays the parts over the mesh's default provider. A direction without a provider reports nothing, whatever the
// mesh's default configuration says; a proxy is off when both directions are.
func (c meshConfig) merged(parts []tracingPart) (Tracing, error) {
	client := direction{percent: c.sampling(), source: c.source, why: c.source + " has no default provider (defaultProviders.tracing)"}
	if names := c.DefaultProviders.Tracing; len(names) > 0 {
		client.use(c, names[0])
	}
	server := client
	for _, p := range parts {
		switch object.String(p.spec, "match", "mode") {
		case "CLIENT":
			client.override(c, p)
		case "SERVER":
			server.override(c, p)
		default:
			client.override(c, p)
			server.override(c, p)
		}
	}
	for _, d := range []direction{client, server} {
		if d.found && !d.off {
			return Tracing{Provider: d.provider.Name, Address: d.provider.address(), Percent: d.percent, Source: d.source}, nil
		}
	}
	return Tracing{Source: client.source, Percent: client.percent}, fault.Newf(fault.Conflict, "%s", client.why)
}

func (d *direction) override(c meshConfig, p tracingPart) {
	d.source = p.source
	if providers := object.List(p.spec, "providers"); len(providers) > 0 {
		first, _ := providers[0].(map[string]any)
		d.use(c, object.String(first, "name"))
	} else if !d.found && !d.off {
		d.why = p.source + " names no provider, and " + c.source + " has no default one (defaultProviders.tracing)"
	}
	if off, said := p.spec["disableSpanReporting"].(bool); said {
		if d.off = off; off {
			d.why = p.source + " has disableSpanReporting: true"
		}
	}
	if percent, ok := numberOf(p.spec["randomSamplingPercentage"]); ok {
		d.percent = percent
	}
}

func (d *direction) use(c meshConfig, name string) {
	if d.provider, d.found = c.provider(name); !d.found && !d.off {
		d.why = d.source + " names tracing provider \"" + name + "\", which meshConfig.extensionProviders does not have"
	}
}

// numberOf reads a number of a live object, which is an integer or a float.
func numberOf(v any) (float64, bool) {
	switch n := v.(type) {
	case float64:
		return n, true
	case int64:
		return float64(n), true
	}
	return 0, false
}
