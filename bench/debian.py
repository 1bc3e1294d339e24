"""Pieces of Debian for benchmarks, by `apt-get download` and `dpkg-deb`: nothing is installed. An image of a hundred megabytes, and programs to compare with."""

import hashlib
import json
import pathlib
import subprocess

from images import ARCHITECTURE

# What images that are based on Debian have in them, in layers as a Dockerfile of theirs makes them.
LAYERS = [
    "apt base-files bash coreutils debconf dpkg findutils grep gzip libacl1 libapt-pkg6.0 libc6 libgnutls30 libselinux1 libssl3 libstdc++6 "
    "libsystemd0 libtinfo6 login ncurses-base ncurses-bin passwd perl-base sed tar tzdata util-linux",
    "libpython3.11-minimal libpython3.11-stdlib python3.11-minimal libicu72",
    "cpp-12 libc6-dev libgcc-12-dev binutils-common",
    "git libperl5.36 perl-modules-5.36",
]


def fetch(packages, directory):
    """Unpacks packages of Debian into a directory."""
    directory = pathlib.Path(directory)
    archives = directory.with_name(directory.name + ".debs")
    archives.mkdir()
    subprocess.run(["apt-get", "download", "-qq", "-o", "APT::Sandbox::User=root", *packages], cwd=archives, check=True)
    directory.mkdir()
    for archive in sorted(archives.iterdir()):
        subprocess.run(["dpkg-deb", "-x", archive, directory], check=True)
    return directory


def image(directory, command):
    """Makes an OCI image layout of an image based on Debian; returns its path and how many bytes are pulled for it."""
    layout = pathlib.Path(directory) / "layout"
    blobs = layout / "blobs/sha256"
    blobs.mkdir(parents=True)

    def blob(content, kind):
        digest = hashlib.sha256(content).hexdigest()
        (blobs / digest).write_bytes(content)
        return {"mediaType": f"application/vnd.oci.image.{kind}", "digest": f"sha256:{digest}", "size": len(content)}

    layers, diff_ids = [], []
    for number, packages in enumerate(LAYERS):
        tree = fetch(packages.split(), pathlib.Path(directory) / f"layer{number}")
        tar = subprocess.run(["tar", "-C", tree, "--sort=name", "-c", "."], stdout=subprocess.PIPE, check=True).stdout
        diff_ids.append("sha256:" + hashlib.sha256(tar).hexdigest())
        # The level that `docker build` compresses at.
        packed = subprocess.run(["gzip", "-6n"], input=tar, stdout=subprocess.PIPE, check=True).stdout
        layers.append(blob(packed, "layer.v1.tar+gzip"))
    platform = {"architecture": ARCHITECTURE, "os": "linux"}
    config = {**platform, "config": {"Cmd": command}, "rootfs": {"type": "layers", "diff_ids": diff_ids}}
    manifest = {"schemaVersion": 2, "mediaType": "application/vnd.oci.image.manifest.v1+json"}
    manifest |= {"config": blob(json.dumps(config).encode(), "config.v1+json"), "layers": layers}
    described = blob(json.dumps(manifest).encode(), "manifest.v1+json")
    described["annotations"] = {"org.opencontainers.image.ref.name": "latest"}
    (layout / "index.json").write_text(json.dumps({"schemaVersion": 2, "manifests": [described]}))
    (layout / "oci-layout").write_text('{"imageLayoutVersion":"1.0.0"}')
    return layout, sum(one["size"] for one in layers)
