#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# The rules of the OpenWrt packages, run by make with this machine's compiler:
# they find their sources, build and install what they should.  The protocol
# handler is tested by net/openwrt.sh.
here=$(dirname "$(readlink -f "$0")")
top=$(readlink -f "$here/../..")
. "$here/../net/lib.sh"

kernel=$("$here/../guests/kernel" 7.2) || bail_out 'no kernel 7.2'

package()
{
	make -C "$top/packaging/openwrt/nym" TOPDIR="$here" \
		INCLUDE_DIR="$here/include" BUILD_DIR="$WORK/build" \
		LINUX_DIR="$kernel/build" KERNEL_ARCH=ARCH=um OUT="$WORK/out" "$@"
}

prepares()
{
	package prepare
	(cd "$WORK"/build/nym-* && ls module/Kbuild tools/Makefile LICENSE)
}

compiles()
{
	package compile
}

installs()
{
	package install-kmod-nym install-nym-tools
	expect_equal files \
		'./autoload ./lib/modules/nym.ko ./lib/netifd/proto/nym.sh ./usr/bin/nymctl' \
		"$(cd "$WORK/out" && find . -type f | sort | paste -sd ' ')"
	expect_equal 'loaded at start' nym "$(cat "$WORK/out/autoload")"
	expect_equal 'version' \
		"nymctl v$(sed -n 's/^PACKAGE_VERSION="\(.*\)"$/\1/p' "$top/dkms.conf")" \
		"$("$WORK/out/usr/bin/nymctl" --version | grep -o '^nymctl v[0-9.]*')"
	[ -x "$WORK/out/lib/netifd/proto/nym.sh" ]
	modinfo -F alias "$WORK/out/lib/modules/nym.ko" | grep -qx rtnl-link-nym
}

ktap_plan 3
test_case 'the sources are found' prepares
test_case 'module and tool are built' compiles
test_case 'the packages hold what they should' installs
ktap_end
