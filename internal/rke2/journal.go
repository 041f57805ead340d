package rke2

import (
	"regexp"
	"strconv"
	"strings"

	"github.com/dxlab/terraform-provider-lab/internal/fault"
)

// cause is why a unit does not come up, as far as its journal tells.
type cause struct {
	kind fault.Kind
	// text says it in words; empty when the journal gives no clue.
	text string
	// passing says that RKE2 gets over it by itself when given time.
	passing bool
	// port is the one that is taken, or 0.
	port int
}

// signature is a message that is known, and what it means.
type signature struct {
	pattern *regexp.Regexp
	cause   cause
}

// signatures are messages of rke2, k3s and systemd. This is the one place where texts are matched.
var signatures = []signature{
	{regexp.MustCompile(`listen tcp [^ ]*:(\d+): bind: address already in use`), cause{kind: fault.Conflict, text: "port %s is taken"}},
	{regexp.MustCompile(`(?i)no space left on device`), cause{kind: fault.NoSpace, text: "no space left on device"}},
	{regexp.MustCompile(`Skipped due to 'exec-condition'|Error: rke2-(?:server|agent) is running`), cause{kind: fault.Conflict, text: "the other role of RKE2 is running on the machine"}},
	{regexp.MustCompile(`(?i)token CA hash does not match|invalid token CA hash`), cause{kind: fault.Invalid, text: "the join token belongs to another cluster"}},
	{regexp.MustCompile(`(?i)not authorized|401 Unauthorized|failed to validate token|bootstrap data already found and encrypted with different token`), cause{kind: fault.Auth, text: "the join token was refused"}},
	{regexp.MustCompile(`(?i)node password rejected|duplicate hostname`), cause{kind: fault.Conflict, text: "the cluster knows another machine by this node name: delete that Node first, or give this one another name"}},
	{regexp.MustCompile(`(?i)critical configuration (?:value )?mismatch`), cause{kind: fault.Invalid, text: "the configuration differs from the other servers' where it must not"}},
	{regexp.MustCompile(`((?:Failed to validate --|[Ii]nvalid value ).*)`), cause{kind: fault.Invalid, text: "%s"}},
	{regexp.MustCompile(`(?i)failed to (?:parse|read|load) (?:the )?config|yaml: (?:line|unmarshal)`), cause{kind: fault.Invalid, text: "the configuration cannot be read"}},
	{regexp.MustCompile(`(?i)too many learner|unhealthy cluster|etcdserver: (?:leader changed|request timed out|re-configuration)`), cause{kind: fault.Unreachable, text: "etcd of the cluster is not ready for another member", passing: true}},
	{regexp.MustCompile(`(?i)connection refused|no route to host|i/o timeout|network is unreachable|no such host|context deadline exceeded|connection reset`), cause{kind: fault.Unreachable, text: "something it needs does not answer", passing: true}},
}

// findCause reads a journal from its end and stops at the first message that it knows.
func findCause(lines []string) cause {
	for i := len(lines) - 1; i >= 0; i-- {
		for _, s := range signatures {
			match := s.pattern.FindStringSubmatch(lines[i])
			if match == nil {
				continue
			}
			found := s.cause
			if strings.Contains(found.text, "%s") {
				found.text = strings.Replace(found.text, "%s", match[1], 1)
				if port, err := strconv.Atoi(match[1]); err == nil {
					found.port = port
				}
			}
			return found
		}
	}
	return cause{kind: fault.Command}
}

var (
	logrus = regexp.MustCompile(`^(?:time="[^"]*" )?level=(\w+) msg=("(?:[^"\\]|\\.)*"|\S+)(.*)$`)
	// chatter are systemd's own lines about a restarting unit, which say nothing that the state does not, and those of
	// modprobe, whose failure the units ignore.
	chatter = regexp.MustCompile(`^rke2-(?:server|agent)\.service: (?:Scheduled restart|Main process exited|Failed with result|Consumed|Deactivated|Unit process|Found left-over|This usually)|^(?:Starting|Started|Stopped|Stopping|Failed to start) (?:rke2-|.*Rancher Kubernetes Engine)|^modprobe: `)
)

// lineLimit cuts lines that would bury a diagnostic.
const lineLimit = 300

// journalLines reads a journal for people: logrus's fields are taken apart, systemd's chatter, empty lines and
// immediate repetitions are left out, tokens are blotted out.
func journalLines(journal string) []string {
	var lines []string
	for line := range strings.Lines(journal) {
		line = strings.TrimRight(line, "\r\n\t ")
		if match := logrus.FindStringSubmatch(line); match != nil {
			message, err := strconv.Unquote(match[2])
			if err != nil {
				message = match[2]
			}
			line = match[1] + ": " + strings.Join(strings.Fields(message), " ") + match[3]
		}
		if line == "" || chatter.MatchString(line) {
			continue
		}
		line = redact(line)
		if len(line) > lineLimit {
			line = line[:lineLimit] + "..."
		}
		if len(lines) == 0 || lines[len(lines)-1] != line {
			lines = append(lines, line)
		}
	}
	return lines
}

// tailLines is how many lines of a journal a message repeats.
const tailLines = 10

// tail is the end of a journal as a part of a sentence, or nothing.
func tail(lines []string) string {
	if len(lines) == 0 {
		return "; its journal is empty"
	}
	if len(lines) > tailLines {
		lines = lines[len(lines)-tailLines:]
	}
	return "; last log lines:\n" + strings.Join(lines, "\n")
}
