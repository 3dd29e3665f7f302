# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# Keys by name.  They follow from the name, so that every run uses the same.

# File with the private key of $1.
private_key()
{
	local file=$WORK/keys/$1

	if [ ! -e "$file" ]; then
		mkdir -p "$WORK/keys"
		(umask 077
		 printf 'nym selftest key %s' "$1" | sha256sum | cut -c 1-64 |
			tr a-f A-F | basenc --base16 -d | base64 >"$file.new"
		 mv "$file.new" "$file")
	fi
	echo "$file"
}

# Public key of $1.
public_key()
{
	local file=$WORK/keys/$1

	if [ ! -e "$file.pub" ]; then
		wg pubkey <"$(private_key "$1")" >"$file.pub.new"
		mv "$file.pub.new" "$file.pub"
	fi
	# Without another process: this is asked for often.
	echo "$(<"$file.pub")"
}

# File with the preshared key of $1.
preshared_key()
{
	private_key "psk-$1"
}
