package rke2

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/dxlab/terraform-provider-lab/internal/fault"
)

// dnsName is what the kubelet takes for a node name (RFC 1123 subdomain).
var dnsName = regexp.MustCompile(`^[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?$`)

// leastDiskMiB is what neither the program nor the data can do without; far more is needed for a cluster that works.
const (
	leastDiskMiB  = 16
	wiseDiskMiB   = 8 * 1024
	wiseMemoryMiB = 3800 // 4 GB as machines report it
	wiseCPUs      = 2
	clockLimit    = 5 * time.Minute
)

// check judges the facts. The error joins every problem and is of the kind of the first.
func (f facts) check(n Node, o Observed, now time.Time) ([]Warning, error) {
	problems := f.systemProblems(n, o)
	if !o.Running() {
		problems = append(problems, f.portProblems(o)...)
	}
	for _, dir := range []string{f.prefix(), n.dataDir(), "/etc"} {
		at, known := f.dirs[dir]
		switch {
		case !known:
		case !at.writable:
			problems = append(problems, fault.Newf(fault.Denied, "%s is not writable, not even for root: a read-only file system?", dir))
		case at.freeMiB < leastDiskMiB:
			problems = append(problems, fault.Newf(fault.NoSpace, "%s has %d MiB free, which is not enough", dir, at.freeMiB))
		}
	}
	concerns := slices.Concat(f.systemWarnings(now), f.networkWarnings(), f.sizeWarnings(n))
	if len(problems) == 0 {
		return concerns, nil
	}
	return concerns, fault.New(fault.KindOf(problems[0]), errors.New(joinErrors(problems)))
}

func (f facts) systemProblems(n Node, o Observed) []error {
	var problems []error
	add := func(kind fault.Kind, format string, args ...any) {
		problems = append(problems, fault.Newf(kind, format, args...))
	}
	if !f.systemd {
		add(fault.Invalid, "RKE2 needs systemd as process 1, and there it is %s", orNothing(f.init))
	}
	if archName(f.arch) == "" {
		add(fault.Invalid, "there is no RKE2 for the architecture %s", orNothing(f.arch))
	}
	for _, tool := range []string{"tar", "gzip", "sha256sum"} {
		if !f.tools[tool] {
			add(fault.Invalid, "the program %s is not installed", tool)
		}
	}
	if !f.tools["curl"] && !f.tools["wget"] && !n.Source.offline() {
		add(fault.Invalid, "neither curl nor wget is installed, and one of them must download the release; or give a directory of artifacts")
	}
	if f.rpms["rke2-common"] && !o.RPM {
		add(fault.Conflict, "the package rke2-common is installed: an archive cannot go beside it")
	}
	if n.Name == "" && !dnsName.MatchString(strings.ToLower(f.hostname)) {
		add(fault.Invalid, "the host name %q cannot be a node's name: set the node's name", f.hostname)
	}
	return problems
}

// portProblems names who holds a port that the node needs. What RKE2 left running (its units leave their children
// alone) is its own and gets out of the way by itself.
func (f facts) portProblems(o Observed) []error {
	var problems []error
	for _, l := range f.listeners {
		ours := strings.Contains(l.group, "rke2-") || o.Installed && strings.Contains(l.group, "kubepods")
		if !ours {
			problems = append(problems, fault.Newf(fault.Conflict, "%s%s", l, f.rival()))
		}
	}
	return problems
}

// rival names another Kubernetes on the machine, as an end of a sentence.
func (f facts) rival() string {
	for _, unit := range []string{"k3s", "k3s-agent", "k0scontroller", "k0sworker", "kubelet"} {
		if f.active[unit] {
			return ": the unit " + unit + " is running, and a machine can be a node of one Kubernetes only"
		}
	}
	return ""
}

// concern is a warning and whether it applies.
type concern struct {
	applies         bool
	summary, detail string
}

func warnings(concerns []concern) []Warning {
	var found []Warning
	for _, c := range concerns {
		if c.applies {
			found = append(found, Warning{Summary: c.summary, Detail: c.detail})
		}
	}
	return found
}

func (f facts) systemWarnings(now time.Time) []Warning {
	skew := f.clock.Sub(now).Round(time.Second).Abs()
	return warnings([]concern{
		{f.swap, "Swap is on", "The kubelet refuses to start with swap unless it is told otherwise (fail-swap-on). Turn it off, also in /etc/fstab."},
		{
			f.hostname == "localhost" || strings.HasPrefix(f.hostname, "localhost."), "The host name is " + f.hostname,
			"Node names must be unique in a cluster, and without a name of its own the node is called like the host.",
		},
		{!f.tools["iptables"] && !f.tools["nft"], "Neither iptables nor nft is installed", "Network plugins and port mappings need one of them; Calico needs iptables."},
		{!f.tools["journalctl"], "journalctl is not installed", "When the unit does not start, its log cannot be shown."},
		{f.selinux == "Enforcing" && !f.rpms["rke2-selinux"], "SELinux is enforcing without RKE2's policy", "Install the package rke2-selinux, or pods may not be able to start."},
		{f.cgroup != "" && f.cgroup != "cgroup2fs", "The machine uses control groups of version 1", "Kubernetes 1.35 and later do not run on them by default."},
		{
			!f.clock.IsZero() && skew > clockLimit, "The machine's clock is " + skew.String() + " away from here",
			"Certificates are valid from the moment they are made; nodes whose clocks differ reject each other's.",
		},
	})
}

func (f facts) networkWarnings() []Warning {
	const firewall = "It is known to break cluster networks (rke2-docs: docs/known_issues.md). Turn it off, or open the ports of RKE2 and of the network plugin."
	cloudSetup := false
	for _, unit := range []string{"nm-cloud-setup.service", "nm-cloud-setup.timer"} {
		cloudSetup = cloudSetup || f.enabled[unit] || f.active[unit]
	}
	return warnings([]concern{
		{f.noRoute, "There is no default route", "RKE2 finds the node's address by it. Set the node's address, or add a route."},
		{f.active["firewalld"], "firewalld is running", firewall},
		{f.active["ufw"], "ufw is running", firewall},
		{
			f.active["NetworkManager"] && !f.cniUnmanaged, "NetworkManager manages every interface",
			"It takes routes from the network plugin's interfaces. Set unmanaged-devices=interface-name:cali*;interface-name:flannel* in /etc/NetworkManager/conf.d.",
		},
		{cloudSetup, "nm-cloud-setup is enabled", "It adds routing rules that break cluster networks. Disable nm-cloud-setup.service and nm-cloud-setup.timer and reboot."},
	})
}

func (f facts) sizeWarnings(n Node) []Warning {
	data, known := f.dirs[n.dataDir()]
	server := n.Role == Server
	return warnings([]concern{
		{server && f.cpus > 0 && f.cpus < wiseCPUs, fmt.Sprintf("The machine has %d CPU", f.cpus), "RKE2 servers want at least 2."},
		{server && f.memory > 0 && f.memory < wiseMemoryMiB, fmt.Sprintf("The machine has %d MiB of memory", f.memory), "RKE2 servers want at least 4 GiB."},
		{
			known && data.freeMiB < wiseDiskMiB, fmt.Sprintf("%s has %d MiB free", n.dataDir(), data.freeMiB),
			"Images and etcd want several GiB, and the kubelet evicts pods when a disk runs full.",
		},
	})
}

func joinErrors(problems []error) string {
	texts := make([]string, 0, len(problems))
	for _, problem := range problems {
		texts = append(texts, problem.Error())
	}
	return strings.Join(texts, "; ")
}
