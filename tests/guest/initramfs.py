"""What the guest boots: Debian's kernel for virtual machines, and a file system in memory with what the tests use."""

import functools
import pathlib
import re
import shutil
import subprocess
import sys

LATEST = "linux-image-cloud-amd64"

# Programs that tests start, or break things with. Their libraries come along.
TOOLS = ["crun", "ip", "nft", "runc", "unshare"]
# Modules that the kernel loads by itself when something asks for them, as on any host; with all they need.
MODULES = re.compile(r"/(overlay|veth|nf_tables|nft_\w+|nf_conntrack\w*|nf_nat|sch_tbf|tun|crc32c\w*)\.ko$")


@functools.cache
def package():
    """The package of the newest kernel; none where there is none."""
    shown = subprocess.run(["apt-cache", "depends", LATEST], capture_output=True, text=True).stdout
    found = re.search(r"Depends: (linux-image-\S+)", shown)
    return found and found[1]


def kernel(work):
    """The kernel and the directory of its modules. The package is unpacked, never installed: this machine keeps its own."""
    place = work / package()
    if not (place / "ready").exists():
        shutil.rmtree(place, ignore_errors=True)
        place.mkdir()
        # The sandbox's user may not write here.
        command = ["apt-get", "download", "-qq", "-o", "APT::Sandbox::User=root", package()]
        if subprocess.run(command, cwd=place).returncode != 0:
            sys.exit(f"guest: {package()} can't be downloaded; if there is a newer one: apt-get update")
        subprocess.run(["dpkg-deb", "-x", next(place.glob("*.deb")), place], check=True)
        version = next((place / "lib/modules").iterdir()).name
        subprocess.run(["busybox", "depmod", "-b", place, version], check=True)
        (place / "ready").touch()
    return next((place / "boot").glob("vmlinuz-*")), next((place / "lib/modules").iterdir())


def make(work, modules, scripts, programs, neargate, todo):
    """Writes the initramfs. Test programs know from when they were built where they and their files are, so that is kept."""
    root = work / "root"
    shutil.rmtree(root, ignore_errors=True)
    for name in ["bin", "dev", "etc", "guest", "mnt", "proc", "root", "run", "sbin", "sys", "tmp", "usr/sbin", "var/lib"]:
        (root / name).mkdir(parents=True)
    put(root, "/bin/busybox")
    (root / "sbin/modprobe").symlink_to("/bin/busybox")
    (root / "init").symlink_to("/guest/init")
    for name in TOOLS:
        put_with_libraries(root, name)
    put_modules(root, modules)
    for path in programs:
        put(root, path, strip=True)
        # target/HOST/debug/deps/PROGRAM, or without deps; CARGO_TARGET_TMPDIR is target/HOST/tmp.
        debug = next(parent for parent in pathlib.Path(path).parents if parent.name == "debug")
        (root / str(debug.parent / "tmp").lstrip("/")).mkdir(parents=True, exist_ok=True)
    put(root, neargate, "usr/sbin/neargate")
    for script in scripts.iterdir():
        if script.is_file() and not script.suffix:
            put(root, script, f"guest/{script.name}")
    (root / "guest/todo").write_text("".join(todo))
    image = work / "initramfs"
    with open(image, "wb") as out:
        command = "find . -mindepth 1 -print0 | cpio --null --create --format=newc --owner=0:0 --quiet"
        subprocess.run(["sh", "-c", command], cwd=root, stdout=out, check=True)
    return image


def put(root, path, to=None, strip=False):
    """Copies a file to the same path, or another."""
    target = root / (to or str(path).lstrip("/"))
    target.parent.mkdir(parents=True, exist_ok=True)
    if strip:
        subprocess.run(["strip", "--strip-debug", "-o", target, path], check=True)
    else:
        shutil.copy(path, target)


def put_with_libraries(root, name):
    """Copies a program of this machine's."""
    path = shutil.which(name, path="/usr/sbin:/usr/bin:/sbin:/bin")
    if not path:
        sys.exit(f"guest: install {name}: tests in the guest start it")
    put(root, path)
    libraries = subprocess.run(["ldd", path], stdout=subprocess.PIPE, text=True, check=True).stdout
    for library in re.findall(r"(/\S+) \(0x", libraries):
        put(root, library)


def put_modules(root, modules):
    """Copies modules and what tells how they depend on each other."""
    lines = (modules / "modules.dep").read_text().splitlines()
    needs = {name: rest.split() for name, rest in (line.split(":") for line in lines)}
    wanted = {name for name in needs if MODULES.search(name)}
    files = wanted | {need for name in wanted for need in needs[name]}
    files |= {file.name for file in modules.glob("modules.*")}
    for file in files:
        put(root, modules / file, f"lib/modules/{modules.name}/{file}")
