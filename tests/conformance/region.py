"""A running region for tests: a `neargate up` of its own, on a free port, with a data directory of its own."""

import json
import os
import pathlib
import signal
import socket
import subprocess
import time
import urllib.request

import boto3
from botocore.config import Config


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class Region:
    def __init__(self, binary, directory, arguments=()):
        self.binary, self.directory = str(pathlib.Path(binary).resolve()), pathlib.Path(directory)
        self.data, self.arguments = self.directory / "data", list(arguments)
        self.port, self.process = free_port(), None
        self.endpoint = f"http://127.0.0.1:{self.port}"

    def up(self):
        """Starts it and waits for its `ready` line."""
        command = [self.binary, "up", "--listen", f"127.0.0.1:{self.port}", "--data-dir", self.data, *self.arguments]
        self.errors = open(self.directory / "stderr", "ab")
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=self.errors, text=True)
        line = self.process.stdout.readline()
        assert "ready" in line, f"neargate up said {line!r}: {(self.directory / 'stderr').read_text()[-2000:]}"
        return self

    def kill(self):
        """SIGKILL, as a power switch would, but for this process only."""
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def stop(self):
        """SIGTERM: ends cleanly and leaves tasks running."""
        self.process.send_signal(signal.SIGTERM)
        assert self.process.wait(timeout=20) == 0

    def down(self):
        """Removes everything this region ever made on the machine."""
        if self.process and self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            self.process.wait(timeout=20)
        return self.neargate("down")

    def neargate(self, *arguments, check=True, **options):
        """Runs a command of neargate against this region."""
        command = [self.binary, arguments[0], "--data-dir", str(self.data), *map(str, arguments[1:])]
        return subprocess.run(command, check=check, capture_output=True, text=True, timeout=60, **options)

    def load(self, archive, *arguments):
        return self.neargate("image", "load", archive, *arguments)

    def environment(self):
        return {
            **os.environ,
            "AWS_ENDPOINT_URL": self.endpoint,
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
            "AWS_DEFAULT_REGION": "us-east-1",
            "AWS_DISABLE_HOST_PREFIX_INJECTION": "true",
            "AWS_PAGER": "",
        }

    def aws_program(self):
        """The AWS CLI beside the Python that runs the tests."""
        return os.path.join(os.path.dirname(os.sys.executable), "aws")

    def aws(self, *arguments, check=True):
        """Runs the AWS CLI and returns what it prints, read as JSON where it is."""
        command = [self.aws_program(), *map(str, arguments)]
        done = subprocess.run(command, env=self.environment(), capture_output=True, text=True, timeout=60)
        if check:
            assert done.returncode == 0, done.stderr
            return json.loads(done.stdout) if done.stdout.strip().startswith(("{", "[")) else done.stdout
        return done

    def client(self, service):
        config = Config(retries={"max_attempts": 1, "mode": "standard"}, read_timeout=30, inject_host_prefix=False)
        return boto3.client(
            service,
            endpoint_url=self.endpoint,
            region_name="us-east-1",
            aws_access_key_id="test",
            aws_secret_access_key="test",
            config=config,
        )

    def get(self, path):
        with urllib.request.urlopen(self.endpoint + path, timeout=10) as answer:
            return json.load(answer)

    def instance(self):
        """What the names of everything this region makes on the machine start with."""
        return (self.data / "instance").read_text().strip()

    def leftovers(self):
        """Whatever of this region is still on the machine: namespaces, mounts, cgroups, processes."""
        name, data = self.instance(), str(self.data)
        found = [f"namespace {n}" for n in os.listdir("/run/netns") if n.startswith(name)] if os.path.isdir("/run/netns") else []
        with open("/proc/self/mounts") as f:
            found += [f"mount {line.split()[1]}" for line in f if data in line or f"/{name}-" in line]
        found += [f"cgroup {d}" for d, _, _ in os.walk("/sys/fs/cgroup") if name in d]
        for pid in filter(str.isdigit, os.listdir("/proc")):
            try:
                arguments = pathlib.Path(f"/proc/{pid}/cmdline").read_bytes().decode(errors="replace")
            except OSError:
                continue
            if data in arguments and int(pid) != os.getpid():
                found.append(f"process {pid} {arguments!r}")
        return found


def until(condition, seconds=30, what="the condition"):
    """Waits for something that will happen by itself; returns what the condition returned."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        value = condition()
        if value:
            return value
        time.sleep(0.02)
    raise AssertionError(f"{what} did not come about within {seconds} s; last: {value!r}")
