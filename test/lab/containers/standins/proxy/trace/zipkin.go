package trace

import (
	"encoding/hex"
	"encoding/json"
	"fmt"
)

// zipkinSpan is a span as Zipkin's API takes it (openzipkin/zipkin-api: zipkin2-api.yaml).
type zipkinSpan struct {
	TraceID   string            `json:"traceId"`
	ID        string            `json:"id"`
	ParentID  string            `json:"parentId,omitempty"`
	Name      string            `json:"name"`
	Kind      string            `json:"kind"`
	Timestamp int64             `json:"timestamp"`
	Duration  int64             `json:"duration"`
	Local     zipkinEndpoint    `json:"localEndpoint"`
	Tags      map[string]string `json:"tags,omitempty"`
}

type zipkinEndpoint struct {
	ServiceName string `json:"serviceName"`
	IPv4        string `json:"ipv4,omitempty"`
}

// zipkin writes spans as Zipkin's version 2 JSON.
func zipkin(origin Origin, spans []*Span) ([]byte, error) {
	list := make([]zipkinSpan, 0, len(spans))
	for _, span := range spans {
		one := zipkinSpan{
			TraceID: span.traceText(), ID: hex.EncodeToString(span.Span[:]), Name: span.Name, Kind: "SERVER",
			Timestamp: span.Start.UnixMicro(), Duration: max(1, span.End.Sub(span.Start).Microseconds()),
			Local: zipkinEndpoint{ServiceName: origin.Service, IPv4: origin.Address}, Tags: span.Tags,
		}
		if span.Kind == Client {
			one.Kind = "CLIENT"
		}
		if span.Parent != (SpanID{}) {
			one.ParentID = hex.EncodeToString(span.Parent[:])
		}
		if span.Failed {
			one.Tags["error"] = "true"
		}
		list = append(list, one)
	}
	raw, err := json.Marshal(list)
	if err != nil {
		return nil, fmt.Errorf("writing spans for zipkin: %w", err)
	}
	return raw, nil
}
