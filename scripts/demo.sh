#!/usr/bin/env bash
# Applies examples/labs/current (or EXAMPLE=quickstart) with a real `terraform init` and `terraform apply`: on a test lab of
# its own, or with HOST=user@address[:port] on a real machine. `demo.sh down` destroys what `demo.sh up` made.
set -euo pipefail
cd "$(dirname "$0")/.."
root=$PWD
cache=${LAB_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/terraform-provider-lab}
work=$root/.lab/demo
example=${EXAMPLE:-current}
[[ ! -e $work/example ]] || example=$(<"$work/example")
config=$work/examples/labs/$example
lab_dir=$root/.lab/demo-lab
export TF_CLI_CONFIG_FILE=$work/terraform.rc TF_IN_AUTOMATION=1

[[ -t 1 ]] || export TF_CLI_ARGS=-no-color

say() { printf '\n\033[1m== %s\033[0m\n' "$*"; }

# The provider is served from a local mirror, so that init works as with any published provider.
prepare() {
	if [[ ${EXAMPLE:-$example} != "$example" ]]; then
		echo "examples/labs/$example is up: make demo-down first" >&2
		exit 2
	fi
	if ! grep -qs 'variable "host"' "$root/examples/labs/$example/variables.tf"; then
		echo "examples/labs has no example $example that makes its own cluster" >&2
		exit 2
	fi
	mkdir -p "$config"
	echo "$example" >"$work/example"
	local mirror=$work/mirror/registry.terraform.io/dxlab/lab/0.1.0/$(go env GOOS)_$(go env GOARCH)
	mkdir -p "$mirror"
	ln -sf "$root/bin/terraform-provider-lab" "$mirror/terraform-provider-lab_v0.1.0"
	cat >"$TF_CLI_CONFIG_FILE" <<-RC
		provider_installation {
		  filesystem_mirror {
		    path    = "$work/mirror"
		    include = ["dxlab/lab"]
		  }
		}
	RC
	# The example finds the module by its relative path.
	ln -sfn "$root/modules" "$work/modules"
	cp "$root/examples/labs/$example"/*.tf "$config/"
}

# settings writes the example's variables: NAME=value arguments, values in HCL.
settings() {
	printf '%s\n' "$@" >"$config/terraform.tfvars"
}

on_lab() {
	say "starting a test lab: one host with systemd, sshd and containers, a stand-in RKE2 release, miniature charts"
	make --no-print-directory lab-up LAB_DIR="$lab_dir" HOSTS=1 LAB_UP_FLAGS='--cluster=false --containers'
	# shellcheck disable=SC1091 # written by the line above
	. "$lab_dir/env"
	local host=${LAB_HOSTS%% *}
	host=${host#*@}
	settings "host = \"${host%:*}\"" "artifacts = { url = \"$LAB_RELEASE_URL/releases/download\" }" \
		"chart_repository = \"$LAB_CHARTS\"" 'gateway_address = "10.88.100.10"'
	# These are on the internet, where a test lab does not get.
	[[ $example == quickstart ]] || cat >"$config/override.tf" <<-'HCL'
		module "lab" {
		  tools            = { calicoctl = { enabled = false }, kubens = { enabled = false }, helm = { enabled = false } }
		  istio_monitoring = { dashboards = [{ builtin = "mesh-overview" }] }
		}
	HCL
}

on_host() {
	say "using $HOST, the real RKE2 and the real charts"
	: "${GATEWAY_ADDRESS:?set GATEWAY_ADDRESS to a free address of the network of the host}"
	local address=${HOST#*@} port=null user=null
	[[ $HOST == *@* ]] && user="\"${HOST%%@*}\""
	[[ $address == *:* ]] && port=${address##*:}
	settings "host = \"${address%:*}\"" "ssh_user = $user" "ssh_port = $port" "gateway_address = \"$GATEWAY_ADDRESS\""
}

show() {
	say "what was made"
	terraform output
	if [[ $example == current ]]; then
		say "the proof: traffic, a trace that arrived, whom it crossed, and where to look at it"
		terraform output proof
	fi
	if [[ -z ${HOST:-} ]]; then
		cat <<-TEXT

			Look around. The addresses above are of the lab's own network; this runs a command in it:
			  $cache/bin/lab run --dir $lab_dir -- curl -H 'Host: nginx.istio-dxlab.example.com' http://10.88.100.10/
			and these work from here, kubectl's port-forwards too:
			  export KUBECONFIG=\$($cache/bin/lab kubeconfig --dir $lab_dir h1)
			  kubectl get pods,svc -A                    # applications, proxies, collector, Prometheus run; controllers are simulated
			  kubectl scale deployment nginx --replicas 3  # and see what the next plan says
			  (cd $config && TF_CLI_CONFIG_FILE=$TF_CLI_CONFIG_FILE LAB_SSH_KNOWN_HOSTS_PATH=$lab_dir/known_hosts LAB_SSH_PRIVATE_KEY_PATH=$lab_dir/id_ed25519 terraform plan)
			  $cache/bin/lab exec --dir $lab_dir h1      # a shell on the host
			Remove everything:
			  make demo-down
		TEXT
	fi
}

up() {
	prepare
	if [[ -n ${HOST:-} ]]; then on_host; else on_lab; fi
	[[ $example != current ]] || echo 'proof = true' >>"$config/terraform.tfvars"
	cd "$config"
	say "terraform init"
	terraform init -input=false
	say "terraform apply: everything in one run"
	terraform apply -input=false -auto-approve -compact-warnings
	say "terraform plan: nothing is left to do"
	terraform plan -input=false -detailed-exitcode
	show
}

down() {
	if [[ -e $config/terraform.tfstate ]]; then
		if [[ -z ${HOST:-} && -e $lab_dir/env ]]; then
			# shellcheck disable=SC1091 # written by the lab
			. "$lab_dir/env"
		fi
		say "terraform destroy"
		(cd "$config" && terraform destroy -input=false -auto-approve) || [[ -z ${HOST:-} ]]
	fi
	[[ -d $lab_dir ]] && make --no-print-directory lab-down LAB_DIR="$lab_dir"
	rm -rf "$work"
	say "nothing is left"
}

case ${1:-} in
up) up ;;
down) down ;;
*) echo "usage: demo.sh up|down" >&2; exit 2 ;;
esac
