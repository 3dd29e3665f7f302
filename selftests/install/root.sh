# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# A fresh Debian 12 to install in, whose kernels come as packages of headers,
# and what they loaded with the modules built there.  A program that reads this
# file is run again as root, in namespaces of its own.

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

new=$("$here/../guests/kernel" 6.12)/release || bail_out 'no kernel 6.12'
old=$("$here/../guests/kernel" 6.1)/release || bail_out 'no kernel 6.1'
new=$(cat "$new")
old=$(cat "$old")
version=$(sed -n 's/^PACKAGE_VERSION="\(.*\)"$/\1/p' "$top/dkms.conf")
layer=$WORK/layer
root=$WORK/root
mkdir -p "$top/build/logs" "$layer" "$root"

# lay_out_root KIND: the root of make-root under a layer of memory, so that
# each run starts from the same, with our source in /root/nym.
lay_out_root()
{
	local lower

	lower=$("$here/make-root" "$1") || bail_out 'no minimal Debian 12'
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
}

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
		find / -xdev \( -path /proc -o -path /root -o \
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

# all_modules GUEST RELEASE: have the modules that DKMS installed beside the
# kernel's own, and print where.  depmod reads all of them: not something for
# an emulated processor.
all_modules()
{
	local guest=$1 release=$2 kernel folder=$layer/modules-$1

	kernel=$("$here/../guests/kernel" "$guest")
	if [ ! -e "$folder" ]; then
		mkdir -p "$folder/lib/modules/$release" "$layer/upper-$guest" \
			"$layer/work-$guest"
		mount -t overlay -o "lowerdir=$root/lib/modules/$release:$kernel/lib/modules/$release,upperdir=$layer/upper-$guest,workdir=$layer/work-$guest" \
			modules "$folder/lib/modules/$release"
		depmod -b "$folder" "$release"
	fi
	echo "$folder/lib/modules"
}

# modprobe finds what DKMS installed.
module_loads()
{
	local guest=$1 release=$2 modules

	modules=$(all_modules "$guest" "$release")
	cat >"$WORK/load.sh" <<-SCRIPT
	set -ex
	umount /lib/modules
	mount --bind $modules /lib/modules
	modprobe nym
	test -e /sys/module/nym
	modinfo -F filename nym | grep "^/lib/modules/$release/updates/dkms/nym.ko"
	rmmod nym
	SCRIPT
	"$here/../guests/run" --guest "$guest" --timeout 1800 \
		--log "$top/build/logs/install-$guest.log" -- \
		bash "$WORK/load.sh"
}

# in_booted_root GUEST RELEASE COMMAND...: the installed system with the
# guest's kernel runs the command in /root/nym.
in_booted_root()
{
	local guest=$1 release=$2 modules
	shift 2

	modules=$(all_modules "$guest" "$release")
	cat >"$WORK/boot.sh" <<-SCRIPT
	set -e
	# A root for namespaces of mounts.
	mount --bind $root $root
	mount --bind $modules $root/lib/modules
	for folder in /proc /sys /dev /run; do
		mount --rbind \$folder $root\$folder
	done
	exec chroot $root env HOME=/root sh -c 'cd /root/nym && exec "\$@"' sh "\$@"
	SCRIPT
	"$here/../guests/run" --guest "$guest" --timeout 1800 \
		--log "$top/build/logs/packages-$guest.log" -- \
		bash "$WORK/boot.sh" "$@"
}
