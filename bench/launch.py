"""RunTask to the first instruction of both containers of a task, images present; beside bare `crun run` (and `docker run`, where there is one)."""

import json
import pathlib
import shutil
import subprocess
import tempfile
import time

from common import Calls, figures, region, run, stop, wait


def tasks(runtime, runs=50):
    here = region("--runtime", runtime)
    calls = Calls(here.port)
    stop(calls, run(calls, here))
    called, first, running = [], [], []
    for _ in range(runs):
        begun, clock = time.monotonic(), time.time()
        arns = run(calls, here)
        called.append((time.monotonic() - begun) * 1000)
        running.append((wait(calls, arns, "RUNNING") - begun) * 1000)
        volume = here.data / "tasks" / arns[0].rsplit("/", 1)[1]
        # A container runs once it is executed, which is a moment before its first instruction.
        while len(stamps := [p.stat().st_mtime for name in "ab" for p in volume.rglob(f"v-v/{name}")]) < 2:
            assert time.monotonic() < begun + 10, list(volume.rglob("*"))
            time.sleep(0.001)
        # The files' times come from the kernel's coarse clock: up to a tick (1 to 4 ms) early.
        first.append((max(stamps) - clock) * 1000)
        stop(calls, arns)
    figures(f"{runtime}: RunTask answered (API, journal)", called)
    figures(f"{runtime}: both containers' first action done", first, goal="(goal p50 40, p95 90)")
    figures(f"{runtime}: seen RUNNING by DescribeTasks", running)
    here.down()


def crun(runs=20):
    with tempfile.TemporaryDirectory(prefix="neargate-bench-") as directory:
        bundle = pathlib.Path(directory)
        (bundle / "rootfs/bin").mkdir(parents=True)
        shutil.copy("/bin/busybox", bundle / "rootfs/bin/true")
        subprocess.run(["crun", "spec", "-b", bundle], check=True)
        config = json.loads((bundle / "config.json").read_text())
        config["process"].update(terminal=False, args=["/bin/true"])
        (bundle / "config.json").write_text(json.dumps(config))
        took = []
        for n in range(runs):
            begun = time.monotonic()
            # crun refuses hosts with both cgroup versions, so it does not get to see the second one.
            hide = f"umount /sys/fs/cgroup/unified 2>/dev/null; exec crun run -b {bundle} bench-{n}"
            subprocess.run(["unshare", "-m", "sh", "-c", hide], check=True)
            took.append((time.monotonic() - begun) * 1000)
    figures("crun run, one container, no network, no seccomp", took)


def docker(runs=10):
    if subprocess.run(["docker", "info"], capture_output=True).returncode:
        print("docker run: no engine on this machine")
        return
    took = []
    for _ in range(runs):
        begun = time.monotonic()
        subprocess.run(["docker", "run", "--rm", "busybox", "true"], check=True)
        took.append((time.monotonic() - begun) * 1000)
    figures("docker run, one container", took)


tasks("native")
tasks("crun", 20)
crun()
if shutil.which("docker"):
    docker()
