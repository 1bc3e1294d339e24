"""What an idle two-container task costs beyond its own processes."""

import pathlib
import time

from common import Calls, region, run, stop, wait

COUNT = 100


def available():
    with open("/proc/meminfo") as f:
        return next(int(line.split()[1]) for line in f if line.startswith("MemAvailable"))


def shims(here):
    """The summed Pss of the shims, in KiB."""
    total = 0
    for path in pathlib.Path("/proc").glob("[0-9]*"):
        try:
            arguments = (path / "cmdline").read_bytes()
            if str(here.data / "tasks").encode() in arguments:
                total += next(int(line.split()[1]) for line in (path / "smaps_rollup").read_text().splitlines() if line.startswith("Pss:"))
        except OSError:
            continue
    return total


here = region()
calls = Calls(here.port)
stop(calls, run(calls, here))
time.sleep(2)
before = available()
arns = [arn for _ in range(COUNT // 10) for arn in run(calls, here, 10)]
wait(calls, arns, "RUNNING", 0.05)
time.sleep(2)
print(f"{COUNT} idle tasks: {(before - available()) / COUNT / 1024:.2f} MiB each of the machine's memory, containers' own processes included")
print(f"                their shims: {shims(here) / COUNT / 1024:.2f} MiB Pss each (goal: 4 beyond their own processes)")
stop(calls, arns)
