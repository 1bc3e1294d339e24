"""`neargate up` on an empty data directory, to the first answer of the API; idle memory; the binary's size."""

import os
import pathlib
import subprocess
import tempfile
import time

from common import BINARY, Calls, figures
from region import Region

took = []
for _ in range(10):
    with tempfile.TemporaryDirectory(prefix="neargate-bench-") as directory:
        region = Region(pathlib.Path(BINARY).resolve(), directory)
        command = [region.binary, "up", "--listen", f"127.0.0.1:{region.port}", "--data-dir", region.data]
        begun = time.monotonic()
        region.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        while True:
            try:
                Calls(region.port).ec2("DescribeVpcs")
                break
            except OSError:
                time.sleep(0.001)
        took.append((time.monotonic() - begun) * 1000)
        assert "ready" in region.process.stdout.readline()
        time.sleep(1)
        with open(f"/proc/{region.process.pid}/smaps_rollup") as f:
            memory = {line.split(":")[0]: int(line.split()[1]) for line in f if "kB" in line}
        region.down()
figures("up, empty data directory, to first answer", took, goal="(goal 100)")
print(f"idle memory of the process: Rss {memory['Rss'] / 1024:.1f} MiB, Pss {memory['Pss'] / 1024:.1f} MiB (goal 30)")
print(f"binary: {os.path.getsize(BINARY) / 1e6:.1f} MB (goal 40)")
