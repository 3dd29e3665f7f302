#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=dash
# netifd.sh HANDLER COMMAND INTERFACE JSON: run a protocol handler's setup, renew
# or teardown with as little of OpenWrt's netifd and shell functions as it needs.
# As from netifd, JSON has what the interface sets of the options that the
# handler declares: COMMAND describe prints it.
# The configuration is $NETIFD_CONFIG, in UCI's format; what the handler tells
# netifd is written to $NETIFD_SAID and, as netifd would, applied.

say() {
	echo "$*" >>"$NETIFD_SAID"
}

# Sections and options as shell variables.  A list is kept as words, as by
# OpenWrt's functions.
config_load() {
	eval "$(awk '
		function unquote(s) { gsub(/^["\047]|["\047]$/, "", s); return s }
		$1 == "config" {
			name = NF > 2 ? unquote($3) : "cfg" ++anonymous
			print "CONFIG_" name "_TYPE=\047" unquote($2) "\047"
			sections = sections " " name
			next
		}
		$1 == "option" || $1 == "list" {
			option = $2
			sub(/^[ \t]*[a-z]+[ \t]+[^ \t]+[ \t]+/, "")
			key = name "_" option
			if (key in values)
				values[key] = values[key] " " unquote($0)
			else
				values[key] = unquote($0)
		}
		END {
			for (key in values)
				print "CONFIG_" key "=\047" values[key] "\047"
			print "CONFIG_SECTIONS=\047" sections "\047"
		}' "$NETIFD_CONFIG")"
}

config_get() {
	eval "$1=\${CONFIG_$2_$3:-\${4-}}"
}

config_get_bool() {
	local value

	config_get value "$2" "$3" "$4"
	case $value in
	1|on|true|yes|enabled)	eval "$1=1" ;;
	*)			eval "$1=0" ;;
	esac
}

config_foreach() {
	local callback=$1 type=$2 section found

	for section in $CONFIG_SECTIONS; do
		config_get found "$section" TYPE
		[ "$found" != "$type" ] || "$callback" "$section"
	done
}

# uci batch: sets options that are there already.
uci() {
	local word setting section

	say uci "$@"
	while read -r word setting; do
		[ "$word" = set ] || continue
		section=${setting#*.}
		awk -v section="${section%%.*}" -v option="${section#*.}" '
			$1 == "config" { here = index($3, section) }
			here && $2 == substr(option, 1, index(option, "=") - 1) {
				$0 = "\toption " $2 " \047" \
				     substr(option, index(option, "=") + 1) "\047"
			}
			{ print }' "$NETIFD_CONFIG" >"$NETIFD_CONFIG.new"
		mv "$NETIFD_CONFIG.new" "$NETIFD_CONFIG"
	done
}

logger() {
	say logger "$@"
}

declare_option() {
	say option "$1"
	declared="${declared-} ${1%%:*}"
}

proto_nym_describe() {
	local option value comma=

	config_load network
	proto_nym_init_config
	printf '{'
	for option in proto $declared; do
		config_get value "$1" "$option"
		[ -n "$value" ] || continue
		printf '%s"%s":"%s"' "$comma" "$option" "$value"
		comma=,
	done
	echo '}'
}

proto_config_add_string() { declare_option "$1"; }
proto_config_add_int() { declare_option "$1"; }
proto_config_add_boolean() { declare_option "$1"; }
proto_config_add_array() { declare_option "$1"; }
proto_init_update() { say init "$@"; netifd_device=$1; }
proto_notify_error() { say error "$@"; }
proto_setup_failed() { say failed "$@"; }
proto_add_host_dependency() { say depends "$@"; }
proto_add_ipv6_prefix() { say prefix "$@"; }
proto_add_ipv4_address() { netifd_apply address "$@"; }
proto_add_ipv6_address() { netifd_apply address "$@"; }
proto_add_ipv4_route() { netifd_apply route "$@"; }
proto_add_ipv6_route() { netifd_apply route "$@"; }

netifd_apply() {
	say "$@"
	netifd_wants="${netifd_wants-}$1 add $2/$3 dev $netifd_device
"
}

proto_send_update() {
	say update "$@"
	ip link set "$netifd_device" up
	printf '%s' "${netifd_wants-}" | while read -r line; do
		# shellcheck disable=SC2086 # words
		ip $line 2>/dev/null || :
	done
}

add_protocol() {
	say protocol "$1"
}

# shellcheck disable=SC2034 # the handler reads it
INCLUDE_ONLY=1
# shellcheck source=/dev/null
. "$1"
"proto_nym_$2" ${3+"$3"}
