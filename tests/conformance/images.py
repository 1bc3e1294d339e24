"""Small images for tests: Debian's static busybox and whatever files a test adds, as `docker save` would write them."""

import gzip
import hashlib
import io
import json
import platform
import tarfile

ARCHITECTURE = {"x86_64": "amd64", "aarch64": "arm64"}[platform.machine()]
APPLETS = "sh cat echo sleep true false ls id env test wget httpd nc ping ip mkdir touch rm dd head ps kill hostname mount stat yes grep wc tty chown df".split()


def layer(files, links=()):
    """A tar of files ({path: bytes or (bytes, mode)}) and symbolic links ((path, target))."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as tar:
        for directory in ("bin", "tmp", "etc", "var", "root", "www"):
            info = tarfile.TarInfo(directory)
            info.type, info.mode = tarfile.DIRTYPE, 0o1777 if directory == "tmp" else 0o755
            tar.addfile(info)
        for path, content in files.items():
            data, mode = content if isinstance(content, tuple) else (content, 0o644)
            info = tarfile.TarInfo(path.lstrip("/"))
            info.size, info.mode = len(data), mode
            tar.addfile(info, io.BytesIO(data))
        for path, target in links:
            info = tarfile.TarInfo(path.lstrip("/"))
            info.type, info.linkname = tarfile.SYMTYPE, target
            tar.addfile(info)
    return out.getvalue()


def busybox(files=None):
    """The layer most tests use."""
    with open("/bin/busybox", "rb") as f:
        program = f.read()
    everything = {
        "/bin/busybox": (program, 0o755),
        "/etc/passwd": b"root:x:0:0:root:/root:/bin/sh\napp:x:1000:1000::/tmp:/bin/sh\n",
        "/etc/group": b"root:x:0:\napp:x:1000:\nextra:x:2000:app\n",
        **(files or {}),
    }
    return layer(everything, [(f"/bin/{a}", "busybox") for a in APPLETS])


def save(path, name, layers, config=None, architecture=ARCHITECTURE):
    """Writes a docker archive of one image."""
    diff_ids = ["sha256:" + hashlib.sha256(data).hexdigest() for data in layers]
    body = json.dumps(
        {
            "architecture": architecture,
            "os": "linux",
            "config": config or {},
            "rootfs": {"type": "layers", "diff_ids": diff_ids},
        }
    ).encode()
    digest = hashlib.sha256(body).hexdigest()
    with tarfile.open(path, "w") as tar:

        def add(member, data):
            info = tarfile.TarInfo(member)
            info.size = len(data)
            tar.addfile(info, io.BytesIO(data))

        add(f"{digest}.json", body)
        for index, data in enumerate(layers):
            add(f"{index}/layer.tar", data)
        manifest = [{"Config": f"{digest}.json", "RepoTags": [name], "Layers": [f"{i}/layer.tar" for i in range(len(layers))]}]
        add("manifest.json", json.dumps(manifest).encode())


def save_oci(path, name, layers, config=None, architecture=ARCHITECTURE):
    """Writes an OCI image layout of an index with one image, its layers compressed, as `docker buildx` would."""
    members = {"oci-layout": b'{"imageLayoutVersion":"1.0.0"}'}

    def blob(data, kind, **more):
        digest = hashlib.sha256(data).hexdigest()
        members[f"blobs/sha256/{digest}"] = data
        return {"mediaType": f"application/vnd.oci.image.{kind}", "digest": f"sha256:{digest}", "size": len(data), **more}

    platform_ = {"architecture": architecture, "os": "linux"}
    diff_ids = ["sha256:" + hashlib.sha256(data).hexdigest() for data in layers]
    body = {**platform_, "config": config or {}, "rootfs": {"type": "layers", "diff_ids": diff_ids}}
    described = {
        "schemaVersion": 2,
        "config": blob(json.dumps(body).encode(), "config.v1+json"),
        "layers": [blob(gzip.compress(data, mtime=0), "layer.v1.tar+gzip") for data in layers],
    }
    manifest = blob(json.dumps(described).encode(), "manifest.v1+json", platform=platform_)
    index = blob(json.dumps({"schemaVersion": 2, "manifests": [manifest]}).encode(), "index.v1+json")
    index["annotations"] = {"org.opencontainers.image.ref.name": name, "io.containerd.image.name": name}
    members["index.json"] = json.dumps({"schemaVersion": 2, "manifests": [index]}).encode()
    with tarfile.open(path, "w") as tar:
        for member, data in members.items():
            info = tarfile.TarInfo(member)
            info.size = len(data)
            tar.addfile(info, io.BytesIO(data))


def gzipped(path):
    """The same archive compressed as a whole, as `docker save | gzip` makes it."""
    with open(path, "rb") as f, gzip.open(f"{path}.gz", "wb") as out:
        out.write(f.read())
    return f"{path}.gz"
