"""Log events through the whole program: lines taken in from a host to the disk, and found again with filter-log-events."""

import http.client
import json
import pathlib
import socket
import statistics
import subprocess
import sys
import tempfile
import time

from common import region

LINES = int(sys.argv[2]) if len(sys.argv) > 2 else 10_000_000
BATCH = 4000
STREAMS = 8
NEEDLE = "needle0123456789"
REPEATS = 5


class Socket(http.client.HTTPConnection):
    """HTTP over the region's unix socket, as hosts speak it."""

    def __init__(self, path):
        super().__init__("localhost")
        self.path = str(path)

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.connect(self.path)

    def post(self, path, body, headers=None):
        self.request("POST", path, body, headers or {})
        answer = self.getresponse()
        said = answer.read()
        assert answer.status == 200, said
        return said


def lines(batch):
    """Lines of a service's log. There are a thousand different batches; what repeats is too far apart to compress."""
    for n in range(batch % 1000 * BATCH, (batch % 1000 + 1) * BATCH):
        noise = (n * 6364136223846793005 + 1442695040888963407) % (1 << 64) >> 16
        minute, second = n // 60000 % 60, n // 1000 % 60
        yield f"2026-01-31T12:{minute:02}:{second:02}.{n % 1000:03}Z INFO request id={noise:012x} GET /api/v1/items/{noise % 100000} status=200 took={noise % 977}ms"


def processor(pid):
    """Seconds of processor time a process has taken."""
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / 100


def median(command):
    times = []
    for _ in range(REPEATS):
        begin = time.monotonic()
        subprocess.run(command, stdout=subprocess.DEVNULL, check=True, env={"LC_ALL": "C", "PATH": "/usr/bin:/bin"})
        times.append(time.monotonic() - begin)
    return statistics.median(times)


here = region()
pid = here.process.pid
client = Socket(here.data / "neargate.sock")
scratch = tempfile.TemporaryDirectory(prefix="neargate-bench-")
plain = pathlib.Path(scratch.name) / "lines"
now = int(time.time() * 1000)
wall, used = 0.0, processor(pid)
with plain.open("w") as out:
    for batch in range(LINES // BATCH):
        texts = list(lines(batch))
        if batch == LINES // BATCH // 2:
            texts[0] = f"ERROR {NEEDLE} in haystack"
        out.writelines(text + "\n" for text in texts)
        stream, first = batch % STREAMS, batch // STREAMS * BATCH
        sent = [{"at": now - 3_600_000 + batch, "message": text} for text in texts]
        body = json.dumps({"group": "/bench", "stream": f"s{stream}", "create_group": True, "first": first, "lines": sent})
        begin = time.monotonic()
        client.post("/_neargate/logs", body)
        wall += time.monotonic() - begin
used = processor(pid) - used
print(f"taking in {LINES:,} lines of {plain.stat().st_size >> 20} MB, each {BATCH} synced: {LINES / wall:,.0f} lines/s, {LINES / used:,.0f} a second of one core (goal: 100,000)")

headers = {"Content-Type": "application/x-amz-json-1.1", "X-Amz-Target": "Logs_20140328.FilterLogEvents"}
times = []
for _ in range(REPEATS):
    request, found, begin = {"logGroupName": "/bench", "filterPattern": NEEDLE}, 0, time.monotonic()
    while True:
        answer = json.loads(client.post("/", json.dumps(request), headers))
        found += len(answer["events"])
        if "nextToken" not in answer:
            break
        request["nextToken"] = answer["nextToken"]
    times.append(time.monotonic() - begin)
    assert found == 1, found
stored = sum(path.stat().st_size for path in (here.data / "logs").rglob("*.seg"))
print(f"filter-log-events for a rare term: {statistics.median(times):.3f} s, in {stored >> 20} MB (goal: 1 s)")
subprocess.run(["gzip", "-1", "--keep", plain], check=True)
print(f"  grep -F in the same lines: {median(['grep', '-F', NEEDLE, plain]):.3f} s; zgrep -F in them compressed: {median(['zgrep', '-F', NEEDLE, f'{plain}.gz']):.3f} s")
scratch.cleanup()
