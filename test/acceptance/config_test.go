package acceptance_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/dxlab/terraform-provider-lab/test/lab"
	"github.com/dxlab/terraform-provider-lab/test/lab/hosts"
)

// oneHost starts a lab with a single ordinary host.
func oneHost(t *testing.T) (*lab.Lab, *hosts.Host) {
	t.Helper()
	l := lab.New(t, lab.Options{Hosts: 1})
	return l, l.Hosts()[0]
}

// server is a lab_rke2_node named server; more is put into its block.
func server(l *lab.Lab, host *hosts.Host, more ...string) string {
	return fmt.Sprintf(`
resource "lab_rke2_node" "server" {
  host      = %q
  version   = %q
  artifacts = { url = "%s/releases/download" }
  %s
}
`, host.Address(), release, l.EnvInside()["LAB_RELEASE_URL"], strings.Join(more, "\n  "))
}

const metallb = `
resource "lab_metallb" "this" {
  cluster    = lab_rke2_node.server.cluster
  repository = var.charts
}
`

// variables gives configurations the lab's addresses.
func variables(l *lab.Lab) string {
	return fmt.Sprintf("variable \"charts\" {\n  default = %q\n}\n", l.EnvInside()["LAB_CHARTS"])
}
