package lab

import (
	"net"
	"net/netip"
	"path/filepath"
	"sort"
	"strconv"
	"strings"

	"github.com/dxlab/terraform-provider-lab/test/lab/internal/forward"
)

const sshPort = 22

// Env returns the environment variables by which the provider, the examples and the tests find the lab, with addresses that the
// lab's starter can reach.
func (l *Lab) Env() map[string]string {
	if !l.block.IsValid() {
		return l.EnvInside()
	}
	services := netip.AddrPortFrom(forward.In(l.block, 1), uint16(l.OutsidePort(int(l.services.Port()))))
	ssh := l.OutsidePort(sshPort)
	env := l.env(services, func(i int) string { return net.JoinHostPort(l.Outside(i), strconv.Itoa(ssh)) }, kubeconfigFile)
	if ssh != sshPort {
		env["LAB_SSH_PORT"] = strconv.Itoa(ssh)
	}
	return env
}

// EnvInside is Env for a process in the lab's own network.
func (l *Lab) EnvInside() map[string]string {
	return l.env(l.services, func(i int) string { return endpoint(l.hosts[i].Address(), sshPort) }, insideFile)
}

func (l *Lab) env(services netip.AddrPort, ssh func(i int) string, kubeconfig string) map[string]string {
	var targets []string
	for i := range l.hosts {
		targets = append(targets, "root@"+ssh(i))
	}
	env := map[string]string{
		"LAB_HOSTS":                strings.Join(targets, " "),
		"LAB_SSH_USER":             "root",
		"LAB_SSH_PRIVATE_KEY_PATH": filepath.Join(l.dir, keyFile),
		"LAB_SSH_KNOWN_HOSTS_PATH": filepath.Join(l.dir, knownHostsFile),
		"LAB_CHARTS":               "http://" + services.String() + chartsPath,
		"LAB_CHARTS_OCI":           "oci://" + services.String() + chartsPath,
		// hosts download their release themselves, so this one is an address on their network
		"LAB_RELEASE_URL": "http://" + l.services.String() + releasePath,
	}
	if l.containers {
		env["LAB_CONTAINERS"] = "true"
	}
	if l.cluster != nil {
		env["KUBECONFIG"] = filepath.Join(l.dir, kubeconfig)
	}
	return env
}

// exports is an environment as a file for the shell.
func exports(env map[string]string) string {
	names := make([]string, 0, len(env))
	for name := range env {
		names = append(names, name)
	}
	sort.Strings(names)
	var text strings.Builder
	for _, name := range names {
		text.WriteString("export " + name + "='" + strings.ReplaceAll(env[name], "'", `'\''`) + "'\n")
	}
	return text.String()
}
