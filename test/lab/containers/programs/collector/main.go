// Command collector is the OpenTelemetry Collector with the components that the lab's tracing pipelines name, put together by
// hand from its modules as upstream's distributions are by their builder.
package main

import (
	"log"
	"runtime/debug"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/confmap"
	"go.opentelemetry.io/collector/confmap/provider/envprovider"
	"go.opentelemetry.io/collector/confmap/provider/fileprovider"
	"go.opentelemetry.io/collector/confmap/provider/httpprovider"
	"go.opentelemetry.io/collector/confmap/provider/yamlprovider"
	"go.opentelemetry.io/collector/otelcol"
)

func main() {
	if err := otelcol.NewCommand(settings()).Execute(); err != nil {
		log.Fatal(err)
	}
}

// settings read a configuration as upstream's distributions do: from files by default, with ${env:NAME} in it
// (opentelemetry-collector:cmd/builder/internal/builder/templates/main.go.tmpl@v0.158.0).
func settings() otelcol.CollectorSettings {
	return otelcol.CollectorSettings{
		BuildInfo: component.BuildInfo{Command: "otelcol", Description: "OpenTelemetry Collector of the test lab", Version: version()},
		Factories: factories,
		ConfigProviderSettings: otelcol.ConfigProviderSettings{ResolverSettings: confmap.ResolverSettings{
			DefaultScheme: "env",
			ProviderFactories: []confmap.ProviderFactory{
				envprovider.NewFactory(), fileprovider.NewFactory(), httpprovider.NewFactory(), yamlprovider.NewFactory(),
			},
		}},
	}
}

// version is that of the module with the collector's command, as upstream's releases are numbered.
func version() string {
	const module = "go.opentelemetry.io/collector/otelcol"
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "unknown"
	}
	for _, dependency := range info.Deps {
		if dependency.Path == module {
			return dependency.Version[len("v"):]
		}
	}
	return "unknown"
}
