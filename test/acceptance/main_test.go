// Package acceptance runs Terraform with the provider's own binary on the test lab: hosts with systemd and sshd, a
// stand-in RKE2 release around a real Kubernetes API, miniature charts.
package acceptance_test

import (
	"testing"

	"github.com/dxlab/terraform-provider-lab/test/lab"
)

func TestMain(m *testing.M) { lab.Main(m, lab.PrepareContainers) }
