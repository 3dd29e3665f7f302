# SPDX-License-Identifier: GPL-2.0
"""What was run: hosts, paths, keys and scenes, from a description in JSON.

{"client": NAME, "server": NAME, "payload": TEXT,
 "hosts": {NAME: {"addresses": [...], "outside": CAPTURE, "inside": CAPTURE,
                  "state": FILE}},          gateways alone have an inside
 "gateways": {NAME: {"private_key": BASE64,
                     "via_addresses": [...] of the client}},
 "paths": [{"from": TIME, "hops": [NAME...], "ports": {NAME: PORT},
            "identities": {NAME: BASE64 public key of the client}}],
 "scenes": [{"name": TEXT, "from": TIME, "kind": KIND}]}

Kinds of scene: "active"; "idle", when nothing but keepalives is sent; "moved",
when no gateway behind the first may notice anything; "down", when nothing leaves
the client. TIME is in seconds since 1970.
"""
import base64
import ipaddress
import json
import os

KINDS = ("active", "idle", "moved", "down")


class Scenario:
    """The description, with questions that are asked of it."""

    def __init__(self, path):
        with open(path, encoding="utf-8") as file:
            told = json.load(file)
        self.client, self.server = told["client"], told["server"]
        self.payload = told["payload"]
        self.hosts, self.gateways = told["hosts"], told["gateways"]
        self.paths, self.scenes = told["paths"], told["scenes"]
        folder = os.path.dirname(path)
        for host in self.hosts.values():
            for kind in ("outside", "inside", "state"):
                if host.get(kind):
                    host[kind] = os.path.join(folder, host[kind])
        for name, gateway in self.gateways.items():
            gateway["private_key"] = base64.b64decode(gateway["private_key"])
            gateway["identities"] = {base64.b64decode(path["identities"][name])
                                     for path in self.paths
                                     if name in path["hops"]}
        for scene in self.scenes:
            if scene["kind"] not in KINDS:
                raise ValueError(f"scene {scene['name']}: kind {scene['kind']}")
        self.routes = [[self.client, *path["hops"], self.server]
                       for path in self.paths]
        self._host_of = {address: name for name, host in self.hosts.items()
                         for address in map(_canonical, host["addresses"])}

    def host_of(self, address):
        """Name of the host with this address on the real network."""
        return self._host_of.get(address)

    def scene_at(self, time):
        found = {"name": "before all", "kind": "active"}
        for scene in self.scenes:
            if scene["from"] <= time:
                found = scene
        return found

    def neighbours(self, name):
        return {one if name == other else other
                for one, other in self.links() if name in (one, other)}

    def links(self):
        """Each link as names, nearer to the client first."""
        return list(dict.fromkeys(pair for route in self.routes
                                  for pair in zip(route, route[1:])))

    def is_exit(self, name):
        return any(route[-2] == name for route in self.routes)

    def may_learn(self, model, party, thing, owner):
        """By any of the paths.  A party is a host's name or a link."""
        for route in self.routes:
            if owner not in route:
                continue
            number = route.index(owner)
            if isinstance(party, tuple):
                places = [("link", i) for i, pair in
                          enumerate(zip(route, route[1:])) if pair == party]
            else:
                places = [("host", i) for i, name in enumerate(route)
                          if name == party]
            if any(model.may_learn(place, thing, number) for place in places):
                return True
        return False

    def addresses(self):
        """Yield thing, owner and text of each address."""
        for name, host in self.hosts.items():
            for address in host["addresses"]:
                yield "address", name, _canonical(address)
        for name, gateway in self.gateways.items():
            for address in gateway["via_addresses"]:
                yield "via-address", name, _canonical(address)


def _canonical(address):
    return str(ipaddress.ip_address(address))
