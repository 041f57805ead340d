// Command hotrod is Jaeger's example application HotROD, built from its Go module. Releases of Jaeger 2 are no Go modules (their path
// lacks the major version), so this is the last one of Jaeger 1: it sends spans as OTLP over HTTP to OTEL_EXPORTER_OTLP_ENDPOINT, like
// every HotROD since 1.49, and has no exporter for Jaeger's own formats any more.
package main

import "github.com/jaegertracing/jaeger/examples/hotrod/cmd"

func main() { cmd.Execute() }
