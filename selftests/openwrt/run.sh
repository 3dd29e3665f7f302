#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# The rules of the OpenWrt packages, run by make with this machine's compiler:
# they find their sources, build and install what they should.  The protocol
# handler is tested by net/openwrt.sh.
here=$(dirname "$(readlink -f "$0")")
top=$(readlink -f "$here/../..")
. "$here/../net/lib.sh"

# All that the module depends on is a module here.
kernel=$("$here/../guests/kernel" 6.12) || bail_out 'no kernel 6.12'

package()
{
	make -C "$top/packaging/openwrt/nym" TOPDIR="$here" \
		INCLUDE_DIR="$here/include" BUILD_DIR="$WORK/build" \
		LINUX_DIR="$kernel/build" OUT="$WORK/out" "$@"
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
		'./autoload ./depends ./lib/modules/nym.ko ./lib/netifd/proto/nym.sh ./usr/bin/nymctl' \
		"$(cd "$WORK/out" && find . -type f | sort | paste -sd ' ')"
	expect_equal 'loaded at start' nym "$(cat "$WORK/out/autoload")"
	expect_equal 'version' \
		"nymctl v$(sed -n 's/^PACKAGE_VERSION="\(.*\)"$/\1/p' "$top/dkms.conf")" \
		"$("$WORK/out/usr/bin/nymctl" --version | grep -o '^nymctl v[0-9.]*')"
	[ -x "$WORK/out/lib/netifd/proto/nym.sh" ]
	modinfo -F alias "$WORK/out/lib/modules/nym.ko" | grep -qx rtnl-link-nym
}

# package_of MODULE: OpenWrt's.
package_of()
{
	case $1 in
	*chacha20poly1305)	echo kmod-crypto-lib-chacha20poly1305 ;;
	*chacha*)		echo kmod-crypto-lib-chacha20 ;;
	*poly1305*)		echo kmod-crypto-lib-poly1305 ;;
	*curve25519*)		echo kmod-crypto-lib-curve25519 ;;
	udp_tunnel)		echo kmod-udptunnel4 ;;
	ip6_udp_tunnel)		echo kmod-udptunnel6 ;;
	nf_defrag_ipv6)		echo kmod-nf-conntrack6 ;;
	*)			echo "unknown, for $1" ;;
	esac
}

# OpenWrt builds no package whose modules depend on others' without saying so.
names_dependencies()
{
	local module modules

	modules=$(modinfo -F depends "$WORK/out/lib/modules/nym.ko" | tr ',' ' ')
	[ -n "$modules" ]
	for module in $modules; do
		grep -qE "[+:]$(package_of "$module")( |\$)" "$WORK/out/depends" ||
			fail "the package of $module is not named"
	done
}

ktap_plan 4
test_case 'the sources are found' prepares
test_case 'module and tool are built' compiles
test_case 'the packages hold what they should' installs
test_case 'kmod-nym names the packages that its module needs' names_dependencies
ktap_end
