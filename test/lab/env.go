package lab

import (
	"fmt"
	"net"
	"path/filepath"
	"sort"
	"strconv"
	"strings"

	"github.com/dxlab/terraform-provider-lab/test/lab/hosts"
	"github.com/dxlab/terraform-provider-lab/test/lab/internal/forward"
)

// Env returns the environment variables by which the provider, the examples and the tests find the lab. Addresses are those that
// the lab's starter can reach.
func (l *Lab) Env() map[string]string {
	var targets []string
	for i := range l.hosts {
		targets = append(targets, "root@"+net.JoinHostPort(l.Outside(i), "22"))
	}
	services := net.JoinHostPort(l.servicesAddress(), strconv.Itoa(ServicePort))
	return map[string]string{
		"LAB_HOSTS":                strings.Join(targets, " "),
		"LAB_SSH_USER":             "root",
		"LAB_SSH_PRIVATE_KEY_PATH": filepath.Join(l.dir, keyFile),
		"LAB_SSH_KNOWN_HOSTS_PATH": filepath.Join(l.dir, knownHostsFile),
		"LAB_CHARTS":               "http://" + services + "/charts",
		"LAB_CHARTS_OCI":           "oci://" + services + "/charts",
		// hosts download their release themselves, so this one is an address on their network
		"LAB_RELEASE_URL": fmt.Sprintf("http://%s:%d/release", hosts.Gateway, ServicePort),
	}
}

func (l *Lab) servicesAddress() string {
	if !l.block.IsValid() {
		return hosts.Gateway
	}
	return forward.In(l.block, 1).String()
}

// exports is Env as a file for the shell.
func (l *Lab) exports() string {
	env := l.Env()
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
