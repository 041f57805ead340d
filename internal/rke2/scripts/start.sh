# Enables UNIT and starts it, or restarts it when RESTART is set, without waiting: rke2's units never time out.
say invocation "$(systemctl show --no-pager -p InvocationID "$UNIT" | cut -d = -f 2)"
say since "$(date +%s)"
systemctl daemon-reload || exit 1
systemctl enable "$UNIT" || exit 1
systemctl reset-failed "$UNIT" 2>/dev/null
if [ -n "$RESTART" ]; then
	systemctl --no-block restart "$UNIT" || exit 1
else
	systemctl --no-block start "$UNIT" || exit 1
fi
