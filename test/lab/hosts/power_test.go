package hosts_test

import (
	"testing"

	"github.com/dxlab/terraform-provider-lab/test/lab/hosts"
)

func TestMain(m *testing.M) { hosts.Main(m) }

func TestHost_Boots(t *testing.T) {
	t.Parallel()
	h := hosts.New(t, hosts.Options{})
	out, err := h.Run(t.Context(), "systemctl is-system-running --wait; hostname; id -u")
	t.Log(out, err)
	t.Log(h.Reboot(t.Context()))
	t.Log(h.Exits())
	out, err = h.Run(t.Context(), "systemctl is-system-running --wait; hostname; id -u; cat /proc/self/cgroup; df -h; ls -la /tmp")
	t.Log(out, err)
	t.Log(h.PowerOff(t.Context()), h.Exits())
	t.Log(h.Console())
}
