# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# Packages from Debian suites that the machine's own apt does not list.  The
# mirror is the machine's; its configuration and its lists are left alone.

# Address of the archive that the machine takes its packages from.
# $1: main or security
debian_archive()
{
	local uri release kind

	while read -r uri release; do
		case $release in
		*-security)	kind=security ;;
		*)		kind=main ;;
		esac
		if [ "$kind" = "$1" ]; then
			echo "$uri"
			return 0
		fi
	done < <(
		# shellcheck disable=SC2016 # apt's variables, not the shell's
		env -u APT_CONFIG apt-get indextargets --format '$(REPO_URI) $(RELEASE)' \
			'Identifier: Packages' 'Component: main' 'Origin: Debian'
	)
	return 1
}

# Prepare a private apt for one set of suites and one architecture, this
# machine's unless said, and make the functions below use it.
# $1: bookworm (with its security updates) or sid; $2: Debian's architecture
debian_use()
{
	local arch=${2:-amd64} root=$NYM_CACHE/apt/$1${2:+-$2} main security key

	key=/usr/share/keyrings/debian-archive-keyring.gpg
	main=$(debian_archive main) ||
		die "apt lists no Debian archive: add one to /etc/apt/sources.list and run apt-get update"
	mkdir -p "$root/lists/partial" "$root/archives/partial"
	: >"$root/status"
	case $1 in
	bookworm)
		security=$(debian_archive security) ||
			die "apt lists no Debian security archive: add one to /etc/apt/sources.list and run apt-get update"
		printf "deb [arch=$arch signed-by=%s] %s %s main\n" \
			"$key" "$main" bookworm \
			"$key" "$security" bookworm-security ;;
	*)
		printf "deb [arch=$arch signed-by=%s] %s %s main\n" \
			"$key" "$main" "$1" ;;
	esac >"$root/sources.list"
	cat >"$root/apt.conf" <<-CONF
	Dir::Etc::sourcelist "$root/sources.list";
	Dir::Etc::sourceparts "/dev/null";
	Dir::Etc::preferences "/dev/null";
	Dir::Etc::preferencesparts "/dev/null";
	Dir::State "$root";
	Dir::State::lists "$root/lists";
	Dir::State::status "$root/status";
	Dir::Cache "$root";
	Dir::Cache::archives "$root/archives";
	APT::Sandbox::User "root";
	APT::Architecture "$arch";
	#clear APT::Architectures;
	APT::Architectures { "$arch"; };
	CONF
	export APT_CONFIG=$root/apt.conf
	# Lists that did not come are but a warning to apt.
	persistently apt-get -qq -o APT::Update::Error-Mode=any update >&2 ||
		apt-get -qq update >&2 || die "apt-get update failed for $1"
}

# Names of the packages that $1 depends on and that match the pattern $2.
debian_dependency()
{
	apt-cache depends --important "$1" |
		sed -n 's/^[ |]*Depends: //p' | grep -m 1 -E "^$2\$"
}

debian_version()
{
	apt-cache show --no-all-versions "$1" | sed -n 's/^Version: //p'
}

# Download packages and unpack them, scripts unrun, into the folder $1.
debian_unpack()
{
	local into=$1 deb work

	shift
	work=$(mktemp -d "$NYM_CACHE/apt/download.XXXXXX")
	(cd "$work" && persistently apt-get -qq download "$@" >&2) ||
		die "cannot download $*"
	for deb in "$work"/*.deb; do
		dpkg-deb -x "$deb" "$into" || die "cannot unpack ${deb##*/}"
	done
	rm -r "$work"
}

# The same with all that the packages depend on, as if nothing was installed.
debian_unpack_closure()
{
	local into=$1 archives deb
	shift

	eval "$(apt-config shell archives Dir::Cache::archives/d)"
	persistently apt-get -qq install -y --no-install-recommends --download-only "$@" >&2 ||
		die "cannot download $*"
	for deb in "$archives"*.deb; do
		dpkg-deb -x "$deb" "$into" || die "cannot unpack ${deb##*/}"
	done
	apt-get -qq clean
}
