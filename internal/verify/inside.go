package verify

import (
	"fmt"
	"net/url"
	"strings"
)

// Inside is a Service of the cluster and its port, as an address such as http://tempo.tempo.svc:3200 names them.
type Inside struct {
	Namespace, Service, Port string
	scheme                   string
}

// InsideOf reads an address; false when it is not one of a Service.
func InsideOf(address string) (Inside, bool) {
	u, err := url.Parse(address)
	if err != nil {
		return Inside{}, false
	}
	parts := strings.Split(u.Hostname(), ".")
	if len(parts) < 2 || (len(parts) > 2 && parts[2] != "svc") {
		return Inside{}, false
	}
	port := u.Port()
	if port == "" {
		port = map[string]string{"http": "80", "https": "443"}[u.Scheme]
	}
	return Inside{Namespace: parts[1], Service: parts[0], Port: port, scheme: u.Scheme}, port != ""
}

// Get is a command that asks the Service for a path, through the API server alone.
func (i Inside) Get(path string) string {
	name := i.Service
	if i.scheme == "https" {
		name = "https:" + name
	}
	return fmt.Sprintf("kubectl get --raw '/api/v1/namespaces/%s/services/%s:%s/proxy%s'", i.Namespace, name, i.Port, path)
}

// Forward is a command that leads a local port there.
func (i Inside) Forward(local int) string {
	return fmt.Sprintf("kubectl -n %s port-forward svc/%s %d:%s", i.Namespace, i.Service, local, i.Port)
}
