package tempo

import (
	"fmt"
	"maps"
	"net"
	"os"
	"slices"
	"strconv"

	"go.yaml.in/yaml/v3"

	"github.com/dxlab/terraform-provider-lab/test/lab/containers/standins/tempo/receive"
)

// settings are the parts of tempo.yaml that are heeded; all others are taken as they are
// (https://grafana.com/docs/tempo/latest/configuration).
type settings struct {
	Multitenancy bool   `yaml:"multitenancy_enabled"`
	Prefix       string `yaml:"http_api_prefix"`
	Server       struct {
		Address string `yaml:"http_listen_address"`
		Port    int    `yaml:"http_listen_port"`
	} `yaml:"server"`
	Distributor struct {
		Receivers map[string]receiver `yaml:"receivers"`
	} `yaml:"distributor"`
}

// receiver is the configuration of one of them; null stands for its defaults.
type receiver struct {
	Endpoint  string               `yaml:"endpoint"`
	Protocols map[string]*endpoint `yaml:"protocols"`
}

type endpoint struct {
	Endpoint string `yaml:"endpoint"`
}

// defaultPort is where Tempo listens without a word (tempo:cmd/tempo/app/config.go).
const defaultPort = 3200

// readSettings reads the file of the flag -config.file and returns it with its text.
func readSettings(path string) (settings, string, error) {
	raw, err := os.ReadFile(path)
	if err != nil {
		return settings{}, "", fmt.Errorf("failed parsing config: %w", err)
	}
	var s settings
	if err := yaml.Unmarshal(raw, &s); err != nil {
		return settings{}, "", fmt.Errorf("failed parsing config: failed to parse configFile %s: %w", path, err)
	}
	if s.Server.Port == 0 {
		s.Server.Port = defaultPort
	}
	return s, string(raw), nil
}

// api is where the HTTP interface is.
func (s settings) api() string {
	return net.JoinHostPort(s.Server.Address, strconv.Itoa(s.Server.Port))
}

// played are the receivers that the stand-in has, and those that it takes and leaves closed.
var (
	played   = []string{"otlp", "zipkin"}
	unplayed = []string{"jaeger", "opencensus", "kafka"}
)

// endpoints are where its receivers listen, and the names of those that are configured and stay closed. Without an endpoint a receiver
// listens on the loopback alone, since the collector that Tempo takes its receivers from does (tempo:CHANGELOG.md, 2.7.0).
func (s settings) endpoints() (receive.Endpoints, []string, error) {
	var at receive.Endpoints
	var closed []string
	for _, name := range slices.Sorted(maps.Keys(s.Distributor.Receivers)) {
		of := s.Distributor.Receivers[name]
		switch {
		case name == "otlp":
			at.OTLPGRPC, at.OTLPHTTP = of.protocol("grpc", 4317), of.protocol("http", 4318)
		case name == "zipkin":
			at.Zipkin = orDefault(of.Endpoint, 9411)
		case slices.Contains(unplayed, name):
			closed = append(closed, name)
		default:
			return at, nil, fmt.Errorf("failed to init module services: error initialising module: distributor: failed to create distributor: "+
				"'receivers' unknown type: %q for id: %q (valid values: %v)", name, name, append(slices.Clone(played), unplayed...))
		}
	}
	return at, closed, nil
}

// protocol is the endpoint of one of a receiver's protocols, empty when it is not asked for.
func (r receiver) protocol(name string, port int) string {
	of, asked := r.Protocols[name]
	if !asked {
		return ""
	}
	if of == nil {
		of = &endpoint{}
	}
	return orDefault(of.Endpoint, port)
}

func orDefault(endpoint string, port int) string {
	if endpoint != "" {
		return endpoint
	}
	return net.JoinHostPort("localhost", strconv.Itoa(port))
}
