package lab

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// File names in the lab's folder.
const (
	keyFile        = "id_ed25519"
	knownHostsFile = "known_hosts"
	envFile        = "env"
	kubeconfigFile = "kubeconfig"        // of the lab's own cluster, for the lab's starter
	insideFile     = "kubeconfig-inside" // and for processes in the lab's network
)

// Files are the names of all files that a lab writes to its folder.
func Files() []string {
	return []string{keyFile, keyFile + ".pub", knownHostsFile, envFile, kubeconfigFile, insideFile}
}

type labFile struct {
	name, text string
	mode       os.FileMode
}

func (l *Lab) writeFiles() error {
	if l.dir == "" {
		return nil
	}
	files := []labFile{
		{keyFile, string(l.key.Private), 0o600},
		{keyFile + ".pub", l.key.Authorized + "\n", 0o644},
		{knownHostsFile, l.knownHosts(), 0o644},
		{envFile, exports(l.Env()), 0o644},
	}
	if l.cluster != nil {
		files = append(files,
			labFile{kubeconfigFile, l.cluster.kubeconfigFor(l.ClusterOutside()), 0o600},
			labFile{insideFile, l.cluster.kubeconfigFor(l.cluster.Address()), 0o600})
	}
	for _, file := range files {
		path := filepath.Join(l.dir, file.name)
		if err := os.WriteFile(path, []byte(file.text), file.mode); err != nil {
			return fmt.Errorf("writing the lab's files: %w", err)
		}
	}
	return nil
}

// knownHosts lists the hosts' keys under the addresses of both sides.
func (l *Lab) knownHosts() string {
	var text strings.Builder
	for i, host := range l.hosts {
		line := host.KnownHost()
		text.WriteString(line + "\n")
		if l.block.IsValid() {
			_, key, _ := strings.Cut(line, " ")
			text.WriteString(l.knownName(i) + " " + key + "\n")
		}
	}
	return text.String()
}

// knownName is how the file known_hosts calls a host's address outside.
func (l *Lab) knownName(i int) string {
	if port := l.OutsidePort(sshPort); port != sshPort {
		return "[" + l.Outside(i) + "]:" + strconv.Itoa(port)
	}
	return l.Outside(i)
}
