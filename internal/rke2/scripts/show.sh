# Tells what URL answers, up to 1 MiB.
if has curl; then
	curl --location --silent --fail --max-time 30 "$URL" | head -c 1048576 | blob content
else
	wget -q -T 30 -O - "$URL" | head -c 1048576 | blob content
fi
