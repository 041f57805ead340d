# Makes an empty working directory STAGE, or only removes it when MAKE is empty. Programs of an earlier run that was
# cut off may still be at work in it: a remote command outlives its connection. They are known by their working
# directory.
if [ -d "$STAGE" ]; then
	for cwd in /proc/[0-9]*/cwd; do
		case $(readlink "$cwd" 2>/dev/null) in
		"$STAGE" | "$STAGE"/*)
			pid=${cwd#/proc/}
			kill -KILL "${pid%/cwd}" 2>/dev/null
			;;
		esac
	done
	rm -rf -- "$STAGE" || exit 1
fi
if [ -n "$MAKE" ]; then
	mkdir -p -- "$(dirname "$STAGE")" && mkdir -m 0700 -- "$STAGE" || exit 1
fi
