package host

import (
	"context"
	"strconv"
	"strings"
	"time"
)

// factsScript prints one "name value" a line; what a host does not have stays empty. It needs no rights, and is run as
// root all the same where that is possible, so that the one round trip also finds out how.
const factsScript = `say() { printf '%s %s\n' "$1" "$2"; }
[ ! -r /etc/os-release ] || . /etc/os-release
say os "$ID"; say version "$VERSION_ID"; say name "$PRETTY_NAME"
say hostname "$(uname -n)"; say machine "$(uname -m)"; say kernel "$(uname -r)"
if [ -d /run/systemd/system ]; then
  say systemd 1
  v=$(systemctl --version 2>/dev/null | head -n 1); v=${v#systemd }; say systemd_version "${v%%[ .~-]*}"
fi
say boot_id "$(cat /proc/sys/kernel/random/boot_id 2>/dev/null)"
say machine_id "$(cat /etc/machine-id 2>/dev/null)"
r=$(ip -o route get 1.1.1.1 2>/dev/null || ip -o -6 route get 2606:4700:4700::1111 2>/dev/null)
case $r in *" src "*) a=${r##* src }; say address "${a%% *}" ;; esac
case $r in *" dev "*) i=${r##* dev }; say interface "${i%% *}" ;; esac
set -- $lab_connection
say connected "$3"
say cpus "$(getconf _NPROCESSORS_ONLN 2>/dev/null || grep -c ^processor /proc/cpuinfo)"
while read -r k n u; do
  case $k in MemTotal:) say memory "$n" ;; MemAvailable:) say available "$n" ;; SwapTotal:) say swap "$n" ;; esac
done </proc/meminfo
for d in /var/lib /usr/local /tmp; do
  set -- $(df -Pk -- "$d" 2>/dev/null | tail -n 1); say "disk $d" "$4"
done
say selinux "$(getenforce 2>/dev/null)"
[ ! -e /sys/fs/cgroup/cgroup.controllers ] || say cgroup2 1
say time "$(date +%s)"
`

// architectures translates uname -m into Go's terms.
var architectures = map[string]string{"x86_64": "amd64", "aarch64": "arm64", "armv7l": "arm", "i686": "386"}

// Facts asks the host about itself, in one round trip.
func (h *Host) Facts(ctx context.Context) (Facts, error) {
	r, err := h.do(ctx, job{title: "read facts", wish: asRootIfPossible, script: prelude + factsScript}, true)
	if err != nil {
		return Facts{}, err
	}
	if r.Code != 0 {
		return Facts{}, h.failed("read facts", r, nil)
	}
	f := parseFacts(r.Stdout)
	l, err := h.link(ctx)
	if err != nil {
		return Facts{}, explain("read facts", h.String(), err)
	}
	f.User = l.client.User()
	if known := l.become.known(); known != nil {
		f.Root = known.way
	}
	return f, nil
}

func parseFacts(text string) Facts {
	values := map[string]string{}
	disks := map[string]int64{}
	for _, line := range strings.Split(text, "\n") {
		name, value, _ := strings.Cut(line, " ")
		value = strings.TrimSpace(value)
		if name == "disk" {
			path, size, _ := strings.Cut(value, " ")
			if n := number(size); size != "" {
				disks[path] = n << 10
			}
			continue
		}
		values[name] = value
	}
	f := Facts{
		Hostname: values["hostname"], OS: values["os"], OSVersion: values["version"], OSName: values["name"],
		Arch: firstOf(architectures[values["machine"]], values["machine"]), Kernel: values["kernel"],
		Systemd: values["systemd"] != "", SystemdVersion: values["systemd_version"],
		BootID: values["boot_id"], MachineID: values["machine_id"],
		Address: firstOf(values["address"], values["connected"]), Interface: values["interface"],
		CPUs: int(number(values["cpus"])), Memory: number(values["memory"]) << 10, MemoryAvailable: number(values["available"]) << 10,
		DiskFree: disks, Swap: number(values["swap"]) > 0, SELinux: values["selinux"], Cgroup: 1,
	}
	if values["cgroup2"] != "" {
		f.Cgroup = 2
	}
	if seconds := number(values["time"]); seconds > 0 {
		f.Time = time.Unix(seconds, 0).UTC()
	}
	return f
}

// number reads a whole number; what is none counts as not known.
func number(text string) int64 {
	n, err := strconv.ParseInt(strings.TrimSpace(text), 10, 64)
	if err != nil {
		return 0
	}
	return n
}
