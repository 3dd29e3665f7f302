// SPDX-License-Identifier: GPL-2.0
/*
 * flood ADDRESS PORT RATE SECONDS: sends the messages of 148 bytes that the
 * standard input has, again and again, to a UDP port, from sources drawn at random
 * out of 198.19.0.0/16. RATE is in messages a second, 0 for as many as possible.
 * Prints how many it sent.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/ip.h>
#include <netinet/udp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define MESSAGE 148
/* From 512 that wait, WireGuard is under load, and for a second after that. Of
 * fewer at once so many would wait only from time to time, and in between a
 * handshake be answered without a cookie.
 */
#define AT_ONCE 1000

struct datagram {
	struct iphdr ip;
	struct udphdr udp;
	unsigned char message[MESSAGE];
} __attribute__((packed));

static struct datagram *datagrams;
static size_t count;
static uint32_t state = 1;

/* Xorshift: any numbers will do, and the same in every run. */
static uint32_t draw(void)
{
	state ^= state << 13;
	state ^= state >> 17;
	state ^= state << 5;
	return state;
}

static int read_messages(const struct sockaddr_in *to)
{
	struct datagram one = {
		.ip = { .version = 4, .ihl = 5, .ttl = 64, .protocol = IPPROTO_UDP,
			.daddr = to->sin_addr.s_addr,
			.tot_len = htons(sizeof(one)) },
		.udp = { .dest = to->sin_port,
			 .len = htons(sizeof(one.udp) + MESSAGE) },
	};
	struct datagram *more;

	while (fread(one.message, MESSAGE, 1, stdin) == 1) {
		more = realloc(datagrams, (count + 1) * sizeof(*more));
		if (!more)
			return -1;
		datagrams = more;
		datagrams[count++] = one;
	}
	return count >= AT_ONCE ? 0 : -1;
}

static double now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

/* Sends AT_ONCE messages from the given one on. Returns how many. */
static int send_some(int fd, struct sockaddr_in *to, size_t first)
{
	struct mmsghdr headers[AT_ONCE] = { 0 };
	struct iovec parts[AT_ONCE];
	struct datagram *one;
	int i;

	for (i = 0; i < AT_ONCE; i++) {
		one = &datagrams[(first + (size_t)i) % count];
		one->ip.saddr = htonl(0xc6130000 | (draw() & 0xffff));
		one->udp.source = htons((uint16_t)(1024 + draw() % 60000));
		parts[i] = (struct iovec){ one, sizeof(*one) };
		headers[i].msg_hdr.msg_name = to;
		headers[i].msg_hdr.msg_namelen = sizeof(*to);
		headers[i].msg_hdr.msg_iov = &parts[i];
		headers[i].msg_hdr.msg_iovlen = 1;
	}
	i = sendmmsg(fd, headers, AT_ONCE, 0);
	return i < 0 && (errno == ENOBUFS || errno == EAGAIN) ? 0 : i;
}

int main(int argc, char *argv[])
{
	struct sockaddr_in to = { .sin_family = AF_INET };
	uint64_t sent = 0;
	double rate, begin, end, ahead;
	int fd, some;

	if (argc != 5 || inet_pton(AF_INET, argv[1], &to.sin_addr) != 1) {
		fprintf(stderr, "usage: flood ADDRESS PORT RATE SECONDS\n");
		return 2;
	}
	to.sin_port = htons((uint16_t)atoi(argv[2]));
	rate = atof(argv[3]);
	if (read_messages(&to)) {
		fprintf(stderr, "flood: too few messages\n");
		return 1;
	}
	fd = socket(AF_INET, SOCK_RAW, IPPROTO_RAW);
	if (fd < 0) {
		perror("flood: socket");
		return 1;
	}
	to.sin_port = 0;
	begin = now();
	end = begin + atof(argv[4]);
	while (now() < end) {
		some = send_some(fd, &to, (size_t)sent);
		if (some < 0) {
			perror("flood: sendmmsg");
			return 1;
		}
		sent += (uint64_t)some;
		if (rate > 0) {
			ahead = begin + (double)sent / rate - now();
			if (ahead > 0)
				usleep((useconds_t)(ahead * 1e6));
		}
	}
	printf("%llu\n", (unsigned long long)sent);
	free(datagrams);
	close(fd);
	return 0;
}
