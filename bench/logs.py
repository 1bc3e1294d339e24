"""Log lines through the whole program: from containers through their tasks' interfaces to the disk; with PutLogEvents; and found again
with filter-log-events."""

import http.client
import json
import pathlib
import socket
import statistics
import subprocess
import sys
import tempfile
import time

import images
from common import region
from tasks import ROLE, awslogs, container, define, execution_role, public, run

LINES = int(sys.argv[2]) if len(sys.argv) > 2 else 10_000_000
BATCH = 4000
STREAMS = 8
NEEDLE = "needle0123456789"
REPEATS = 5
# Lines of each of so many containers.
LOGGED = 1_000_000
WRITERS = 2


class Socket(http.client.HTTPConnection):
    """HTTP over the region's unix socket."""

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

    def logs(self, operation, request):
        headers = {"Content-Type": "application/x-amz-json-1.1", "X-Amz-Target": f"Logs_20140328.{operation}"}
        return json.loads(self.post("/", request if isinstance(request, str) else json.dumps(request), headers) or "{}")


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


def of_region(here):
    """Seconds of processor time that the region's processes have taken: its own and its tasks' shims, but not their containers."""
    used = 0
    for path in pathlib.Path("/proc").iterdir():
        try:
            if path.name.isdigit() and str(here.data).encode() in (path / "cmdline").read_bytes():
                used += processor(path.name)
        except OSError:
            pass  # it has ended
    return used


def from_containers(here, client):
    """Containers write lines as quickly as they are taken; how long until all are on disk."""
    text = "".join(f"{line}\n" for batch in range(25) for line in lines(batch))
    with tempfile.TemporaryDirectory(prefix="neargate-bench-") as directory:
        archive = pathlib.Path(directory) / "logging.tar"
        images.save(archive, "logging:latest", [images.busybox({"/lines": text.encode()})], {"Env": ["PATH=/bin"]})
        here.load(archive)
    execution_role(here)
    client.logs("CreateLogGroup", {"logGroupName": "/containers"})
    ecs, rounds = here.client("ecs"), LOGGED // (25 * BATCH)
    script = f"i=0; while [ $i -lt {rounds} ]; do cat /lines; i=$((i+1)); done; sleep 1000"
    writer = container(command=script, image="logging:latest", logConfiguration=awslogs("/containers", mode="blocking"), stopTimeout=2)
    definition = define(ecs, writer, executionRoleArn=ROLE, cpu="1024", memory="2048")
    count = LOGGED * WRITERS
    expected = WRITERS * rounds * (len(text) + 25 * BATCH * 25)
    used, begin = of_region(here), time.monotonic()
    tasks = [run(ecs, public(here.subnet), definition) for _ in range(WRITERS)]
    stored = lambda: client.logs("DescribeLogGroups", {"logGroupNamePrefix": "/containers"})["logGroups"][0]["storedBytes"]
    while stored() < expected:
        time.sleep(0.05)
    wall, used = time.monotonic() - begin, of_region(here) - used
    assert stored() == expected
    print(f"from {WRITERS} containers to the disk, {count:,} lines of {len(text) * rounds * WRITERS >> 20} MB: {count / wall:,.0f} lines/s, {count / used:,.0f} a second of one core (goal: 100,000)")
    for task in tasks:
        ecs.stop_task(task=task)


here = region()
pid = here.process.pid
client = Socket(here.data / "neargate.sock")
from_containers(here, client)
client.logs("CreateLogGroup", {"logGroupName": "/bench"})
for number in range(STREAMS):
    client.logs("CreateLogStream", {"logGroupName": "/bench", "logStreamName": f"s{number}"})
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
        events = [{"timestamp": now - 3_600_000 + batch, "message": text} for text in texts]
        body = json.dumps({"logGroupName": "/bench", "logStreamName": f"s{batch % STREAMS}", "logEvents": events})
        begin = time.monotonic()
        client.logs("PutLogEvents", body)
        wall += time.monotonic() - begin
used = processor(pid) - used
print(f"taking in {LINES:,} lines of {plain.stat().st_size >> 20} MB, each {BATCH} synced: {LINES / wall:,.0f} lines/s, {LINES / used:,.0f} a second of one core (goal: 100,000)")

times = []
for _ in range(REPEATS):
    request, found, begin = {"logGroupName": "/bench", "filterPattern": NEEDLE}, 0, time.monotonic()
    while True:
        answer = client.logs("FilterLogEvents", request)
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
