package tempo

import (
	"net"
	"net/url"
	"strconv"
	"strings"

	"github.com/dxlab/terraform-provider-lab/internal/fault"
	"github.com/dxlab/terraform-provider-lab/internal/object"
)

// Address is a URL of Tempo inside the cluster, taken apart.
type Address struct {
	// Service and Namespace name the Service.
	Service, Namespace string
	Port               int
}

// ParseAddress reads a URL such as "http://tempo.tempo:3200" or "http://tempo.tempo.svc.cluster.local:3200"; false when
// it does not name a Service with its namespace.
func ParseAddress(text string) (Address, bool) {
	u, err := url.Parse(text)
	if err != nil || u.Hostname() == "" || net.ParseIP(u.Hostname()) != nil {
		return Address{}, false
	}
	parts := strings.Split(u.Hostname(), ".")
	if len(parts) < 2 || (len(parts) > 2 && parts[2] != "svc") {
		return Address{}, false
	}
	a := Address{Service: parts[0], Namespace: parts[1], Port: 80}
	if u.Scheme == "https" {
		a.Port = 443
	}
	if p := u.Port(); p != "" {
		a.Port, err = strconv.Atoi(p)
	}
	return a, err == nil
}

// Ref is the Service.
func (a Address) Ref() object.Ref {
	return object.Ref{APIVersion: "v1", Kind: "Service", Namespace: a.Namespace, Name: a.Service}
}

// Check compares the address with the one that an installation of the same configuration is asked at. Another Service
// is nobody's mistake; the same one at another port is [fault.Invalid].
func (a Address) Check(queryURL string) error {
	planned, ok := ParseAddress(queryURL)
	if !ok || planned.Service != a.Service || planned.Namespace != a.Namespace || planned.Port == a.Port {
		return nil
	}
	return fault.Newf(fault.Invalid, "Tempo answers queries at %s, not at port %d; use its output endpoints.query_url", queryURL, a.Port)
}

// CheckService compares the address with the live Service, which may have another port: charts up to 1.23.0 ask Tempo
// at 3100, later ones at 3200. A Service without the port is [fault.Invalid] and told with the right one.
func (a Address) CheckService(live object.Object) error {
	var right string
	for _, p := range object.List(live, "spec", "ports") {
		port, ok := p.(map[string]any)
		if !ok {
			continue
		}
		number := portNumber(port["port"])
		if number == a.Port {
			return nil
		}
		if name := object.String(port, "name"); name == "tempo-prom-metrics" || name == "http" {
			right = ", but " + strconv.Itoa(number)
		}
	}
	return fault.Newf(fault.Invalid, "Service %s/%s has no port %d%s: Tempo is asked at 3100 up to chart 1.23.0 and at 3200 from 1.23.1", a.Namespace, a.Service, a.Port, right)
}

func portNumber(v any) int {
	switch v := v.(type) {
	case int64:
		return int(v)
	case float64:
		return int(v)
	case int:
		return v
	default:
		return 0
	}
}
