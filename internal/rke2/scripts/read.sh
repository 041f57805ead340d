# Reads everything that is known about RKE2 on this machine. In: DATA_DIR, CONFIG_DIR, TOKEN_FILE, PREFIXES,
# STAGE_NAME, UNIT_PROPERTIES.
for prefix in $PREFIXES; do
	if [ -x "$prefix/bin/rke2" ]; then
		say prefix "$prefix"
		say version "$("$prefix/bin/rke2" --version 2>/dev/null | sed -n 's/^rke2 version \([^ ]*\).*/\1/p')"
		if [ "$prefix" = /usr ] && has rpm && rpm -q rke2-common >/dev/null 2>&1; then
			say rpm yes
		fi
		break
	fi
done

for prefix in $PREFIXES; do
	if [ -d "$prefix/$STAGE_NAME" ]; then
		say stage "$prefix/$STAGE_NAME"
	fi
done

if has systemctl; then
	for role in server agent; do
		unit=$(systemctl show --no-pager -p "$UNIT_PROPERTIES" "rke2-$role.service" 2>/dev/null)
		printf '%s\n' "$unit" | blob "unit.$role"
		pid=$(printf '%s\n' "$unit" | sed -n 's/^MainPID=//p')
		if [ "${pid:-0}" != 0 ]; then
			say "exe.$role" "$(readlink "/proc/$pid/exe" 2>/dev/null)"
		fi
	done
fi

for file in "$CONFIG_DIR"/config.yaml "$CONFIG_DIR"/config.yaml.d/*.yaml "$CONFIG_DIR"/registries.yaml \
	"$CONFIG_DIR"/terraform-provider-lab.json "$TOKEN_FILE"; do
	[ -f "$file" ] || continue
	say file "$(stat -L -c '%a %U:%G' "$file") $file"
	if [ "$file" = "$TOKEN_FILE" ]; then
		blob file </dev/null
	else
		blob file <"$file"
	fi
done

data_dir=$DATA_DIR
if [ -z "$data_dir" ]; then
	data_dir=$(cat "$CONFIG_DIR"/config.yaml "$CONFIG_DIR"/config.yaml.d/*.yaml 2>/dev/null |
		sed -n 's/^"\{0,1\}data-dir"\{0,1\}: *//p' | tail -n 1 | tr -d "\"'")
	data_dir=${data_dir:-/var/lib/rancher/rke2}
fi
say data_dir "$data_dir"
if [ -d "$data_dir/server/db" ] || [ -s "$data_dir/server/token" ]; then
	say data server
elif [ -d "$data_dir/agent" ] && [ -n "$(find "$data_dir/agent" -maxdepth 1 -name '*.kubeconfig' 2>/dev/null | head -n 1)" ]; then
	say data agent
fi

say hostname "$(cat /proc/sys/kernel/hostname)"
say node_id "$(cat /etc/rancher/node/id 2>/dev/null)"
address=
if has ip; then
	address=$(ip -4 -o route get 1.1.1.1 2>/dev/null | sed -n 's/.* src \([0-9.]*\).*/\1/p')
	if [ -z "$address" ]; then
		address=$(ip -6 -o route get 2606:4700:4700::1111 2>/dev/null | sed -n 's/.* src \([0-9a-f:]*\).*/\1/p')
	fi
fi
if [ -z "$address" ] && has hostname; then
	address=$(hostname -I 2>/dev/null | cut -d ' ' -f 1)
fi
say address "$address"
