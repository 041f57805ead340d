package rke2

import (
	"path"
	"strings"
)

// Where RKE2 keeps its things (rke2: pkg/cli/defaults, k3s: pkg/datadir) and where ours lie beside them.
const (
	configDir = "/etc/rancher/rke2"
	// configFile is the user's own; it is read for what it sets and never written.
	configFile = configDir + "/config.yaml"
	// dropInFile is ours. Drop-ins are read after config.yaml in alphabetical order and the last one wins, so 50
	// leaves room on both sides.
	dropInFile     = configDir + "/config.yaml.d/50-terraform-provider-lab.yaml"
	registriesFile = configDir + "/registries.yaml"
	// registriesBackup keeps a user's registries.yaml when the node is adopted.
	registriesBackup = registriesFile + ".before-terraform-provider-lab"
	// tokenFile holds the join token of nodes that join.
	tokenFile = configDir + "/terraform-provider-lab.token"
	// markerFile says how far we got and what the running process was started with.
	markerFile = configDir + "/terraform-provider-lab.json"
	// kubeconfigFile is a link when write-kubeconfig names another place.
	kubeconfigFile = configDir + "/rke2.yaml"

	defaultDataDir = "/var/lib/rancher/rke2"
	// stageName is the working directory below the prefix. Its name is fixed: the host lock keeps two runs apart,
	// and a fixed name is what the next run finds and removes after a crash.
	stageName = ".terraform-provider-lab"

	defaultPrefix = "/usr/local"
	// altPrefix serves hosts whose /usr/local is read-only or a mount point (rke2:install.sh, setup_env).
	altPrefix = "/opt/rke2"
	rpmPrefix = "/usr"

	supervisorPort = 9345
	apiPort        = 6443
	kubeletPort    = 10250
)

func (n Node) dataDir() string {
	if n.DataDir == "" {
		return defaultDataDir
	}
	return path.Clean(n.DataDir)
}

func stageDir(prefix string) string { return prefix + "/" + stageName }

// unitDir is where the units of a prefix belong: systemd reads /usr/local/lib but knows nothing of /opt/rke2.
func unitDir(prefix string) string {
	if strings.HasPrefix(prefix, "/usr") {
		return prefix + "/lib/systemd/system"
	}
	return "/etc/systemd/system"
}
