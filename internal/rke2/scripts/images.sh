# Image archives, given as lines "SUM NAME" in ARCHIVES. VERB list tells which are not in the directory IMAGES yet; put
# takes them there from the directory FROM, or from STAGE when FROM is empty.
cd "$STAGE" || exit 1
printf '%s' "$ARCHIVES" | while read -r sum name; do
	if [ -f "$IMAGES/$name" ] && [ "$(sha256sum "$IMAGES/$name" | cut -d ' ' -f 1)" = "$sum" ]; then
		continue
	fi
	case $name in
	*.tar.gz)
		# The same images once more: RKE2 would import both.
		if [ -n "$FROM" ] && [ -f "$FROM/${name%.gz}.zst" ]; then
			continue
		fi
		;;
	esac
	if [ "$VERB" = list ]; then
		if [ -z "$FROM" ] || [ -f "$FROM/$name" ]; then
			say missing "$name"
		fi
		continue
	fi
	mkdir -p -m 0755 "$IMAGES" || exit 1
	part=$IMAGES/.$name.part
	if ! said=$(cp -- "${FROM:-$STAGE}/$name" "$part" 2>&1); then
		rm -f -- "$part"
		say error "$said"
		say verdict failed
		continue
	fi
	got=$(sha256sum "$part" | cut -d ' ' -f 1)
	if [ "$got" != "$sum" ]; then
		rm -f -- "$part"
		say sum "$got"
		say verdict checksum
		continue
	fi
	mv -f -- "$part" "$IMAGES/$name"
	if [ -z "$FROM" ]; then
		rm -f -- "$STAGE/$name"
	fi
done
