// SPDX-License-Identifier: GPL-2.0-or-later
#include "endpoint.h"

#include <errno.h>
#include <limits.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "environment.h"
#include "report.h"

#define DEFAULT_RETRIES 15
#define RETRIES_FOREVER -1
#define FIRST_PAUSE_MS 1000
#define LONGEST_PAUSE_MS 20000

/* NI_MAXHOST and NI_MAXSERV are what the resolver itself can take. */
struct host_and_port {
	char host[NI_MAXHOST];
	char port[NI_MAXSERV];
};

static int copy_part(char *part, size_t size, const char *text, size_t len)
{
	if (!len || len >= size)
		return -1;
	memcpy(part, text, len);
	part[len] = '\0';
	return 0;
}

static int split(struct host_and_port *parts, const char *text,
		 struct nym_report *report)
{
	const char *host = text, *end;

	if (text[0] == '[') {
		host = text + 1;
		end = strchr(host, ']');
		if (!end)
			return nym_fail(report,
					"'%s' has no ']' behind the address: write [address]:port",
					text);
		if (end[1] != ':')
			return nym_fail(report,
					"'%s' has no port: write [address]:port",
					text);
	} else {
		end = strrchr(text, ':');
		if (!end)
			return nym_fail(report,
					"'%s' has no port: write host:port",
					text);
	}
	if (copy_part(parts->host, sizeof(parts->host), host,
		      (size_t)(end - host)))
		return nym_fail(report,
				"'%s' is not an endpoint: write host:port",
				text);
	end += text[0] == '[' ? 2 : 1;
	if (copy_part(parts->port, sizeof(parts->port), end, strlen(end)))
		return nym_fail(report, "'%s' has no port: write host:port",
				text);
	return 0;
}

static int lookup(union nym_endpoint *endpoint,
		  const struct host_and_port *parts, int family, int flags)
{
	struct addrinfo hints = {
		.ai_flags = flags,
		.ai_family = family,
		.ai_socktype = SOCK_DGRAM,
		.ai_protocol = IPPROTO_UDP,
	};
	struct addrinfo *found;
	int ret;

	ret = getaddrinfo(parts->host, parts->port, &hints, &found);
	if (ret)
		return ret;
	memset(endpoint, 0, sizeof(*endpoint));
	if (found->ai_addrlen <= sizeof(*endpoint))
		memcpy(endpoint, found->ai_addr, found->ai_addrlen);
	freeaddrinfo(found);
	return 0;
}

/* The resolver takes a number that is too large for a port modulo 65536. */
static bool port_is_out_of_range(const char *port)
{
	return port[strspn(port, "0123456789")] == '\0' &&
	       (strlen(port) > 9 || strtoul(port, NULL, 10) > UINT16_MAX);
}

int nym_endpoint_parse(union nym_endpoint *endpoint, const char *text,
		       struct nym_report *report)
{
	struct host_and_port parts;

	memset(endpoint, 0, sizeof(*endpoint));
	if (split(&parts, text, report))
		return -1;
	if (port_is_out_of_range(parts.port))
		return nym_fail(report, "'%s' has a port above 65535", text);
	if (!lookup(endpoint, &parts, AF_UNSPEC,
		    AI_NUMERICHOST | AI_NUMERICSERV))
		return NYM_ENDPOINT_IS_ADDRESS;
	return NYM_ENDPOINT_IS_NAME;
}

void nym_endpoint_to_text(char text[static NYM_ENDPOINT_TEXT_SIZE],
			  const union nym_endpoint *endpoint)
{
	bool ip6 = endpoint->addr.sa_family == AF_INET6;
	char host[64], port[8];

	text[0] = '\0';
	if (getnameinfo(&endpoint->addr,
			ip6 ? sizeof(endpoint->addr6) : sizeof(endpoint->addr4),
			host, sizeof(host), port, sizeof(port),
			NI_DGRAM | NI_NUMERICHOST | NI_NUMERICSERV))
		return;
	snprintf(text, NYM_ENDPOINT_TEXT_SIZE, ip6 ? "[%s]:%s" : "%s:%s", host,
		 port);
}

static int configured_retries(int *retries, struct nym_report *report)
{
	const char *text = nym_environment("ENDPOINT_RESOLUTION_RETRIES");
	unsigned long value;
	char *end;

	*retries = DEFAULT_RETRIES;
	if (!text)
		return 0;
	if (!strcmp(text, "infinity")) {
		*retries = RETRIES_FOREVER;
		return 0;
	}
	value = strtoul(text, &end, 10);
	if (end == text || *end || value > INT_MAX)
		return nym_fail(report,
				"The environment's ENDPOINT_RESOLUTION_RETRIES is '%s': give a number or 'infinity'",
				text);
	*retries = (int)value;
	return 0;
}

static bool is_permanent(int error)
{
	switch (error) {
	case EAI_NONAME:
	case EAI_FAIL:
#ifdef EAI_NODATA
	case EAI_NODATA:
#endif
#ifdef EAI_ADDRFAMILY
	case EAI_ADDRFAMILY:
#endif
		return true;
	default:
		return false;
	}
}

static const char *lookup_reason(int error)
{
	return error == EAI_SYSTEM ? strerror(errno) : gai_strerror(error);
}

static void pause_ms(unsigned int ms)
{
	struct timespec left = {
		.tv_sec = ms / 1000,
		.tv_nsec = ms % 1000 * 1000000L,
	};

	while (nanosleep(&left, &left) && errno == EINTR)
		;
}

static bool has_via_address(const struct nym_peer *peer, int family)
{
	if (family == AF_INET)
		return peer->via_address4.s_addr;
	return !IN6_IS_ADDR_UNSPECIFIED(&peer->via_address6);
}

/* A nested peer can send only to the families of its own addresses. */
static int family_in_reach(const struct nym_peer *peer)
{
	bool ip4 = has_via_address(peer, AF_INET);
	bool ip6 = has_via_address(peer, AF_INET6);

	if (!nym_peer_is_nested(peer) || ip4 == ip6)
		return AF_UNSPEC;
	return ip4 ? AF_INET : AF_INET6;
}

static const char *family_name(int family)
{
	return family == AF_INET ? "IPv4" : "IPv6";
}

static int refuse_name(const struct nym_peer *peer,
		       const struct host_and_port *parts, int family, int error,
		       struct nym_report *report)
{
	const char *wanted = family_name(family);
	union nym_endpoint other;

	if (family == AF_UNSPEC || lookup(&other, parts, AF_UNSPEC, 0))
		return nym_fail(report, "Endpoint '%s' did not resolve: %s",
				peer->endpoint_name, lookup_reason(error));
	return nym_fail(report,
			"Endpoint '%s' has no %s address, and the peer's via-address (ViaAddress) has none of %s: add one to it, or give an endpoint with an %s address",
			peer->endpoint_name, wanted,
			family_name(other.addr.sa_family), wanted);
}

static int resolve_peer(struct nym_peer *peer, int retries,
			struct nym_report *report)
{
	int family = family_in_reach(peer);
	unsigned int pause = FIRST_PAUSE_MS;
	struct host_and_port parts;
	int ret;

	if (split(&parts, peer->endpoint_name, report))
		return -1;
	for (;;) {
		ret = lookup(&peer->endpoint, &parts, family, 0);
		if (!ret && nym_peer_has_endpoint(peer))
			break;
		if (!ret)
			return nym_fail(report,
					"'%s' has neither an IPv4 nor an IPv6 address",
					peer->endpoint_name);
		if (is_permanent(ret) || !retries)
			return refuse_name(peer, &parts, family, ret, report);
		if (retries > 0)
			--retries;
		nym_warn(report,
			 "Endpoint '%s' did not resolve: %s. Trying again in %.2f seconds",
			 peer->endpoint_name, lookup_reason(ret),
			 pause / 1000.0);
		pause_ms(pause);
		pause = pause * 6 / 5;
		if (pause > LONGEST_PAUSE_MS)
			pause = LONGEST_PAUSE_MS;
	}
	free(peer->endpoint_name);
	peer->endpoint_name = NULL;
	return 0;
}

int nym_device_resolve(struct nym_device *device, struct nym_report *report)
{
	struct nym_peer *peer;
	int retries;

	for (peer = device->peers; peer; peer = peer->next) {
		if (!peer->endpoint_name)
			continue;
		if (configured_retries(&retries, report) ||
		    resolve_peer(peer, retries, report))
			return -1;
	}
	return 0;
}

void nym_device_check_endpoints(const struct nym_device *device, bool complete,
				struct nym_report *report)
{
	const struct nym_peer *peer;
	char key[NYM_KEY_BASE64_SIZE];
	const char *family;

	for (peer = device->peers; peer; peer = peer->next) {
		if (!nym_peer_is_nested(peer) || !nym_peer_has_endpoint(peer) ||
		    has_via_address(peer, peer->endpoint.addr.sa_family) ||
		    !(complete || peer->flags & NYM_PEER_HAS_VIA_ADDRESS))
			continue;
		family = family_name(peer->endpoint.addr.sa_family);
		nym_key_to_base64(key, peer->public_key);
		nym_warn(report,
			 "Peer %s has an %s endpoint and no %s via-address (ViaAddress), so that nothing can be sent to it: add the one that the carrier's gateway gave you",
			 key, family, family);
	}
}
