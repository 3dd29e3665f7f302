#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# What the unit nymctl@.service runs on "systemctl reload", with a nymctl that
# stands in: a file that cannot be read must not empty the device.
unit=$(dirname "$0")/../systemd/nymctl@.service
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

cat >"$work/nymctl" <<'PROGRAM'
#!/bin/sh
case $1 in
strip)
	[ "$2" = good ] || exit 1
	printf '[Interface]\nListenPort = 1\n'
	;;
syncconf)
	echo "syncconf $2"
	cat "$3"
	;;
esac
PROGRAM
chmod +x "$work/nymctl"

# reload NAME, as systemd does with the unit's line
reload()
{
	# shellcheck disable=SC2016 # the line's own $
	line=$(sed -n 's/^ExecReload=//p' "$unit" | sed "s/%i/$1/g; s/%%/%/g")
	PATH=$work:$PATH sh -c "$line"
}

echo 'KTAP version 1'
echo '1..2'
failed=0
expected=$(printf 'syncconf good\n[Interface]\nListenPort = 1')
if [ "$(reload good)" = "$expected" ]; then
	echo 'ok 1 reload applies the file'
else
	echo 'not ok 1 reload applies the file'
	failed=1
fi
if ! found=$(reload bad) && [ -z "$found" ]; then
	echo 'ok 2 reload of a file that cannot be read fails and changes nothing'
else
	echo 'not ok 2 reload of a file that cannot be read fails and changes nothing'
	failed=1
fi
exit $failed
