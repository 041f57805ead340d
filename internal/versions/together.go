package versions

import "fmt"

// CheckTogether reports what keeps two pieces of one cluster apart, in either order. Pieces that have nothing to do with
// each other, and versions that cannot be read, break no rule.
func CheckTogether(a, b Piece) []Finding {
	var out []Finding
	for _, pair := range [][2]Piece{{a, b}, {b, a}} {
		first, err := Parse(pair[0].Version)
		if err != nil {
			continue
		}
		second, err := Parse(pair[1].Version)
		if err != nil {
			continue
		}
		for _, rule := range rules[[2]string{pair[0].Name, pair[1].Name}] {
			if f := rule(first, second); f != nil {
				out = append(out, *f)
			}
		}
	}
	return out
}

// rule compares the versions of two charts.
type rule func(first, second Version) *Finding

var rules = map[[2]string][]rule{
	{"istiod", "base"}:                    {crdsOfIstio},
	{"istiod", "gateway"}:                 {gatewayOfIstio},
	{"istiod", "ztunnel"}:                 {ztunnelOfIstio},
	{"istiod", "cni"}:                     {cniOfIstio},
	{"kiali-operator", "istiod"}:          {kialiWithIstio},
	{"opentelemetry-operator", Collector}: {collectorOfOperator},
}

const (
	skewSource     = "Control Plane/Data Plane Skew in istio.io: docs/releases/supported-releases"
	crdSource      = "charts base and istiod are released together, istio:manifests/charts/README.md"
	kialiSource    = "Version Compatibility in kiali.io: docs/installation/installation-guide/prerequisites, data/compatibility/istio.yaml"
	operatorSource = "the minor versions match, opentelemetry-operator:RELEASE.md and versions.txt"
)

func crdsOfIstio(istiod, base Version) *Finding {
	if base.minorsBehind(istiod) <= 0 {
		return nil
	}
	return &Finding{Hard: true, Source: crdSource, Text: fmt.Sprintf("chart base %s has the CRDs of an older Istio than istiod %s needs", base, istiod)}
}

// gatewayOfIstio looks at the chart alone: what runs in its pods is what istiod injects.
func gatewayOfIstio(istiod, gateway Version) *Finding {
	switch behind := gateway.minorsBehind(istiod); {
	case behind < 0:
		return &Finding{Source: skewSource, Text: fmt.Sprintf("chart gateway %s is newer than istiod %s", gateway, istiod)}
	case behind > 1:
		return &Finding{Source: skewSource, Text: fmt.Sprintf("chart gateway %s is more than one minor version older than istiod %s", gateway, istiod)}
	}
	return nil
}

func ztunnelOfIstio(istiod, ztunnel Version) *Finding {
	switch behind := ztunnel.minorsBehind(istiod); {
	case behind < 0:
		return &Finding{Hard: true, Source: skewSource, Text: fmt.Sprintf("ztunnel %s is newer than istiod %s", ztunnel, istiod)}
	case behind > 1:
		return &Finding{Source: skewSource, Text: fmt.Sprintf("ztunnel %s is more than one minor version older than istiod %s", ztunnel, istiod)}
	}
	return nil
}

func cniOfIstio(istiod, cni Version) *Finding {
	if behind := cni.minorsBehind(istiod); behind >= -1 && behind <= 1 {
		return nil
	}
	return &Finding{Source: skewSource, Text: fmt.Sprintf("chart cni %s is more than one minor version apart from istiod %s", cni, istiod)}
}

// kialiWithIstio knows what Kiali's table says in so many words. Releases between Kiali 2.4 and Istio's supported ones are
// tested with each other.
func kialiWithIstio(kiali, istiod Version) *Finding {
	text := fmt.Sprintf("Kiali %s with Istio %s", kiali, istiod)
	switch {
	case kiali.AtLeast(1, 86, 1) && !istiod.AtLeast(1, 22, 0):
		return &Finding{Hard: true, Source: kialiSource, Text: text + ": Kiali needs Istio 1.22 from 1.86.1 on"}
	case istiod.AtLeast(1, 24, 0) && !kiali.AtLeast(2, 0, 0):
		return &Finding{Source: kialiSource, Text: text + ": Istio 1.24 and later are tested with Kiali 2"}
	case istiod.AtLeast(1, 16, 0) && !istiod.AtLeast(1, 18, 0) && kiali.AtLeast(1, 63, 0) && !kiali.AtLeast(1, 63, 2):
		return &Finding{Source: kialiSource, Text: text + ": avoid Kiali 1.63.0 and 1.63.1 for their regression"}
	}
	return nil
}

// collectorOfOperator compares a collector with what the operator's chart installs, as far as a profile pins it.
func collectorOfOperator(operator, collector Version) *Finding {
	chart, known := Pinned("opentelemetry-operator", operator.String())
	app, err := Parse(chart.AppVersion)
	// Operator 0.70 came with collector 0.71: upstream lets the two be one apart.
	if !known || err != nil || collector.minorsBehind(app) >= -1 {
		return nil
	}
	return &Finding{Source: operatorSource, Text: fmt.Sprintf("collector %s is newer than the operator, %s in chart %s", collector, app, operator)}
}
