"""Private registries for tests, on the region's internet: hosts with certificates of the region's authority, which answer as the test says.

    private = Private(networks, tmp_path)
    image = Image([images.busybox()])
    private.serve(image.answers(), login="user:password")
    … container(image=private.name) …
"""

import base64
import gzip
import io
import json
import subprocess
import tarfile

import images
from machine import INTERNET
from registry import OCI_CONFIG, OCI_LAYER, OCI_MANIFEST, descriptor, digest

REPOSITORY = "team/app"
TAG = "1"
# Where the image's manifest is.
MANIFEST = f"/v2/{REPOSITORY}/manifests/{TAG}"


class Image:
    """An image of layers, which may be other bytes than their diff IDs say."""

    def __init__(self, layers, diff_ids=None, config=None):
        self.layers, self.diff_ids = layers, diff_ids or [digest(layer) for layer in layers]
        rootfs = {"type": "layers", "diff_ids": self.diff_ids}
        body = {"architecture": images.ARCHITECTURE, "os": "linux", "config": config or {"Env": ["PATH=/bin"]}, "rootfs": rootfs}
        self.config = json.dumps(body).encode()
        described = [descriptor(layer, OCI_LAYER) for layer in layers]
        manifest = {"schemaVersion": 2, "mediaType": OCI_MANIFEST, "config": descriptor(self.config, OCI_CONFIG), "layers": described}
        self.manifest = json.dumps(manifest).encode()

    def answers(self):
        """What a registry that has it answers, by path."""
        kind = {"Content-Type": OCI_MANIFEST, "Docker-Content-Digest": digest(self.manifest)}
        found = {MANIFEST: {"headers": kind, "body": encoded(self.manifest)}}
        found[f"/v2/{REPOSITORY}/manifests/{digest(self.manifest)}"] = found[MANIFEST]
        for blob in (self.config, *self.layers):
            found[self.blob(blob)] = {"body": encoded(blob)}
        return found

    def blob(self, content):
        return f"/v2/{REPOSITORY}/blobs/{digest(content)}"


def encoded(content):
    return base64.b64encode(content).decode()


class Private:
    """A host on the internet that is a registry, or several at different ports."""

    def __init__(self, networks, directory):
        self.machine, self.directory, self.data = networks.internet(), directory, networks.region.data
        self.certificate = self.certify()

    def certify(self):
        """A key and a certificate of the host's address, by the region's authority."""
        at = lambda name: str(self.directory / name)
        (self.directory / "extensions").write_text(f"subjectAltName=IP:{INTERNET}\nextendedKeyUsage=serverAuth\n")
        request = ["openssl", "req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-subj", "/CN=private"]
        run(*request, "-keyout", at("key"), "-out", at("request"))
        authority = ["-CA", self.data / "ca.pem", "-CAkey", self.data / "ca.key", "-set_serial", "1", "-days", "2"]
        run("openssl", "x509", "-req", "-in", at("request"), *authority, "-extfile", at("extensions"), "-out", at("certificate"))
        both = self.directory / "both.pem"
        both.write_bytes((self.directory / "key").read_bytes() + (self.directory / "certificate").read_bytes())
        return str(both)

    def serve(self, answers, port=5000, **options):
        self.machine.registry(port, self.certificate, answers, **options)
        return self

    @property
    def name(self):
        """The image's name."""
        return f"{INTERNET}:5000/{REPOSITORY}:{TAG}"

    def url(self, path, port=5000):
        return f"https://{INTERNET}:{port}{path}"

    def asked(self):
        """What was asked for: port, method, path, authorization."""
        return [tuple(one) for one in self.machine.asked()]


def run(*command):
    subprocess.run([str(word) for word in command], check=True, capture_output=True, timeout=60)


def bomb(unpacked):
    """Little that unpacks to much: a file of zeros."""
    info = tarfile.TarInfo("zeros")
    info.size = unpacked
    packed, blank = io.BytesIO(), bytes(1 << 20)
    with gzip.GzipFile(fileobj=packed, mode="wb", mtime=0) as out:
        out.write(info.tobuf())
        for _ in range(unpacked >> 20):
            out.write(blank)
    return packed.getvalue()


def tar(*entries):
    """A layer of entries that no program would write: (name, options of TarInfo, content)."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        for name, options, content in entries:
            info = tarfile.TarInfo(name)
            info.size = len(content)
            for option, value in options.items():
                setattr(info, option, value)
            archive.addfile(info, io.BytesIO(content))
    return out.getvalue()
