package host

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/user"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"

	"github.com/kevinburke/ssh_config"
)

// clientConfig is what ~/.ssh/config says. It is read once, when the first host is dialled.
type clientConfig struct {
	path, home string

	once   sync.Once
	parsed *ssh_config.Config
	// note says why the file does not count, for messages.
	note string
}

// newClientConfig follows Options.ConfigPath.
func newClientConfig(path, home string) *clientConfig {
	switch path {
	case "":
		path = filepath.Join(home, ".ssh", "config")
	case None:
		path = ""
	default:
		path = expandHome(path, home)
	}
	return &clientConfig{path: path, home: home}
}

func (c *clientConfig) read() {
	if c.path == "" {
		return
	}
	data, err := os.ReadFile(c.path)
	if errors.Is(err, fs.ErrNotExist) {
		return
	}
	if err == nil {
		c.parsed, err = ssh_config.DecodeBytes(withoutMatchExec(data))
	}
	if err != nil {
		c.note = fmt.Sprintf("%s was not used: %v", c.path, err)
	}
}

var (
	blockStart = regexp.MustCompile(`(?i)^\s*(host|match)[\s=]`)
	matchExec  = regexp.MustCompile(`(?i)^\s*match\s.*\b(exec|canonical|final|localnetwork|tagged|version|sessiontype|command)\b`)
)

// withoutMatchExec empties the lines of Match blocks with conditions that the parser refuses (ssh_config 1.6 knows
// host, originalhost, user, localuser and all), because one such block would cost the user the whole file.
func withoutMatchExec(data []byte) []byte {
	lines := bytes.Split(data, []byte("\n"))
	skip := false
	for i, line := range lines {
		if blockStart.Match(line) {
			skip = matchExec.Match(line)
		}
		if skip {
			lines[i] = nil
		}
	}
	return bytes.Join(lines, []byte("\n"))
}

// get returns the first value of key for the host that the user named, "" when there is none.
func (c *clientConfig) get(alias, key string) string {
	c.once.Do(c.read)
	if c.parsed == nil {
		return ""
	}
	value, err := c.parsed.Get(alias, key)
	if err != nil {
		return ""
	}
	return value
}

func (c *clientConfig) all(alias, key string) []string {
	c.once.Do(c.read)
	if c.parsed == nil {
		return nil
	}
	values, err := c.parsed.GetAll(alias, key)
	if err != nil {
		return nil
	}
	return values
}

func (c *clientConfig) yes(alias, key string) bool {
	return strings.EqualFold(c.get(alias, key), "yes")
}

func (c *clientConfig) port(alias string) int {
	port, err := strconv.Atoi(c.get(alias, "Port"))
	if err != nil {
		return 0
	}
	return port
}

// expand replaces the tokens that ssh_config(5) allows in file names.
func (c *clientConfig) expand(text string, h *hop) string {
	replaced := strings.NewReplacer(
		"%%", "%", "%d", c.home, "%h", h.host, "%n", h.name, "%p", strconv.Itoa(h.port),
		"%r", h.user, "%u", localUser(), "%k", h.keyName(),
	).Replace(text)
	return expandHome(replaced, c.home)
}

func expandHome(path, home string) string {
	if path == "~" || strings.HasPrefix(path, "~/") {
		return filepath.Join(home, path[1:])
	}
	return path
}

func localUser() string {
	if u, err := user.Current(); err == nil {
		return u.Username
	}
	return "root"
}
