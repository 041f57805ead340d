// Package grafana knows what of Grafana others can tell from outside: logging in, data sources and dashboards that come from provisioning
// files, and how a data source is, which it really asks. It draws nothing.
package grafana

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strconv"

	"github.com/dxlab/terraform-provider-lab/test/lab/containers/standins/serve"
)

type grafana struct {
	settings settings
	sources  sources
	sessions sessions
}

// Run serves until ctx ends. It takes no arguments: like the image's run.sh it is steered by grafana.ini and variables GF_SECTION_KEY.
func Run(ctx context.Context, _ []string) error {
	config := defaultConfig
	if path, ok := os.LookupEnv("GF_PATHS_CONFIG"); ok {
		config = path
	}
	s, err := readSettings(config, os.LookupEnv)
	if err != nil {
		return err
	}
	g := &grafana{settings: s}
	if err := g.provision(); err != nil {
		return err
	}
	return serve.HTTP(ctx, net.JoinHostPort("", strconv.Itoa(s.port)), g.handler(), func(at net.Addr) {
		slog.InfoContext(ctx, "stand-in for grafana listens", "address", at.String())
	})
}

// provision reads the files of the data sources.
func (g *grafana) provision() error {
	if err := g.sources.provision(filepath.Join(g.settings.provisioning, "datasources")); err != nil {
		return fmt.Errorf("Datasource provisioning error: %w", err) //nolint:staticcheck // Grafana's words
	}
	return nil
}

func (g *grafana) dashboards() []dashboard {
	return dashboards(filepath.Join(g.settings.provisioning, "dashboards"))
}
