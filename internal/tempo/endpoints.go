package tempo

import (
	"fmt"
	"slices"
	"strings"

	"github.com/dxlab/terraform-provider-lab/internal/object"
)

// Endpoints are where Tempo is reached from inside the cluster. All but QueryURL are host:port; a receiver that is off
// has none.
type Endpoints struct {
	// QueryURL is "http://tempo.tempo:3200".
	QueryURL                     string
	OTLPGRPC, OTLPHTTP, Zipkin   string
	JaegerGRPC, JaegerThriftHTTP string
}

// Endpoints says where the installation is reached; it fails as [Install.Component] does.
func (i Install) Endpoints() (Endpoints, error) {
	b, err := i.build()
	if err != nil {
		return Endpoints{}, fmt.Errorf("tempo: %w", err)
	}
	host := fullName(b.chart) + "." + b.chart.Namespace
	on := i.Receivers
	if len(on) == 0 {
		on = []string{Jaeger, OTLP}
	}
	at := func(receiver, otherwise string, path ...string) string {
		if !slices.Contains(on, receiver) {
			return ""
		}
		return host + ":" + b.receiverPort(otherwise, append([]string{receiver}, path...)...)
	}
	return Endpoints{
		QueryURL:         fmt.Sprintf("http://%s.%s:%d", b.host(), b.chart.Namespace, b.port),
		OTLPGRPC:         at(OTLP, "4317", "protocols", "grpc"),
		OTLPHTTP:         at(OTLP, "4318", "protocols", "http"),
		Zipkin:           at(Zipkin, "9411"),
		JaegerGRPC:       at(Jaeger, "14250", "protocols", "grpc"),
		JaegerThriftHTTP: at(Jaeger, "14268", "protocols", "thrift_http"),
	}, nil
}

// receiverPort is the port that the chart's Service has for a receiver.
func (b built) receiverPort(otherwise string, path ...string) string {
	endpoint := object.String(b.chart.Values, append(append([]string{"tempo", "receivers"}, path...), "endpoint")...)
	if _, port, found := strings.Cut(endpoint, ":"); found && b.layout.fromReceivers {
		return port
	}
	return otherwise
}

// host is the Service at which Tempo is asked.
func (b built) host() string {
	full := fullName(b.chart)
	if b.port == b.layout.port {
		return full
	}
	return cut(full + "-http")
}

// service is what the chart lacks where Tempo listens at another port than the chart's: its own Service has the port
// as a literal and would lead nowhere.
func (b built) service() object.Object {
	o := object.New(object.Ref{APIVersion: "v1", Kind: "Service", Namespace: b.chart.Namespace, Name: b.host()})
	selector := object.Object{"app.kubernetes.io/name": baseName(b.chart), "app.kubernetes.io/instance": b.chart.Release}
	object.Set(o, object.Copy(selector), "metadata", "labels")
	object.Set(o, object.Object{
		"type": "ClusterIP", "selector": selector,
		"ports": []any{object.Object{"name": "http", "port": int64(b.port), "targetPort": int64(b.port), "protocol": "TCP"}},
	}, "spec")
	return o
}
