#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# make install and make uninstall in a fresh Debian 12 with Debian's 6.1
# headers; the coming of the 6.12 kernel; and the modules so made, loaded by
# modprobe in guests with these kernels.
here=$(dirname "$(readlink -f "$0")")
top=$(readlink -f "$here/../..")

if [ "$(id -u)" -ne 0 ]; then
	if sudo -n true 2>/dev/null; then
		exec sudo -n --preserve-env=NYM_CACHE,XDG_CACHE_HOME,HOME "$0"
	fi
	echo '1..0 # SKIP needs root for a chroot'
	exit 4
fi
if [ "${1-}" != --inside ]; then
	# Mounts and processes that end with this program, however it ends.
	exec unshare --mount --pid --fork --kill-child --mount-proc \
		"$0" --inside
fi

. "$here/../net/lib.sh"
. "$here/../guests/cache.sh"

lower=$("$here/make-root") || bail_out 'no minimal Debian 12'
new=$("$here/../guests/kernel" 6.12)/release || bail_out 'no kernel 6.12'
old=$("$here/../guests/kernel" 6.1)/release || bail_out 'no kernel 6.1'
new=$(cat "$new")
old=$(cat "$old")
version=$(sed -n 's/^PACKAGE_VERSION="\(.*\)"$/\1/p' "$top/dkms.conf")

# The machine's files under a layer of memory: each run starts from the same.
layer=$WORK/layer
root=$WORK/root
mkdir "$layer" "$root"
{
	mount -t tmpfs -o size=3G layer "$layer" &&
	mkdir "$layer/upper" "$layer/work" &&
	mount -t overlay -o "lowerdir=$lower,upperdir=$layer/upper,workdir=$layer/work" \
		root "$root" &&
	mount -t proc proc "$root/proc" &&
	mkdir "$root/root/nym" &&
	tar -C "$top" --exclude=./build --exclude=./.git -c . |
		tar -C "$root/root/nym" -x
} || bail_out 'cannot lay out the root'

in_root()
{
	chroot "$root" env -i PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
		HOME=/root DEBIAN_FRONTEND=noninteractive INITRD=No "$@"
}

install_packages()
{
	in_root apt-get -q install -y --no-install-recommends --no-download "$@"
}

# Files that no package and no log accounts for.
own_files()
{
	in_root sh -c '
		find / -xdev \( -path /proc -o -path /root/nym -o \
			-path /var/cache -o -path /var/lib/dpkg -o \
			-path /var/log -o -path /var/lib/apt -o -path /tmp \) \
			-prune -o ! -type d -print |
		sed "s#^/usr/\(bin\|lib\|sbin\)/#/\1/#" |
		grep -Ev "^/lib/modules/[^/]*/modules\.|^/boot/|^/var/lib/dkms/mok\.|^/(vmlinuz|initrd\.img)(\.old)?$|/__pycache__/"' |
		sort >"$1.all"
	in_root sh -c '
		cat /var/lib/dpkg/info/*.list |
		sed "s#^/usr/\(bin\|lib\|sbin\)/#/\1/#"' |
		sort -u >"$1.packaged"
	comm -23 "$1.all" "$1.packaged" >"$1"
}

# Built for the release $1 and nothing older.
dkms_installed()
{
	in_root dkms status "nym/$version" -k "$1" | grep ': installed$'
}

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

# modprobe finds what DKMS installed beside the kernel's own modules.  depmod
# reads all of them: not something for an emulated processor.
module_loads()
{
	local guest=$1 release=$2 kernel tree

	kernel=$("$here/../guests/kernel" "$guest")
	tree=$layer/modules-$guest/lib/modules
	mkdir -p "$tree/$release" "$layer/upper-$guest" "$layer/work-$guest"
	mount -t overlay -o "lowerdir=$root/lib/modules/$release:$kernel/lib/modules/$release,upperdir=$layer/upper-$guest,workdir=$layer/work-$guest" \
		modules "$tree/$release"
	depmod -b "$layer/modules-$guest" "$release"
	cat >"$WORK/load.sh" <<-SCRIPT
	set -ex
	umount /lib/modules
	mount --bind $tree /lib/modules
	modprobe nym
	test -e /sys/module/nym
	modinfo -F filename nym | grep "^/lib/modules/$release/updates/dkms/nym.ko"
	rmmod nym
	SCRIPT
	"$here/../guests/run" --guest "$guest" --timeout 300 \
		--log "$top/build/logs/install-$guest.log" -- \
		bash "$WORK/load.sh"
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

mkdir -p "$top/build/logs"
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
