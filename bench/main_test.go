// Package bench measures what the provider costs: time, memory, requests, connections and state, on a test lab of its own.
package bench_test

import (
	"testing"

	"github.com/dxlab/terraform-provider-lab/test/lab"
)

func TestMain(m *testing.M) { lab.Main(m) }
