"""How many questions a VPC's resolver answers for each second of a processor, and how soon, beside Unbound.

bench/dns.py PATH-OF-NEARGATE: as root, on two processors that have nothing else to do. Who asks sits in the router's own namespace, where
no interface's limit is, so that nothing but the resolver is measured. Unbound, of Debian's packages, has the same name as local data.
"""

import contextlib
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import time

import debian
from common import BINARY, region, verdict
from region import until

NAME = "api.shop.local"
INSTANCES, SECONDS, ROUNDS = 8, 3, 3
ANSWERS, LATENCY = 50_000, 1_000
UNBOUND = """
server:
  directory: "{directory}"
  username: ""
  chroot: ""
  pidfile: ""
  use-syslog: no
  logfile: "{directory}/log"
  num-threads: 1
  interface: 127.0.0.1@5300
  do-daemonize: no
  local-zone: "shop.local." static
{data}
remote-control:
  control-enable: no
"""


class Server:
    """Something that answers, and where: its process, its address and how to get there."""

    def __init__(self, name, pid, address, inside=()):
        self.name, self.pid, self.address, self.inside = name, pid, address, list(inside)
        self.figures = []

    def ask(self, program, processor, *rate):
        """Answers a second, answers a second of a processor's time, and the latencies in microseconds."""
        before = spent(self.pid)
        command = [*self.inside, "taskset", "-c", str(processor), program, self.address, NAME, str(SECONDS), *map(str, rate)]
        said = json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, timeout=60).stdout)
        assert said["wrong"] == 0, said
        return said["answers"] / said["seconds"], said["answers"] / (spent(self.pid) - before), said


def spent(pid):
    """Seconds of processors that a process has used."""
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def pin(pid, processor):
    subprocess.run(["taskset", "-a", "-c", "-p", str(processor), str(pid)], check=True, stdout=subprocess.DEVNULL)


def neargate(processor):
    """A region with a service that has as many instances as an answer has."""
    of = region()
    cloudmap, ec2 = of.client("servicediscovery"), of.client("ec2")
    (vpc,) = [vpc["VpcId"] for vpc in ec2.describe_vpcs()["Vpcs"] if vpc["CidrBlock"] == "10.0.0.0/16"]
    ec2.modify_vpc_attribute(VpcId=vpc, EnableDnsHostnames={"Value": True})
    # A VPC has a network where somebody is in it.
    ec2.create_network_interface(SubnetId=of.subnet)
    cloudmap.create_private_dns_namespace(Name="shop.local", Vpc=vpc)
    (namespace,) = cloudmap.list_namespaces()["Namespaces"]
    dns = {"DnsRecords": [{"Type": "A", "TTL": 10}]}
    api = cloudmap.create_service(Name="api", NamespaceId=namespace["Id"], DnsConfig=dns)["Service"]["Id"]
    for number in range(INSTANCES):
        address = {"AWS_INSTANCE_IPV4": f"10.0.1.{number}"}
        answer = cloudmap.register_instance(ServiceId=api, InstanceId=f"i{number}", Attributes=address)
    status = lambda: cloudmap.get_operation(OperationId=answer["OperationId"])["Operation"]["Status"]  # noqa: E731
    until(lambda: status() == "SUCCESS", what="the last instance")
    router = pathlib.Path("/run/netns") / f"{of.instance()}-{vpc}"
    until(router.exists, what="the VPC's network")
    time.sleep(1)
    pin(of.process.pid, processor)
    return Server("neargate", of.process.pid, "169.254.169.253:53", ["nsenter", f"--net={router}"])


def unbound(stack, processor):
    directory = pathlib.Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="neargate-bench-")))
    packages = ["unbound", "libevent-2.1-7", "libnghttp2-14", "libprotobuf-c1", "libpython3.11", "libsystemd0"]
    root = debian.fetch(packages, directory / "debian")
    data = "".join(f'  local-data: "{NAME}. 10 IN A 10.0.1.{number}"\n' for number in range(INSTANCES))
    (directory / "unbound.conf").write_text(UNBOUND.format(directory=directory, data=data))
    libraries = f"LD_LIBRARY_PATH={next(root.glob('usr/lib/*-linux-gnu'))}"
    # In a network of its own, as who asks it then is.
    command = ["unshare", "--net", "sh", "-c", 'ip link set lo up && exec "$@"', "sh", "env", libraries]
    process = subprocess.Popen([*command, root / "usr/sbin/unbound", "-c", directory / "unbound.conf"])
    stack.callback(process.wait)
    stack.callback(process.kill)
    inside = ["nsenter", f"--net=/proc/{process.pid}/ns/net"]
    bound = lambda: "127.0.0.1:5300" in subprocess.run([*inside, "ss", "-lun"], stdout=subprocess.PIPE, text=True).stdout  # noqa: E731
    until(bound, what="Unbound")
    pin(process.pid, processor)
    return Server("Unbound, local data", process.pid, "127.0.0.1:5300", inside)


def main():
    subprocess.run(["cargo", "build", "--release", "--quiet", "-p", "agent", "--example", "ask"], check=True)
    program = pathlib.Path(BINARY).resolve().parent / "examples/ask"
    processors = sorted(os.sched_getaffinity(0))
    client, server = processors[0], processors[-1]
    with contextlib.ExitStack() as stack:
        servers = [neargate(server)]
        try:
            servers.append(unbound(stack, server))
        except (subprocess.CalledProcessError, AssertionError) as error:
            print(f"without Unbound: {error}", file=sys.stderr)
        for one in servers:
            one.ask(program, client)
        for _ in range(ROUNDS):
            for one in servers:
                one.figures.append(one.ask(program, client))
        for one in servers:
            best = max(one.figures, key=lambda figure: figure[1])
            print(f"{one.name:24} {best[0]:10,.0f} answers/s  {best[1]:10,.0f} for each second of a processor")
            one.best = best
        ours = servers[0]
        print(f"goal: {ANSWERS:,} for each second of a processor: {verdict(ours.best[1] >= ANSWERS)}")
        for one in servers:
            *_, said = one.ask(program, client, ANSWERS // 2)
            missing = 1 - said["answers"] / said["sent"]
            print(f"{one.name:24} at {ANSWERS // 2:,}/s: p50 {said['p50']} µs, p99 {said['p99']} µs, {missing:.2%} without an answer")
            one.late = said["p99"]
        print(f"goal: p99 at most {LATENCY:,} µs at half: {verdict(ours.late <= LATENCY)}")
        if len(servers) > 1:
            print(f"beside Unbound: {ours.best[1] / servers[1].best[1]:.2f} of its answers for each second of a processor")


if __name__ == "__main__":
    main()
