"""A world of the test's own beyond a region: a namespace that plays the host's network, and one behind it with whoever is on the internet.

No packet of it leaves the machine. The test's thread moves into the first, so that a region started there takes it for the host's.
"""

import ctypes
import http.server
import json
import os
import pathlib
import re
import socket
import ssl
import subprocess
import threading

from registry import OCI_CONFIG, OCI_LAYER, OCI_MANIFEST, descriptor, digest

# Somebody on the internet, the host, and the neighbour by whom it gets there.
SERVER, HOST, NEIGHBOUR = "198.51.100.7", "192.168.77.1", "192.168.77.2"
CLONE_NEWNET = 0x40000000
libc = ctypes.CDLL(None, use_errno=True)


def enter(path):
    """Moves the calling thread into a network namespace."""
    namespace = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        if libc.setns(namespace, CLONE_NEWNET) != 0:
            raise OSError(ctypes.get_errno(), f"entering {path}")
    finally:
        os.close(namespace)


def ip(*arguments):
    subprocess.run(["ip", *arguments], check=True)


class Outside:
    """Somewhere for a region to be, until `close`."""

    def __init__(self, directory):
        self.directory, self.name = pathlib.Path(directory), f"o{os.getpid():x}"
        self.host, self.far = f"{self.name}host", f"{self.name}far"
        self.home = os.open("/proc/thread-self/ns/net", os.O_RDONLY | os.O_CLOEXEC)
        for end in (self.host, self.far):
            ip("netns", "add", end)
            ip("-n", end, "link", "set", "lo", "up")
        ip("-n", self.host, "link", "add", "eth0", "type", "veth", "peer", "name", "eth0", "netns", self.far)
        for end, address in ((self.host, HOST), (self.far, NEIGHBOUR)):
            ip("-n", end, "address", "add", f"{address}/24", "dev", "eth0")
            ip("-n", end, "link", "set", "eth0", "up")
        ip("-n", self.host, "route", "add", "default", "via", NEIGHBOUR)
        ip("-n", self.far, "address", "add", f"{SERVER}/32", "dev", "lo")
        enter(f"/run/netns/{self.host}")

    def close(self):
        libc.setns(self.home, CLONE_NEWNET)
        os.close(self.home)
        for end in (self.host, self.far):
            ip("netns", "delete", end)

    def socket(self, namespace, kind, address):
        """A socket in one of the namespaces, bound; it listens if it is of TCP."""
        made = []

        def make():
            enter(f"/run/netns/{namespace}")
            at = socket.socket(socket.AF_INET, kind)
            at.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            at.bind(address)
            if kind == socket.SOCK_STREAM:
                at.listen()
            made.append(at)

        thread = threading.Thread(target=make)
        thread.start()
        thread.join()
        return made[0]

    def echo(self, namespace, address, port):
        """Answers connections with who they come from."""
        at = self.socket(namespace, socket.SOCK_STREAM, (address, port))

        def run():
            while True:
                stream, peer = at.accept()
                stream.sendall(peer[0].encode())
                stream.close()

        threading.Thread(target=run, daemon=True).start()

    def names(self):
        """A DNS server at the address of the host's first resolver: every name is the server's."""
        nameservers = re.findall(r"^nameserver\s+(\d+(?:\.\d+){3})\s*$", pathlib.Path("/etc/resolv.conf").read_text(), re.M)
        address = (nameservers or ["127.0.0.1"])[0]
        there = self.host if address.startswith("127.") else self.far
        if there == self.far:
            ip("-n", there, "address", "add", f"{address}/32", "dev", "lo")
        at = self.socket(there, socket.SOCK_DGRAM, (address, 53))

        def run():
            while True:
                question, peer = at.recvfrom(1500)
                end = question.index(b"\0", 12) + 5
                is_address = question[end - 4 : end] == b"\0\1\0\1"
                record = b"\xc0\x0c\0\1\0\1\0\0\0\x3c\0\4" + socket.inet_aton(SERVER)
                head = question[:2] + b"\x81\x80\0\1" + (b"\0\1" if is_address else b"\0\0") + b"\0\0\0\0"
                at.sendto(head + question[12:end] + (record if is_address else b""), peer)

        threading.Thread(target=run, daemon=True).start()

    def registry(self, name, repository, config, layer):
        """A registry with one image, certified by an authority whose certificate is returned: everything under `latest`."""
        authority, certificate = self.certificates(name)
        manifest = {
            "schemaVersion": 2,
            "mediaType": OCI_MANIFEST,
            "config": descriptor(config, OCI_CONFIG),
            "layers": [descriptor(layer, OCI_LAYER)],
        }
        manifest = json.dumps(manifest).encode()
        found = {f"/v2/{repository}/manifests/{known}": (OCI_MANIFEST, manifest) for known in ("latest", digest(manifest))}
        found |= {f"/v2/{repository}/blobs/{digest(blob)}": ("application/octet-stream", blob) for blob in (config, layer)}

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):
                kind, body = found.get(self.path, ("text/plain", b""))
                self.send_response(200 if self.path in found else 404)
                for field, value in (("Content-Type", kind), ("Content-Length", len(body)), ("Docker-Content-Digest", digest(body))):
                    self.send_header(field, str(value))
                self.end_headers()
                if self.command == "GET":
                    self.wfile.write(body)

            do_HEAD = do_GET

            def log_message(self, *_):
                pass

        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
        server = http.server.ThreadingHTTPServer((SERVER, 443), Handler, bind_and_activate=False)
        server.socket.close()
        server.socket = context.wrap_socket(self.socket(self.far, socket.SOCK_STREAM, (SERVER, 443)), server_side=True)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        return authority

    def certificates(self, name):
        """An authority's certificate, and a file with one for a name and its key."""
        at = lambda file: str(self.directory / file)
        request = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"]
        ca = [*request, "-subj", "/CN=authority", "-keyout", at("ca.key"), "-out", at("ca.pem")]
        leaf = [*request, "-subj", f"/CN={name}", "-keyout", at("leaf.key"), "-out", at("leaf.crt"), "-CA", at("ca.pem"), "-CAkey", at("ca.key")]
        leaf += ["-addext", f"subjectAltName=DNS:{name}", "-addext", "basicConstraints=critical,CA:FALSE"]
        for command in (ca, leaf):
            subprocess.run(command, check=True, capture_output=True)
        both = pathlib.Path(at("leaf.crt")).read_text() + pathlib.Path(at("leaf.key")).read_text()
        pathlib.Path(at("leaf.pem")).write_text(both)
        return at("ca.pem"), at("leaf.pem")
