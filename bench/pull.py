"""An image of 100 MB from the region's Amazon ECR to unpacked layers: through a task's interface, beside skopeo with umoci and containerd from loopback."""

import pathlib
import statistics
import subprocess
import tempfile
import time

import debian
from common import figures, region
from tasks import ROLE, execution_role

ROUNDS = 3
# The container's first instruction leaves how many bytes its interface has received: what was pulled.
COMMAND = ["/bin/bash", "-c", 'read -r bytes < /sys/class/net/eth0/statistics/rx_bytes; echo "$bytes" > /v/first; trap "exit 0" TERM; sleep 1000 & wait']


class Containerd:
    """A daemon of its own, from Debian's package."""

    def __init__(self, programs, directory):
        self.ctr = [programs / "usr/bin/ctr", "--address", directory / "socket"]
        config = directory / "config.toml"
        grpc = f'[grpc]\naddress = "{directory}/socket"\n'
        config.write_text(f'version = 2\nroot = "{directory}/root"\nstate = "{directory}/state"\ndisabled_plugins = ["io.containerd.grpc.v1.cri"]\n{grpc}')
        self.process = subprocess.Popen([programs / "usr/bin/containerd", "--config", config], stderr=(directory / "log").open("w"))
        for _ in range(100):
            if not subprocess.run([*self.ctr, "version"], capture_output=True).returncode:
                return
            time.sleep(0.1)
        raise RuntimeError((directory / "log").read_text())

    def stop(self):
        self.process.terminate()
        self.process.wait()


def took(*command):
    begun = time.monotonic()
    subprocess.run([str(word) for word in command], check=True, capture_output=True)
    return time.monotonic() - begun


def until(there):
    while not (value := there()):
        time.sleep(0.002)
    return value


class Task:
    """A region with the image in its registry, and one run of it after the other."""

    def __init__(self, layout):
        self.region = region()
        execution_role(self.region)
        self.ecs = self.region.client("ecs")
        repository = self.region.client("ecr").create_repository(repositoryName="debian")["repository"]["repositoryUri"]
        self.password = self.region.aws("ecr", "get-login-password").strip()
        self.local = f"127.0.0.1:{self.region.port}/debian:latest"
        insecure = ["--dest-tls-verify=false", "--dest-creds", f"AWS:{self.password}"]
        self.pushed = took("skopeo", "copy", *insecure, f"oci:{layout}:latest", f"docker://{self.local}")
        container = {"name": "app", "image": f"{repository}:latest", "mountPoints": [{"sourceVolume": "v", "containerPath": "/v"}]}
        self.ecs.register_task_definition(
            family="debian",
            requiresCompatibilities=["FARGATE"],
            networkMode="awsvpc",
            cpu="1024",
            memory="2048",
            executionRoleArn=ROLE,
            containerDefinitions=[container],
            volumes=[{"name": "v"}],
        )

    def run(self):
        """Seconds of the pull, seconds from the call of RunTask to the first instruction, bytes received until then."""
        network = {"awsvpcConfiguration": {"subnets": [self.region.subnet], "assignPublicIp": "ENABLED"}}
        begun = time.time()
        (task,) = self.ecs.run_task(taskDefinition="debian", launchType="FARGATE", networkConfiguration=network)["tasks"]
        volume = self.region.data / "tasks" / task["taskArn"].rsplit("/", 1)[1] / "volumes/v-v"
        first = volume / "first"
        received = int(until(lambda: first.exists() and first.read_text()))
        started = first.stat().st_mtime - begun

        def seen(status):
            (described,) = self.ecs.describe_tasks(tasks=[task["taskArn"]])["tasks"]
            return described if described["lastStatus"] == status else None

        described = until(lambda: seen("RUNNING"))
        self.ecs.stop_task(task=task["taskArn"])
        until(lambda: seen("STOPPED"))
        return (described["pullStoppedAt"] - described["pullStartedAt"]).total_seconds(), started, received


with tempfile.TemporaryDirectory(prefix="neargate-bench-") as scratch:
    scratch = pathlib.Path(scratch)
    layout, size = debian.image(scratch, COMMAND)
    programs = debian.fetch(["containerd", "umoci"], scratch / "programs")
    pushes, pulls, peers, seconds = [], [], {"skopeo copy + umoci unpack": [], "containerd, ctr pull": []}, []
    for number in range(ROUNDS):
        here = Task(layout)
        pushes.append(here.pushed)
        pull, started, received = here.run()
        pulls.append(pull)
        print(f"  round {number}: pull {pull:.2f} s, first instruction {started:.2f} s after RunTask, {received >> 20} MB received", flush=True)
        seconds += [here.run() for _ in range(5)]

        copy = scratch / f"copy{number}"
        copied = took("skopeo", "copy", "--src-tls-verify=false", "--src-creds", f"AWS:{here.password}", f"docker://{here.local}", f"oci:{copy}:latest")
        unpacked = took(programs / "usr/bin/umoci", "unpack", "--image", f"{copy}:latest", scratch / f"bundle{number}")
        peers["skopeo copy + umoci unpack"].append(copied + unpacked)

        (scratch / f"containerd{number}").mkdir()
        daemon = Containerd(programs, scratch / f"containerd{number}")
        peers["containerd, ctr pull"].append(took(*daemon.ctr, "images", "pull", "--plain-http", "--user", f"AWS:{here.password}", here.local))
        daemon.stop()
        here.region.down()
    print(f"image of {size / 1e6:.0f} MB in {len(debian.LAYERS)} layers; push with skopeo {statistics.median(pushes):.2f} s")
    print(f"pull and unpack through the task's interface: {statistics.median(pulls):.2f} s")
    for name, times in peers.items():
        ratio = statistics.median(ours / theirs for ours, theirs in zip(pulls, times))
        print(f"  {name}: {statistics.median(times):.2f} s, so neargate takes {ratio:.2f} of it (goal: {'0.4' if 'ctr' in name else 'below 1'})")
    figures("second start: pull", [pull * 1000 for pull, _, _ in seconds])
    figures("second start: RunTask to the first instruction", [started * 1000 for _, started, _ in seconds], goal="(goal 50)")
    figures("second start: received by the interface", [received / 1000 for _, _, received in seconds], "kB")
