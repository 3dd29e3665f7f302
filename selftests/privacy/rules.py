# SPDX-License-Identifier: GPL-2.0
"""Judges captures and states of a scenario by the model.

Each rule is a method of Judge that calls blame(); a rule that saw nothing to
judge blames as well, so that captures without packets prove nothing.
"""
import collections
import dataclasses
import itertools
import struct

import captures
from evidence import GATEWAY_PORT, Tokens, messages

# Clocks that are read through packets agree no better: packets wait for
# processors.
CLOCK_SLACK = 0.25


@dataclasses.dataclass(frozen=True)
class Violation:
    """A party that learns what it may not; or what should be there and is
    not."""
    rule: str
    party: str
    text: str
    scene: str = ""

    def __str__(self):
        return f"{self.rule}: {self.party}: {self.text}" + \
            (f" (in: {self.scene})" if self.scene else "")


def _name(party):
    return party if isinstance(party, str) else f"link {party[0]}-{party[1]}"


class Judge:
    """All captures and states of a scenario."""

    def __init__(self, scenario, model):
        self.scenario = scenario
        self.model = model
        self.violations = []
        # By gateway and identity, of the initiations to it.
        self.timestamps = collections.defaultdict(list)
        # The client key in an initiation, by gateway and sender's index.
        self.initiators = {}
        self.tokens = Tokens(scenario)
        self.outside = {name: self._read(host, "outside")
                        for name, host in scenario.hosts.items()}
        self.inside = {name: self._read(host, "inside")
                       for name, host in scenario.hosts.items()
                       if host.get("inside")}
        self.on_link = {link: [] for link in scenario.links()}
        self._assign_links()
        self._assign_indices()

    @staticmethod
    def _read(host, kind):
        return captures.read(host[kind]) if host.get(kind) else []

    def blame(self, rule, party, text, packet=None):
        scene = self.scenario.scene_at(packet.time)["name"] if packet else ""
        violation = Violation(rule, _name(party), text, scene)
        if violation not in self.violations:
            self.violations.append(violation)

    def verdict(self):
        """All violations of all rules."""
        for rule in (self.strangers, self.learned, self.state, self.inside_of,
                     self.headers, self.identification, self.lengths,
                     self.indices, self.ports, self.handshakes, self.clocks,
                     self.cookies, self.scenes, self.something_was_seen):
            rule()
        return self.violations

    # Who is speaking with whom

    def _link_of(self, packet):
        """The link that a packet on the real network is on; an ICMP error of a
        router on the way is on that of the packet that it quotes."""
        ends = {self.scenario.host_of(packet.source),
                self.scenario.host_of(packet.destination)}
        for link in self.on_link:
            if ends == set(link):
                return link
        quoted = packet.quoted()
        return self._link_of(quoted) if quoted and None in ends else None

    def _assign_links(self):
        self.stray = []
        for name, packets in self.outside.items():
            for packet in packets:
                if packet.is_link_control():
                    continue
                link = self._link_of(packet)
                if link is None or name not in link:
                    self.stray.append((name, packet))
                elif name == link[0]:
                    # Its other end has captured it as well.
                    self.on_link[link].append(packet)

    def _from_client(self, link, packet):
        """Does it go away from the client?"""
        return self.scenario.host_of(packet.destination) == link[1]

    def messages_on(self, link):
        """Messages between two hosts of the path: packet, message, and whether
        it goes away from the client."""
        for packet in self.on_link[link]:
            if message := self.tokens.message(packet):
                yield packet, message, self._from_client(link, packet)

    def tunnel_links(self):
        return [link for link in self.on_link
                if link[1] != self.scenario.server]

    def strangers(self):
        """Packets between hosts that are not neighbours on the path; and what
        is no message between those that are."""
        for name, packet in self.stray:
            self.blame("stranger", name, f"packet from {packet.source} to "
                       f"{packet.destination}", packet)
        for link in self.tunnel_links():
            for packet in self.on_link[link]:
                if packet.quoted() or packet.is_fragment:
                    continue
                if not self.tokens.message(packet):
                    self.blame("stranger", link, "a packet that is no message, "
                               f"protocol {packet.protocol}, from "
                               f"{packet.source}", packet)

    # What can be read

    def _assign_indices(self):
        """Session numbers belong to the hop on whose link they are seen."""
        for link in self.tunnel_links():
            for packet, message, _ in self.messages_on(link):
                for index in message.indices():
                    owner = self.tokens.by_index.setdefault(
                        index, ("index", (link[1],)))[1][0]
                    if owner != link[1]:
                        self.blame("index", link, f"number {index:08x} of the "
                                   f"session with {owner}", packet)

    def _judge_tokens(self, rule, party, tokens, where, packet=None):
        for thing, owners in sorted(tokens):
            if not any(self.scenario.may_learn(self.model, party, thing, owner)
                       for owner in owners):
                title = self.model.things[thing]["title"].format(
                    host=" or ".join(owners))
                self.blame(rule, party, f"{title}, {where}", packet)

    def learned(self):
        """Things in packets: of links, and of hosts, inside and outside."""
        for link, packets in self.on_link.items():
            for packet in packets:
                self._judge_tokens("learned", link,
                                   self.tokens.in_packet(packet),
                                   f"protocol {packet.protocol}", packet)
        for kind, where in ((self.outside, "on its link"),
                            (self.inside, "decrypted")):
            for name, packets in kind.items():
                for packet in packets:
                    self._judge_tokens("learned", name,
                                       self.tokens.in_packet(packet), where,
                                       packet)

    def state(self):
        """Things in what a host's kernel keeps."""
        for name, host in self.scenario.hosts.items():
            if not host.get("state"):
                continue
            with open(host["state"], encoding="utf-8",
                      errors="replace") as file:
                for line in file:
                    self._judge_tokens("state", name,
                                       self.tokens.in_text(line),
                                       f"in its state: {line.split()[0]}")

    def _via_addresses(self, name):
        return {address for thing, owner, address in self.scenario.addresses()
                if thing == "via-address" and owner == name}

    def inside_of(self):
        """What a gateway gets out of a session from us: messages to the next
        hop, or at the exit packets for the server."""
        for name, packets in self.inside.items():
            ours = self._via_addresses(name)
            is_exit = self.scenario.is_exit(name)
            for packet in packets:
                if packet.destination in ours:
                    continue
                text = f"packet from {packet.source} to {packet.destination}"
                to = self.scenario.host_of(packet.destination)
                if packet.source not in ours:
                    self.blame("inside", name, text + ", no address of its "
                               "client", packet)
                elif to not in self.scenario.neighbours(name):
                    self.blame("inside", name, text + ", not to the next hop",
                               packet)
                elif not is_exit and not packet.is_fragment and (
                        packet.destination_port != GATEWAY_PORT or
                        not self.tokens.message(packet)):
                    self.blame("inside", name, text + ", no message", packet)

    # What headers and lengths tell

    def _judge_header(self, party, packet, kind):
        values = self.model.values[kind]
        found = {"hop-limit": packet.hop_limit, "dscp": packet.dscp,
                 "flow-label": packet.flow_label,
                 "dont-fragment": packet.dont_fragment,
                 "udp-checksum": bool(packet.udp_checksum)
                 if packet.udp_checksum is not None else True}
        for field, value in values.items():
            if found[field] != value:
                self.blame("header", party, f"{field} {found[field]}, not "
                           f"{value}, of a {kind} datagram", packet)

    def headers(self):
        """Of the client's own datagrams, as it sent them; and DSCP beyond."""
        client = self.scenario.client
        for link in self.tunnel_links():
            for packet, _, outward in self.messages_on(link):
                if link[0] == client and outward:
                    self._judge_header(link, packet, "outer")
                elif outward and packet.dscp != \
                        self.model.values["nested"]["dscp"]:
                    self.blame("header", link, f"dscp {packet.dscp}", packet)
        for name, packets in self.nested():
            for packet in packets:
                self._judge_header(name, packet, "nested")

    def nested(self):
        """Gateways that carry, with the nested datagrams that we sent them."""
        for name, packets in self.inside.items():
            if not self.scenario.is_exit(name):
                ours = self._via_addresses(name)
                yield name, [packet for packet in packets
                             if packet.source in ours]

    def identification(self):
        """IPv4 identifications tell no counter of a message, and differ from
        session to session."""
        offsets = collections.defaultdict(set)
        for name, packets in self.nested():
            for packet in packets:
                message = self.tokens.message(packet)
                if packet.version != 4 or not message or \
                        message.counter is None:
                    continue
                offset = packet.identification - message.counter & 0xffff
                offsets[message.receiver].add(offset)
                if not offset:
                    self.blame("identification", name,
                               "the message's counter", packet)
        # Two sessions may have the same by chance; three will not.
        if len(offsets) > 2 and len(set().union(*offsets.values())) == 1:
            self.blame("identification", self.scenario.client, "the same "
                       f"sequence in all of {len(offsets)} sessions")

    def lengths(self):
        """Handshake messages have their size; data is padded, but for what
        fills the path."""
        values = self.model.values["length"]
        sizes = {messages.INITIATION: values["initiation"],
                 messages.RESPONSE: values["response"],
                 messages.COOKIE: values["cookie"]}
        for link in self.tunnel_links():
            largest = collections.Counter()
            odd = []
            for packet, message, outward in self.messages_on(link):
                length = len(message.data)
                if message.kind in sizes:
                    if length != sizes[message.kind]:
                        self.blame("length", link, f"{length} bytes in a "
                                   f"message of type {message.kind}", packet)
                    continue
                # The families of the nested headers change with the scene.
                way = (packet.version, outward,
                       self.scenario.scene_at(packet.time)["name"])
                largest[way] = max(largest[way], length)
                if length < values["data-least"] or \
                        length % values["data-multiple"]:
                    odd.append((packet, length, way))
            for packet, length, way in odd:
                if length != largest[way]:
                    self.blame("length", link, f"{length} bytes of data, which "
                               "are not padded", packet)

    # What numbers and keys tell

    def indices(self):
        """The client's session numbers are random: none twice, none near
        another."""
        ours = {}
        for link in self.tunnel_links():
            for packet, message, outward in self.messages_on(link):
                if outward and message.sender is not None:
                    # A message may be sent again by nobody: each is new.
                    if message.sender in ours:
                        self.blame("index", link, "a session number for the "
                                   "second time", packet)
                    ours[message.sender] = packet
        apart = self.model.values["number"]["index-apart"]
        near = sorted(ours)
        for one, other in zip(near, near[1:]):
            if other - one < apart:
                self.blame("index", self.scenario.client, "session numbers "
                           f"{one:08x} and {other:08x} follow each other")

    def ports(self):
        """Not the same port toward all hops; and toward a nested peer another
        one after a change of carrier or identity."""
        last = {}
        if all(len(set(path["ports"].values())) == 1
               for path in self.scenario.paths):
            self.blame("port", self.scenario.client,
                       "the same port toward all hops")
        for path in self.scenario.paths:
            for before, name in zip(path["hops"], path["hops"][1:]):
                port = path["ports"][name]
                now = (before, path["identities"][name])
                was, was_port = last.get(name, (now, None))
                if now != was and port == was_port:
                    self.blame("port", name, f"port {port} behind {before} as "
                               f"behind {was[0]}, identity " +
                               ("the same" if now[1] == was[1] else "another"))
                last[name] = (now, port)

    def _consume(self, link, packet, message):
        gateway = self.scenario.gateways[link[1]]
        handshake = messages.Handshake(gateway["private_key"])
        try:
            handshake.consume_initiation(message.data)
        except messages.Invalid as error:
            self.blame("handshake", link, f"not for {link[1]}: {error}", packet)
            return None
        return handshake

    def handshakes(self):
        """Each gateway meets its own client key; no ephemeral key comes twice;
        and responses can be recognised by who knows that client key alone."""
        seen = set()
        for link in self.tunnel_links():
            expected = self.scenario.gateways[link[1]]["identities"]
            for packet, message, outward in self.messages_on(link):
                if message.kind == messages.RESPONSE and not outward:
                    self._recognised(link, packet, message)
                if message.kind != messages.INITIATION or not outward:
                    continue
                handshake = self._consume(link, packet, message)
                if not handshake:
                    continue
                if handshake.remote not in expected:
                    self.blame("handshake", link[1], "a client key that is "
                               "not the one toward it", packet)
                if handshake.remote_ephemeral in seen:
                    self.blame("handshake", link, "an ephemeral key for the "
                               "second time", packet)
                seen.add(handshake.remote_ephemeral)
                self.initiators[link[1], message.sender] = handshake.remote
                self.timestamps[link[1], handshake.remote].append(
                    (packet, handshake.timestamp))

    def _recognised(self, link, packet, message):
        for name, gateway in self.scenario.gateways.items():
            is_shown = any(messages.mac1_is_valid(message.data, identity)
                           for identity in gateway["identities"])
            if is_shown != (name == link[1]):
                self.blame("handshake", link, "a response whose mac1 "
                           f"{'shows' if is_shown else 'lacks'} the client's "
                           f"key toward {name}", packet)

    def clocks(self):
        """Timestamps are coarse, and no two gateways, and no gateway of two
        identities, can find that they speak with the same clock."""
        values = self.model.values["clock"]
        ahead = collections.defaultdict(lambda: float("-inf"))
        for seen_by, stamps in self.timestamps.items():
            for packet, stamp in stamps:
                seconds, fraction = struct.unpack("!QI", stamp)
                if fraction % values["step"]:
                    self.blame("clock", seen_by[0], f"{fraction} ns", packet)
                # An initiation may have waited for its carrier's session.
                ahead[seen_by] = max(ahead[seen_by], seconds - (1 << 62) - 10 +
                                     fraction * 1e-9 - packet.time)
        found = sorted((when, name) for (name, _), when in ahead.items())
        for when, name in found:
            if when > values["ahead-at-most"] + CLOCK_SLACK:
                self.blame("clock", name, f"{when:.2f} s ahead")
        for (one, name), (other, other_name) in zip(found, found[1:]):
            if other - one < CLOCK_SLACK:
                self.blame("clock", name, f"{one:.2f} s ahead, as is the clock "
                           f"that {other_name} sees" + (
                               " of another identity" if other_name == name
                               else ""))

    def cookies(self):
        """Initiations show a gateway no cookie but one that it gave to the same
        client key: by another's it could tell that two keys are one client."""
        for name, gateway in self.scenario.gateways.items():
            public = messages.Handshake(gateway["private_key"]).public
            asked, given = {}, []
            for packet, message, outward in self._messages_of(name):
                if outward and message.kind == messages.INITIATION:
                    asked[message.sender] = message.data
                    self._judge_mac2(name, packet, message, given)
                elif message.kind == messages.COOKIE and \
                        message.receiver in asked:
                    given.append((
                        messages.read_cookie(message.data, public,
                                             asked[message.receiver]),
                        self.initiators.get((name, message.receiver))))

    def _messages_of(self, gateway):
        """All messages between gateway and client, in order; those behind it are
        others'."""
        found = [message for link in self.tunnel_links() if link[1] == gateway
                 for message in self.messages_on(link)]
        return sorted(found, key=lambda message: message[0].time)

    def _judge_mac2(self, name, packet, message, given):
        if messages.mac2_of(message.data) == messages.NO_MAC:
            return
        now = self.initiators.get((name, message.sender))
        for cookie, whose in given:
            if messages.mac2_is_valid(message.data, cookie):
                if whose != now:
                    self.blame("cookie", name, "a cookie that it gave to "
                               "another client key", packet)
                return
        self.blame("cookie", name, "a mac2 of no cookie that it gave", packet)

    # What is heard when

    def scenes(self):
        """Silence, or nothing but keepalives, where that is the model."""
        least = self.model.values["length"]["data-least"]
        first = {route[1] for route in self.scenario.routes}
        for link, packets in self.on_link.items():
            for packet in packets:
                kind = self.scenario.scene_at(packet.time)["kind"]
                message = self.tokens.message(packet)
                outward = self._from_client(link, packet)
                if kind == "down" and link[0] == self.scenario.client and \
                        outward and not packet.quoted():
                    self.blame("scene", link, "a packet leaves", packet)
                elif kind == "idle" and link[1] == self.scenario.server:
                    self.blame("scene", link, "a packet where all is idle",
                               packet)
                elif kind == "idle" and self.scenario.is_exit(link[1]) and \
                        message and message.kind == messages.DATA and \
                        len(message.data) != least:
                    self.blame("scene", link, "more than a keepalive", packet)
                elif kind == "moved" and message and link[1] not in first and \
                        message.kind != messages.DATA:
                    self.blame("scene", link, f"a message of type "
                               f"{message.kind} tells that the client moved",
                               packet)

    def something_was_seen(self):
        """What has to be there, or nothing was proven."""
        # Another entry finds sessions with those behind it that last.
        shaken = collections.defaultdict(set)
        for link in self.tunnel_links():
            kinds = {message.kind for _, message, _ in self.messages_on(link)}
            shaken[link[1]] |= kinds
            if messages.DATA not in kinds:
                self.blame("missing", link, "no data")
        for name, kinds in shaken.items():
            if not kinds >= {messages.INITIATION, messages.RESPONSE}:
                self.blame("missing", name, "no handshake")
        payload = self.scenario.payload.encode()
        # Hosts that are on no path here may well be left in peace.
        on_path = set(itertools.chain(*self.scenario.routes))
        for name in on_path & {self.scenario.server, *self.inside}:
            if name in self.inside and not self.inside[name]:
                self.blame("missing", name, "nothing was decrypted")
            if (name == self.scenario.server or self.scenario.is_exit(name)) \
                    and not any(payload in packet.data for packet in
                                self.outside[name]):
                self.blame("missing", name, "no payload")
        for name in on_path:
            stateless = name != self.scenario.client and \
                not self.scenario.hosts[name].get("state")
            if stateless or not self.outside[name]:
                self.blame("missing", name, "no state, or no packets")
