#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""web-server.py PORT TEXT: serve a page with TEXT and the address that asked
for it, over IPv4 and IPv6."""
import http.server
import socket
import sys


class Page(http.server.BaseHTTPRequestHandler):
    def do_GET(self):  # pylint: disable=invalid-name
        asker = self.client_address[0].removeprefix("::ffff:")
        # Long enough for several full packets.
        page = f"{sys.argv[2]}\nasked by {asker}\n".encode() + b"." * 20000
        self.send_response(200)
        self.send_header("Content-Type", "text/plain")
        self.send_header("Content-Length", str(len(page)))
        self.end_headers()
        self.wfile.write(page)


class Server(http.server.ThreadingHTTPServer):
    address_family = socket.AF_INET6

    def server_bind(self):
        self.socket.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        super().server_bind()


Server(("::", int(sys.argv[1])), Page).serve_forever()
