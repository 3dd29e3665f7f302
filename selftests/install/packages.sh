#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# The Debian packages: built, looked over by lintian, installed in a fresh
# Debian 12, upgraded to a newer version, tested with autopkgtest, booted with
# the kernels 6.1 and 6.12, and removed.
. "$(dirname "$(readlink -f "$0")")/root.sh"
lay_out_root packages

next=$version.1

builds()
{
	"$top/packaging/build-deb" "$layer/deb"
	mkdir "$root/root/deb"
	cp "$layer"/deb/nym-{dkms,tools}_*.deb "$root/root/deb/"
}

# The same source with the next version's number.
next_version_builds()
{
	local tree=$root/root/nym-next date

	date=$(sed -n 's/^ -- .*>  //p' "$top/packaging/debian/changelog" | head -n 1)
	date=$(date -R -u -d "$date + 1 hour")
	cp -r "$root/root/nym" "$tree"
	sed -i "s/^PACKAGE_VERSION=.*/PACKAGE_VERSION=\"$next\"/" "$tree/dkms.conf"
	{
		sed "s/($version)/($next)/; s/^\( -- .*>  \).*/\1$date/" \
			"$tree/packaging/debian/changelog"
		echo
		cat "$top/packaging/debian/changelog"
	} >"$tree/changelog.new"
	mv "$tree/changelog.new" "$tree/packaging/debian/changelog"
	DEB_BUILD_OPTIONS=nocheck "$tree/packaging/build-deb" "$layer/next"
	mkdir "$root/root/next"
	cp "$layer"/next/nym-{dkms,tools}_*.deb "$layer/next/nym_$next.dsc" \
		"$layer/next/nym_$next.tar.xz" "$root/root/next/"
}

# paths FOLDER: the packages in it, as the chroot knows them.
paths()
{
	(cd "$root" && printf '/%s\n' "$1"/*.deb)
}

# install_files FOLDER: the packages in it.  What they depend on is in apt's
# cache; apt must still be allowed to fetch, or it does not find the files.
install_files()
{
	# shellcheck disable=SC2046 # words to be split
	in_root apt-get -q install -y --no-install-recommends $(paths "$1")
}

installing_builds_module()
{
	install_packages linux-headers-amd64
	own_files "$WORK/before"
	# An upgrade builds for the running kernel and for the newest. Here the
	# first is this machine's, which is not installed there.
	echo autoinstall_all_kernels=yes >>"$root/etc/dkms/framework.conf"
	install_files root/deb
	dkms_installed "$old"
	in_root nymctl genkey | in_root nymctl pubkey | grep -qE '^[A-Za-z0-9+/]{43}=$'
	expect_equal 'mode of /etc/nym' 700 "$(in_root stat -c %a /etc/nym)"
	[ -e "$root/lib/systemd/system/nymctl@.service" ]
}

# DKMS signs what it builds, for the owner to have the key trusted.
module_is_signed()
{
	local signer

	signer=$(in_root openssl x509 -inform der -in /var/lib/dkms/mok.pub \
		-noout -subject | sed 's/.*CN = //')
	expect_equal signer "$signer" \
		"$(in_root modinfo -k "$old" -F signer "/lib/modules/$old/updates/dkms/nym.ko")"
}

kernel_upgrade_rebuilds()
{
	install_packages linux-headers-6.12-amd64
	dkms_installed "$new"
}

# What the administrator has in /etc/nym stays, until the end also what systemctl
# has enabled.
package_upgrade_rebuilds()
{
	echo '[Interface]' >"$root/etc/nym/kept.conf"
	mkdir -p "$root/etc/systemd/system/multi-user.target.wants"
	ln -s /lib/systemd/system/nymctl@.service \
		"$root/etc/systemd/system/multi-user.target.wants/nymctl@kept.service"
	install_files root/next
	expect_equal 'what DKMS has' \
		"nym/$next, $old, x86_64: installed nym/$next, $new, x86_64: installed" \
		"$(in_root dkms status nym | sort | paste -sd ' ')"
	expect_equal 'version of the tool' "nymctl v$next" \
		"$(in_root nymctl --version | grep -o '^nymctl v[0-9.]*')"
	expect_equal 'old source' '' "$(in_root find /usr/src -name "nym-$version")"
	[ -e "$root/etc/nym/kept.conf" ]
	[ -L "$root/etc/systemd/system/multi-user.target.wants/nymctl@kept.service" ]
	rm "$root/etc/nym/kept.conf"
}

# What needs a kernel of its own comes next: this testbed says that it has one.
autopkgtest_passes()
{
	# shellcheck disable=SC2046
	in_root autopkgtest --no-built-binaries --skip-test=tunnel \
		--output-dir /root/autopkgtest \
		$(paths root/next) "/root/next/nym_$next.dsc" -- null
	cat "$root/root/autopkgtest/summary"
	grep -q '^commands *PASS' "$root/root/autopkgtest/summary"
	grep -q '^dkms *PASS' "$root/root/autopkgtest/summary"
}

boots()
{
	in_booted_root "$1" "$2" packaging/debian/tests/tunnel
}

removing_leaves_nothing()
{
	in_root apt-get -q purge -y nym-dkms nym-tools
	own_files "$WORK/after"
	expect_equal 'files left behind' '' "$(comm -13 "$WORK/before" "$WORK/after")"
	expect_equal 'dkms status' '' "$(in_root dkms status nym)"
	[ ! -e "$root/etc/nym" ]
}

ktap_plan 11
test_case 'the packages build, and lintian says nothing' builds
test_case 'installing them builds the module' installing_builds_module
test_case 'DKMS signed the module with the key of the machine' module_is_signed
test_case 'a kernel upgrade builds the module anew' kernel_upgrade_rebuilds
test_case 'the next version builds' next_version_builds
test_case 'upgrading to it replaces module and tool' package_upgrade_rebuilds
test_case 'autopkgtest passes' autopkgtest_passes
test_case 'two hops work as installed, on 6.1' boots 6.1 "$old"
test_case 'two hops work as installed, on 6.12' boots 6.12 "$new"
test_case 'removing the tool takes tunnels down' \
	in_booted_root 6.12 "$new" selftests/install/remove_up.sh
test_case 'removing them leaves nothing behind' removing_leaves_nothing
ktap_end
