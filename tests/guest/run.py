#!/usr/bin/env python3
"""Runs the tests that need a kernel on another one: Debian's own, with cgroup v2 alone, in a virtual machine.

The machine is emulated in software, so it needs no /dev/kvm (inside another virtual machine that is often there and broken). It has
no disk and no network card: everything it uses is in its initramfs, `init` runs it, and the serial console tells how it went.
Absent: other architectures than x86_64.

    tests/guest/run.py                          everything
    tests/guest/run.py task network/verdicts    these alone
    tests/guest/run.py --shell                  a shell in the guest; `neargate` and the tests are there
"""

import argparse
import json
import pathlib
import platform
import subprocess
import sys
import time

import initramfs

HERE = pathlib.Path(__file__).resolve().parent
REPOSITORY = HERE.parents[1]
WORK = REPOSITORY / "target/guest"

# Scripts beside this one, that run in the guest with the release binary.
SCRIPTS = ["task", "nested"]
# Test programs by their crate: those that ask something of the kernel.
PROGRAMS = {
    "containers": ["native", "crun", "runc"],
    "network": ["suite", "verdicts"],
    "agent": ["listen", "packets", "uplink"],
}
# Emulated, the runtimes themselves take longer than the time this test gives to a command.
ARGUMENTS = dict.fromkeys(["containers/crun", "containers/runc"], "--skip commands_time_out")
KNOWN = SCRIPTS + [f"{crate}/{name}" for crate, names in PROGRAMS.items() for name in names]

# Longest that the guest may take.
SECONDS = 1200


def unable():
    """Why there can be no guest on this machine; none if there can."""
    if platform.machine() != "x86_64":
        return "the guest is for x86_64 only"
    if not initramfs.package():
        return f"this distribution has no package {initramfs.LATEST}"
    return None


def build(names):
    """Builds test programs; gives them by name, and the other programs that they start."""
    packages = [word for crate in PROGRAMS for word in ("-p", crate)]
    command = ["cargo", "test", "--quiet", "--no-run", "--message-format=json", *packages]
    built = subprocess.run(command, cwd=REPOSITORY, check=True, stdout=subprocess.PIPE, text=True).stdout
    programs, others = {}, []
    for message in map(json.loads, built.splitlines()):
        if message["reason"] != "compiler-artifact" or not message["executable"]:
            continue
        kind = message["target"]["kind"][0]
        name = f"{pathlib.Path(message['manifest_path']).parent.name}/{message['target']['name']}"
        if kind == "test" and name in names:
            programs[name] = message["executable"]
        elif kind == "bin":
            others.append(message["executable"])
    return programs, others


def release():
    """The release binary."""
    found = list(REPOSITORY.glob("target/*/release/neargate"))
    if not found:
        sys.exit("guest: build neargate first: make build")
    return found[0]


def boot(kernel, image, shell=False):
    """Boots the guest until it powers off or its time is over; gives the console's text."""
    # Level 1: what the kernel says of processes it kills would cut the tests' lines in two.
    options = "console=ttyS0 loglevel=1 panic=-1" + (" neargate.shell" if shell else "")
    command = [
        "qemu-system-x86_64", "-M", "q35", "-accel", "tcg,thread=multi", "-cpu", "max", "-smp", "2", "-m", "2G",
        "-nodefaults", "-nic", "none", "-display", "none", "-serial", "stdio", "-no-reboot",
        "-kernel", kernel, "-initrd", image, "-append", options,
    ]  # fmt: skip
    if shell:
        sys.exit(subprocess.run(command).returncode)
    log = WORK / "console.log"
    with open(log, "wb") as out, subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=out, stderr=out) as guest:
        try:
            guest.wait(SECONDS)
        except subprocess.TimeoutExpired:
            print(f"guest: not done after {SECONDS} s", file=sys.stderr)
        finally:
            guest.kill()
    return log.read_text(errors="replace").replace("\r", "")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--shell", action="store_true", help="boot to a shell on this terminal instead")
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"what to run: {', '.join(KNOWN)}")
    arguments = parser.parse_args()
    names = [name for name in KNOWN if name in arguments.names] or KNOWN
    if unknown := set(arguments.names) - set(KNOWN):
        parser.error(f"no such test: {', '.join(sorted(unknown))}")
    if why := unable():
        if not pathlib.Path("/sys/fs/cgroup/cgroup.controllers").exists():
            sys.exit(f"guest: cgroup v2 can't be tested: {why}, and this machine runs v1")
        print(f"guest: skipped: {why}; this machine runs cgroup v2 itself")
        return

    WORK.mkdir(parents=True, exist_ok=True)
    started = time.monotonic()
    kernel, modules = initramfs.kernel(WORK)
    programs, others = build(names)
    commands = {name: f"/guest/{name}" for name in SCRIPTS} | programs
    todo = [f"{name} {commands[name]} {ARGUMENTS.get(name, '')}\n" for name in names]
    image = initramfs.make(WORK, modules, HERE, [*programs.values(), *others], release(), todo)
    booted = time.monotonic()
    text = boot(kernel, image, arguments.shell)

    results = [line for line in text.splitlines() if line.startswith("guest: ")]
    print("\n".join(results))
    print(f"guest: {booted - started:.0f} s to prepare, {time.monotonic() - booted:.0f} s in the guest")
    if not results or results[-1] != "guest: all passed":
        print(text[-8_000:], file=sys.stderr)
        sys.exit(f"guest: failed; the whole console is in {WORK / 'console.log'}")


if __name__ == "__main__":
    main()
