said=$(k3d cluster start "$NAME" --wait 2>&1 </dev/null) || printf '%s' "$said" | tail -n 12 | blob error
