package otel

import (
	"fmt"
	"net"
	"strings"

	"github.com/dxlab/terraform-provider-lab/internal/component"
	"github.com/dxlab/terraform-provider-lab/internal/fault"
	"github.com/dxlab/terraform-provider-lab/internal/object"
	"github.com/dxlab/terraform-provider-lab/internal/versions"
)

// The names of a pipeline that is given none, those of the tutorial.
const (
	DefaultPipeline = "otel"
	kindCollector   = "OpenTelemetryCollector"
)

// The versions of the collector's kind.
const (
	Alpha = "v1alpha1"
	Beta  = "v1beta1"
)

// The modes in which the operator runs a collector behind a Service.
const (
	ModeDeployment  = "deployment"
	ModeDaemonSet   = "daemonset"
	ModeStatefulSet = "statefulset"
)

// Pipeline is a collector that takes traces in by several protocols and hands them on, by OTLP to Tempo for example. The
// operator makes Deployment, Service and ConfigMap of it.
type Pipeline struct {
	// Name and Namespace of the collector; empty is otel and otel-system.
	Name, Namespace string
	// OperatorVersion is the version of the operator's chart; empty is the default. It decides which kind is made and,
	// unless Image says another version, which words the collector's configuration knows.
	OperatorVersion string
	// APIVersion is v1alpha1, with the configuration as a text, or v1beta1; empty is v1beta1 where the operator knows it.
	APIVersion string
	// Mode is deployment, daemonset or statefulset; empty is deployment.
	Mode string
	// Replicas is the number of collectors; nil leaves it to the operator, which makes one.
	Replicas *int32
	// Image is the collector's image; empty is the operator's choice.
	Image string
	// Receivers are some of [Receivers]; nil is otlp, jaeger and zipkin.
	Receivers []string
	// Processors are names of [Processors], in the order in which they work; nil is batch, none is an empty slice.
	Processors []string
	// TempoEndpoint is the host and port at which Tempo takes OTLP over gRPC, without TLS. Empty sends nothing there.
	TempoEndpoint string
	// Debug writes traces to the collector's log: basic, normal or detailed; empty does not.
	Debug string
	// Exporters are further exporters by name, with their settings; the pipeline uses all of them.
	Exporters map[string]any
	// Config is laid over the collector's configuration and wins.
	Config map[string]any
	// Spec is laid over the collector's spec and wins.
	Spec map[string]any
}

// Component builds the pipeline. What the collector or the operator would refuse, as far as it is known here, is
// [fault.Invalid].
func (p Pipeline) Component() (component.Component, error) {
	p = p.filled()
	spec, config, err := p.spec()
	if err != nil {
		return component.Component{}, fmt.Errorf("tracing pipeline %s: %w", p.Name, err)
	}
	ref := p.Ref()
	o := object.New(ref)
	object.Set(o, spec, "spec")
	c := component.Component{
		Name:     "tracing pipeline " + p.Name,
		Requires: []component.Requirement{{APIVersion: ref.APIVersion, Kind: kindCollector, BroughtBy: BroughtBy}},
		Objects:  []object.Object{o},
		Ready:    p.ready(ref, spec, len(p.endpoints(config)) > 0),
		Ignore:   p.ignore(ref),
	}
	if p.Namespace != "default" {
		c.Namespaces = []component.Namespace{{Name: p.Namespace}}
	}
	return c, nil
}

// Ref names the collector, in the version of its kind that the pipeline is written in.
func (p Pipeline) Ref() object.Ref {
	p = p.filled()
	return object.Ref{APIVersion: group + "/" + p.APIVersion, Kind: kindCollector, Namespace: p.Namespace, Name: p.Name}
}

// API is the version of the kind that the pipeline is written in, v1alpha1 or v1beta1.
func (p Pipeline) API() string { return p.filled().APIVersion }

// Endpoints says where each protocol is served, as host:port under the cluster's own names; protocols that are off are
// not in the map.
func (p Pipeline) Endpoints() (map[string]string, error) {
	p = p.filled()
	_, config, err := p.spec()
	if err != nil {
		return nil, fmt.Errorf("tracing pipeline %s: %w", p.Name, err)
	}
	return p.endpoints(config), nil
}

// collector is the name of everything that the operator makes (opentelemetry-operator:internal/naming/main.go).
func (p Pipeline) collector() string { return component.DNSLabel(p.Name+"-collector", 63) }

func (p Pipeline) endpoints(config map[string]any) map[string]string {
	out := map[string]string{}
	for _, receiver := range texts(object.List(config, "service", "pipelines", "traces", "receivers")) {
		for _, way := range protocols {
			if way.receiver != typeOf(receiver) || out[way.name] != "" {
				continue
			}
			if port := portOf(config, receiver, way); port > 0 {
				out[way.name] = fmt.Sprintf("%s.%s.svc.cluster.local:%d", p.collector(), p.Namespace, port)
			}
		}
	}
	return out
}

// filled writes the defaults out, but for what depends on a version that cannot be read.
func (p Pipeline) filled() Pipeline {
	if p.Name == "" {
		p.Name = DefaultPipeline
	}
	if p.Namespace == "" {
		p.Namespace = DefaultNamespace
	}
	if p.Mode == "" {
		p.Mode = ModeDeployment
	}
	if p.APIVersion == "" {
		p.APIVersion = Beta
		if version, err := parsed(p.OperatorVersion); err == nil && !servesBeta(version) {
			p.APIVersion = Alpha
		}
	}
	if p.Receivers == nil {
		p.Receivers = defaultReceivers
	}
	if p.Processors == nil {
		p.Processors = []string{"batch"}
	}
	return p
}

// check refuses what cannot be before anything is built.
func (p Pipeline) check(version versions.Version) error {
	switch {
	case p.APIVersion != Alpha && p.APIVersion != Beta:
		return fault.Newf(fault.Invalid, "api version %q is neither %s nor %s", p.APIVersion, Alpha, Beta)
	case p.APIVersion == Beta && !servesBeta(version):
		return fault.Newf(fault.Invalid, "the operator of chart %s does not know %s of %s, which came with chart 0.58.0; use %s", version, Beta, kindCollector, Alpha)
	case strings.Contains(p.TempoEndpoint, "://"):
		return fault.Newf(fault.Invalid, "tempo endpoint %q: want host:port, without a scheme", p.TempoEndpoint)
	}
	if p.TempoEndpoint == "" {
		return nil
	}
	if _, _, err := net.SplitHostPort(p.TempoEndpoint); err != nil {
		return fault.Newf(fault.Invalid, "tempo endpoint %q: want host:port", p.TempoEndpoint)
	}
	return nil
}

// ignore says what the operator changes of what is written here. Everything else that it fills in, replicas, strategy,
// telemetry of the collector itself, is not written here and so is no difference.
func (p Pipeline) ignore(ref object.Ref) []component.IgnoreRule {
	version, err := parsed(p.OperatorVersion)
	if err != nil || p.APIVersion != Alpha || !servesBeta(version) {
		return nil
	}
	return []component.IgnoreRule{{
		Group: group, Kind: kindCollector, Namespace: ref.Namespace, Name: ref.Name, Path: "spec.config",
		Reason: "it is stored as v1beta1, completed there and written anew as a text (opentelemetry-operator:internal/webhook/collector_conversion.go@v0.158.0)",
	}}
}

func texts(list []any) []string {
	var out []string
	for _, v := range list {
		if s, ok := v.(string); ok {
			out = append(out, s)
		}
	}
	return out
}
