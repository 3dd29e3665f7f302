# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# Guests whose processor is not this machine's are called after Debian's word
# for it, as in 6.12-arm64.

# architecture_of GUEST: that word, or nothing for a guest of this machine's.
architecture_of()
{
	case $1 in
	*-arm64|*-s390x)	echo "${1##*-}" ;;
	esac
}

# kernel_variables GUEST: what make is told in the guest's kernel tree.
kernel_variables()
{
	local arch

	arch=$(architecture_of "$1")
	case $1 in
	7.2-races)	echo ARCH=x86_64 ;;
	7.*)		echo ARCH=um ;;
	*)		echo "${arch:+CROSS_COMPILE=$(compiler_prefix "$arch")-}" ;;
	esac
}

# compiler_prefix ARCHITECTURE: of the cross compiler's programs, as in -gcc.
compiler_prefix()
{
	case $1 in
	arm64)	echo aarch64-linux-gnu ;;
	*)	echo "$1-linux-gnu" ;;
	esac
}
