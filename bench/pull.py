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
# The container's first instruction leaves how many bytes its interface has received, which is what was pulled, and for how many
# nanoseconds its process has waited for a processor since it was cloned.
SCRIPT = """
read -r bytes < /sys/class/net/eth0/statistics/rx_bytes
read -r ran waited slices < /proc/1/schedstat
echo "$bytes $waited" > /v/first
trap "exit 0" TERM; sleep 1000 & wait"""
COMMAND = ["/bin/bash", "-c", SCRIPT]


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
        """Seconds from the call of RunTask to the pull, of the pull, from the call to the first instruction; bytes received until then, and
        milliseconds that the first process waited for a processor."""
        network = {"awsvpcConfiguration": {"subnets": [self.region.subnet], "assignPublicIp": "ENABLED"}}
        begun = time.time()
        (task,) = self.ecs.run_task(taskDefinition="debian", launchType="FARGATE", networkConfiguration=network)["tasks"]
        volume = self.region.data / "tasks" / task["taskArn"].rsplit("/", 1)[1] / "volumes/v-v"
        first = volume / "first"
        received, waited = map(int, until(lambda: first.exists() and first.read_text()).split())
        started = first.stat().st_mtime - begun

        def seen(status):
            (described,) = self.ecs.describe_tasks(tasks=[task["taskArn"]])["tasks"]
            return described if described["lastStatus"] == status else None

        described = until(lambda: seen("RUNNING"))
        self.ecs.stop_task(task=task["taskArn"])
        until(lambda: seen("STOPPED"))
        pull = (described["pullStoppedAt"] - described["pullStartedAt"]).total_seconds()
        return described["pullStartedAt"].timestamp() - begun, pull, started, received, waited / 1e6


with tempfile.TemporaryDirectory(prefix="neargate-bench-") as scratch:
    scratch = pathlib.Path(scratch)
    layout, size = debian.image(scratch, COMMAND)
    programs = debian.fetch(["containerd", "umoci"], scratch / "programs")
    pushes, pulls, peers, seconds = [], [], {"skopeo copy + umoci unpack": [], "containerd, ctr pull": []}, []
    for number in range(ROUNDS):
        here = Task(layout)
        pushes.append(here.pushed)
        _, pull, started, received, _ = here.run()
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
    before, pulled, started, received, waited = zip(*seconds)
    milliseconds = lambda times: [time * 1000 for time in times]
    figures("second start: RunTask to the pull", milliseconds(before))
    figures("second start: pull", milliseconds(pulled))
    figures("second start: RunTask to the first instruction", milliseconds(started), goal="(goal 50)")
    # Containers share what processors are left among all tasks, as one: on a busy machine the tail is made of this.
    figures("  of it, the first process waiting for a CPU", waited)
    figures("second start: received by the interface", [count / 1000 for count in received], "kB")
