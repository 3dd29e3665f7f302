#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# make install and make uninstall in a fresh Debian 12 with Debian's 6.1
# headers; the coming of the 6.12 kernel; and the modules so made, loaded by
# modprobe in guests with these kernels.
. "$(dirname "$(readlink -f "$0")")/root.sh"
lay_out_root install

headers_come()
{
	install_packages linux-headers-amd64
	own_files "$WORK/before"
}

installing_builds()
{
	in_root make -C /root/nym install
	dkms_installed "$old"
}

installing_again_works()
{
	in_root make -C /root/nym install
	dkms_installed "$old"
}

upgrade_rebuilds()
{
	install_packages linux-headers-6.12-amd64
	dkms_installed "$new"
}

tool_runs()
{
	[ -e "$top/tools/Makefile" ] || skip 'there are no tools yet'
	in_root nymctl genkey | in_root nymctl pubkey | grep -qE '^[A-Za-z0-9+/]{43}=$'
}

uninstalling_leaves_nothing()
{
	in_root make -C /root/nym uninstall
	own_files "$WORK/after"
	expect_equal 'files left behind' '' "$(comm -13 "$WORK/before" "$WORK/after")"
	expect_equal 'dkms status' '' "$(in_root dkms status nym)"
}

ktap_plan 8
test_case 'kernel headers come to a fresh Debian 12' headers_come
test_case 'make install builds the module by DKMS' installing_builds
test_case 'make install works a second time' installing_again_works
test_case 'the installed tool runs' tool_runs
test_case 'a kernel upgrade builds the module anew' upgrade_rebuilds
test_case 'modprobe loads the first kernel'"'"'s module' module_loads 6.1 "$old"
test_case 'modprobe loads the new kernel'"'"'s module' module_loads 6.12 "$new"
test_case 'make uninstall leaves nothing behind' uninstalling_leaves_nothing
ktap_end
