# k3d takes back by itself what it made of a cluster that does not come up.
said=$(k3d cluster create --config "$CONFIG" 2>&1 </dev/null) || printf '%s' "$said" | tail -n 12 | blob error
