package rke2

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/dxlab/terraform-provider-lab/internal/hostscript"
)

// Preflight looks whether a machine can become the node, in two round trips and without changing anything. What
// stands in the way is one error with every problem; what may become one is returned as warnings.
func Preflight(ctx context.Context, h Host, n Node) ([]Warning, error) {
	if err := n.Validate(); err != nil {
		return nil, err
	}
	observed, err := Read(ctx, h, n)
	if err != nil {
		return nil, err
	}
	facts, err := survey(ctx, h, n)
	if err != nil {
		return nil, err
	}
	warnings, err := facts.check(n, observed, time.Now())
	return warnings, newJob(h, n, Options{}).refusal("check the machine", err)
}

// facts are what preflight looks at.
type facts struct {
	init          string
	systemd       bool
	arch          string
	hostname      string
	clock         time.Time
	cpus, memory  int // memory in MiB
	cgroup        string
	swap, noRoute bool
	tools         map[string]bool
	rpms          map[string]bool
	selinux       string
	active        map[string]bool
	enabled       map[string]bool
	cniUnmanaged  bool
	dirs          map[string]directory
	listeners     []listener
}

type directory struct {
	writable, mounted bool
	freeMiB           int
}

// listener is a program that listens on a port.
type listener struct {
	port, pid      int
	program, group string
}

func (l listener) String() string {
	if l.pid == 0 {
		return fmt.Sprintf("port %d is taken", l.port)
	}
	return fmt.Sprintf("port %d is taken by %s (pid %d)", l.port, l.program, l.pid)
}

// ports are what the role's own processes listen on (rke2-docs: docs/install/requirements.md). Ports that only a
// network plugin or etcd uses are left to them: they come and go with the configuration.
func ports(role Role) []int {
	if role == Server {
		return []int{apiPort, supervisorPort, kubeletPort}
	}
	return []int{kubeletPort}
}

func survey(ctx context.Context, h Host, n Node) (facts, error) {
	answer, err := run(ctx, h, script{name: "check the machine", file: "preflight.sh", env: map[string]string{
		"PORTS": joinInts(ports(n.Role)),
		"DIRS":  strings.Join([]string{defaultPrefix, altPrefix, n.dataDir(), "/etc"}, " "),
	}})
	if err != nil {
		return facts{}, err
	}
	return parseFacts(answer), nil
}

func parseFacts(answer hostscript.Answer) facts {
	f := facts{
		init: answer.Value("pid1"), systemd: answer.Value("systemd") == "yes" && answer.Value("pid1") == "systemd",
		arch: answer.Value("arch"), hostname: answer.Value("hostname"),
		cpus: number(answer.Value("cpus")), memory: number(answer.Value("memory_kib")) / 1024,
		cgroup: answer.Value("cgroup"), swap: answer.Value("swap") == "yes", noRoute: answer.Value("default_route") == "no",
		tools: set(answer.Values("tool")), rpms: set(answer.Values("rpm")), selinux: answer.Value("selinux"),
		active: set(answer.Values("active")), enabled: set(answer.Values("enabled")),
		cniUnmanaged: answer.Value("cni_unmanaged") == "yes", dirs: map[string]directory{},
		listeners: parseListeners(answer),
	}
	if seconds := number(answer.Value("now")); seconds > 0 {
		f.clock = time.Unix(int64(seconds), 0)
	}
	for _, line := range answer.Values("dir") {
		fields := strings.Fields(line)
		if len(fields) == 4 {
			f.dirs[fields[0]] = directory{writable: fields[1] == "yes", mounted: fields[2] == "yes", freeMiB: number(fields[3]) / 1024}
		}
	}
	return f
}

func parseListeners(answer hostscript.Answer) []listener {
	var found []listener
	seen := map[int]bool{}
	for _, line := range answer.Values("listener") {
		fields := strings.Fields(line)
		if len(fields) < 3 || seen[number(fields[0])] {
			continue
		}
		l := listener{port: number(fields[0]), pid: number(fields[1]), program: fields[2]}
		if len(fields) > 3 {
			l.group = fields[3]
		}
		seen[l.port] = true
		found = append(found, l)
	}
	return found
}

// prefix is where the release goes: to /opt/rke2 when /usr/local is a mount point or read-only, as
// rke2:install.sh decides it.
func (f facts) prefix() string {
	if local, known := f.dirs[defaultPrefix]; known && (local.mounted || !local.writable) {
		return altPrefix
	}
	return defaultPrefix
}

func set(values []string) map[string]bool {
	s := map[string]bool{}
	for _, value := range values {
		s[value] = true
	}
	return s
}

func number(text string) int {
	n, err := strconv.Atoi(strings.TrimSpace(text))
	if err != nil {
		return 0
	}
	return n
}

func joinInts(numbers []int) string {
	texts := make([]string, 0, len(numbers))
	for _, n := range numbers {
		texts = append(texts, strconv.Itoa(n))
	}
	return strings.Join(texts, " ")
}
