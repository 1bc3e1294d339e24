"""Metrics of high resolution through the whole program: what taking in ten thousand values a second costs, and how long telling a day of one
metric takes. Beside it VictoriaMetrics, if `victoria-metrics` is there."""

import datetime
import http.client
import json
import os
import pathlib
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

from common import verdict
from region import Region

METRICS = int(sys.argv[2]) if len(sys.argv) > 2 else 10_000
SECONDS = int(sys.argv[3]) if len(sys.argv) > 3 else 300
CALL = 1_000
REPEATS = 20


def processor(pid):
    """Seconds of processor time a process has taken."""
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def memory(pid):
    """Megabytes of a process's own memory, and the most it ever was."""
    status = dict(line.split(":", 1) for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines())
    return [int(status[name].split()[0]) / 1024 for name in ("VmRSS", "VmHWM")]


class Calls:
    """One kept-alive connection that speaks JSON with no more than it must."""

    def __init__(self, port):
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)

    def call(self, operation, request):
        headers = {"Content-Type": "application/x-amz-json-1.0", "X-Amz-Target": f"GraniteServiceVersion20100801.{operation}"}
        body = request if isinstance(request, bytes) else json.dumps(request).encode()
        self.connection.request("POST", "/", body, headers)
        answer = self.connection.getresponse()
        said = answer.read()
        assert answer.status == 200, said
        return json.loads(said or b"{}")


def value(metric, second):
    return round((metric * 31 + second * 17) % 1000 + second % 7 / 8, 3)


def bodies(second, at):
    for first in range(0, METRICS, CALL):
        data = [
            {"MetricName": "load", "Dimensions": [{"Name": "Instance", "Value": f"i-{n:08x}"}], "Timestamp": at, "Value": value(n, second), "StorageResolution": 1, "Unit": "Percent"}
            for n in range(first, min(first + CALL, METRICS))
        ]
        yield json.dumps({"Namespace": "Bench", "MetricData": data}).encode()


def query(id, name, start, period, **more):
    metric = {"Namespace": "Bench", "MetricName": name, **more}
    return {"MetricDataQueries": [{"Id": id, "MetricStat": {"Metric": metric, "Period": period, "Stat": "Average"}}], "StartTime": start, "EndTime": time.time() + 60}


def neargate(binary):
    directory = tempfile.TemporaryDirectory(prefix="neargate-bench-")
    region = Region(pathlib.Path(binary).resolve(), directory.name)
    region.up()
    try:
        pid, calls = region.process.pid, Calls(region.port)
        start = int(time.time()) // 60 * 60 - 86_400
        for first in range(0, 1440, CALL):
            data = [{"MetricName": "day", "Timestamp": start + 60 * n, "Values": [n, n + 1.5, 3 * n], "Unit": "Count"} for n in range(first, min(first + CALL, 1440))]
            calls.call("PutMetricData", {"Namespace": "Bench", "MetricData": data})
        tell("of a day's minutes of one metric, in memory", calls, query("q", "day", start, 60), 1440)
        before = memory(pid)[0]
        begin, used, late = time.monotonic(), processor(pid), 0
        for second in range(SECONDS):
            at = int(time.time())
            for body in bodies(second, at):
                calls.call("PutMetricData", body)
            rest = begin + second + 1 - time.monotonic()
            late += rest < 0
            time.sleep(max(0, rest))
        share = (processor(pid) - used) / (time.monotonic() - begin) * 100
        now, most = memory(pid)
        files = len(list((region.data / "metrics").glob("values-60-*")))
        disk = sum(path.stat().st_size for path in (region.data / "metrics").iterdir()) / 2**20
        print(f"{METRICS:,} metrics each second for {SECONDS} s: {share:.1f} % of a core (goal: 5) {verdict(share <= 5)}; {now:.0f} MB, {most:.0f} at most, {before:.0f} before (goal: 100) {verdict(most <= 100)}; {disk:.0f} MB of disk; {late} seconds late", flush=True)
        of = dict(Dimensions=[{"Name": "Instance", "Value": "i-00000007"}])
        tell("of the seconds of one of them", calls, query("q", "load", time.time() - 3600, 1, **of), min(SECONDS, 100))
        times = tell(f"of a day's minutes of one metric, in {files} files of others", calls, query("q", "day", start, 60), 1440)
        print(f"  goal: 20 ms {verdict(statistics.median(times) <= 0.02)}")
    finally:
        region.down()
        directory.cleanup()


def tell(what, calls, request, least):
    times = []
    for _ in range(REPEATS):
        begin = time.monotonic()
        (result,) = calls.call("GetMetricData", request)["MetricDataResults"]
        times.append(time.monotonic() - begin)
        assert len(result["Values"]) >= least, len(result["Values"])
    print(f"GetMetricData {what}: {statistics.median(times) * 1000:.1f} ms, {max(times) * 1000:.1f} at most, {len(result['Values']):,} values")
    return times


def victoria():
    """The same with a database for metrics, told in its own line format."""
    program = shutil.which("victoria-metrics")
    if not program:
        print("no peer: victoria-metrics is not there")
        return
    directory = tempfile.TemporaryDirectory(prefix="neargate-bench-")
    port = 18_428
    process = subprocess.Popen([program, f"-storageDataPath={directory.name}", f"-httpListenAddr=127.0.0.1:{port}"], stderr=subprocess.DEVNULL)
    try:
        time.sleep(2)
        connection = http.client.HTTPConnection("127.0.0.1", port)
        begin, used = time.monotonic(), processor(process.pid)
        for second in range(SECONDS):
            at = int(time.time())
            for first in range(0, METRICS, CALL):
                lines = (f"bench,Instance=i-{n:08x} load={value(n, second)} {at}000000000" for n in range(first, min(first + CALL, METRICS)))
                connection.request("POST", "/write", "\n".join(lines).encode())
                connection.getresponse().read()
            time.sleep(max(0, begin + second + 1 - time.monotonic()))
        share = (processor(process.pid) - used) / (time.monotonic() - begin) * 100
        now, most = memory(process.pid)
        print(f"  VictoriaMetrics: {share:.1f} % of a core; {now:.0f} MB, {most:.0f} at most")
    finally:
        process.terminate()
        process.wait()
        directory.cleanup()


if __name__ == "__main__":
    print(f"{datetime.date.today()}, {os.cpu_count()} processors")
    neargate(sys.argv[1])
    victoria()
