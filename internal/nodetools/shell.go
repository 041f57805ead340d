package nodetools

import (
	"fmt"
	"slices"
	"strings"
)

const (
	profileFile   = "/etc/profile.d/terraform-provider-lab.sh"
	completionDir = "/etc/bash_completion.d"
	written       = "# Written by terraform-provider-lab (lab_node_tools).\n"
)

// texts are the files that login shells read, by path.
func (s Spec) texts() map[string]string {
	out := map[string]string{}
	if s.Shell || s.Kubeconfig != "" {
		out[profileFile] = s.profile()
	}
	if !s.Shell {
		return out
	}
	for name := range s.Tools {
		out[completionDir+"/"+name] = written + completions[name]
	}
	return out
}

// profile is read by every login shell, so it is fast and silent.
func (s Spec) profile() string {
	var b strings.Builder
	b.WriteString(written)
	if s.Shell {
		fmt.Fprintf(&b, `for lab_dir in %s; do
	case ":$PATH:" in
	*":$lab_dir:"*) ;;
	*) if [ -d "$lab_dir" ]; then PATH=$PATH:$lab_dir; fi ;;
	esac
done
export PATH
unset lab_dir
`, strings.Join(slices.Compact([]string{s.BinDir, RKE2Bin}), " "))
		if _, has := s.Tools[Calicoctl]; has {
			b.WriteString("# calicoctl asks etcd otherwise.\nexport DATASTORE_TYPE=\"${DATASTORE_TYPE:-kubernetes}\"\n")
		}
	}
	if s.Kubeconfig != "" {
		fmt.Fprintf(&b, `if [ -z "${KUBECONFIG:-}" ] && [ -r %[1]s ]; then
	export KUBECONFIG=%[1]s
fi
`, s.Kubeconfig)
	}
	return b.String()
}

// completions are what bash needs to complete each tool. helm and kubectl write their own, which is asked for when the
// key is first pressed: a login is not slowed down, and an upgraded kubectl is completed as it is now.
var completions = map[string]string{
	Helm:    lazy(Helm, "__start_helm"),
	Kubectl: lazy(Kubectl, "__start_kubectl"),
	// calicoctl's commands, as `calicoctl --help` lists them.
	Calicoctl: "complete -W 'create replace apply patch delete get label convert ipam node version datastore cluster' calicoctl\n",
	Kubens: `_lab_kubens() {
	local names
	names=$(kubectl get namespaces -o 'jsonpath={.items[*].metadata.name}' 2>/dev/null)
	mapfile -t COMPREPLY < <(compgen -W "- $names" -- "${COMP_WORDS[COMP_CWORD]}")
}
complete -F _lab_kubens kubens
`,
}

// lazy completes with the function that the tool's own script defines. Status 124 makes bash ask again.
func lazy(name, function string) string {
	return fmt.Sprintf(`_lab_%[1]s() {
	# shellcheck disable=SC1090
	source <(%[1]s completion bash 2>/dev/null)
	if declare -F %[2]s >/dev/null; then
		return 124
	fi
	complete -r %[1]s
}
complete -o default -F _lab_%[1]s %[1]s
`, name, function)
}
