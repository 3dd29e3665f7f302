#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Secure Boot: the module as DKMS builds and signs it, with a key that it makes
# for the machine, loads once that key is enrolled, and not before; without a
# signature, with another's or changed afterwards it does not load.  The whole
# chain is Debian's: firmware with Microsoft's keys, shim, GRUB, kernel.
. "$(dirname "$(readlink -f "$0")")/root.sh"
lay_out_root packages

mok=$root/var/lib/dkms/mok.pub

installing_signs()
{
	install_packages linux-headers-amd64 linux-headers-6.12-amd64
	in_root make -C /root/nym install-module
	dkms_installed "$old"
	dkms_installed "$new"
	[ -e "$mok" ]
	expect_equal 'readable by' 600 "$(stat -c %a "${mok%.pub}.key")"
}

# The modules that are tried, in $WORK/modules-GUEST.
variants()
{
	local guest=$1 release=$2 kernel folder=$WORK/modules-$1 signed

	kernel=$("$here/../guests/kernel" "$guest")
	mkdir "$folder"
	signed=$folder/signed.ko
	case $guest in
	6.1)	cp "$root/lib/modules/$release/updates/dkms/nym.ko" "$signed" ;;
	*)	xz -dc "$root/lib/modules/$release/updates/dkms/nym.ko.xz" >"$signed" ;;
	esac
	[ -n "$(modinfo -F signer "$signed")" ]

	# Kbuild's, without the signature at its end.
	objcopy "$signed" "$folder/unsigned.ko"
	expect_equal 'signer of the unsigned' '' "$(modinfo -F signer "$folder/unsigned.ko")"

	openssl req -new -x509 -newkey rsa:2048 -nodes -subj /CN=stranger/ \
		-keyout "$WORK/stranger.key" -outform DER \
		-out "$WORK/stranger.der" 2>/dev/null
	"$kernel/build/scripts/sign-file" sha256 "$WORK/stranger.key" \
		"$WORK/stranger.der" "$folder/unsigned.ko" "$folder/strangers.ko"
	expect_equal signer stranger "$(modinfo -F signer "$folder/strangers.ko")"

	LC_ALL=C sed 's/Nested WireGuard tunnels/Nested WireGuard funnels/' \
		"$signed" >"$folder/changed.ko"
	if cmp "$signed" "$folder/changed.ko" >/dev/null; then
		fail 'nothing was changed'
	fi
}

# under_secure_boot GUEST CERTIFICATE SCRIPT
under_secure_boot()
{
	echo "$3" >"$WORK/try.sh"
	"$here/../guests/run" --guest "$1" --secure-boot "$2" --timeout 400 \
		--log "$top/build/logs/secure-boot-$1.log" -- \
		bash -ex "$WORK/try.sh"
}

# What both scripts begin with.
locked_down="
mount -t securityfs securityfs /sys/kernel/security 2>/dev/null || :
dmesg | grep -i 'secure boot enabled'
grep -F '[integrity]' /sys/kernel/security/lockdown
refused()
{
	! insmod \"\$1\"
	test ! -e /sys/module/nym
}
depends()
{
	for name in \$(modinfo -F depends \"\$1\" | tr , ' '); do
		modprobe \"\$name\"
	done
}
"

enrolled()
{
	local guest=$1 release=$2 folder=$WORK/modules-$1

	variants "$guest" "$release"
	under_secure_boot "$guest" "$mok" "$locked_down
		depends $folder/signed.ko
		refused $folder/unsigned.ko
		refused $folder/strangers.ko
		refused $folder/changed.ko
		insmod $folder/signed.ko
		ip link add nym0 type nym
		ip link del nym0
		rmmod nym"
}

not_enrolled()
{
	local folder=$WORK/modules-6.12

	under_secure_boot 6.12 none "$locked_down
		depends $folder/signed.ko
		refused $folder/signed.ko"
}

ktap_plan 4
test_case 'DKMS signs the modules with a key of the machine' installing_signs
test_case '6.1 loads it and no other when the key is enrolled' enrolled 6.1 "$old"
test_case '6.12 loads it and no other when the key is enrolled' enrolled 6.12 "$new"
test_case 'it does not load when the key is not enrolled' not_enrolled
ktap_end
