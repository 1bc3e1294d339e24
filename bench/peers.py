"""What a VPC's paths are compared with: a veth pair with nothing between its ends, and Docker's bridge. All in namespaces of their own."""

import os
import pathlib
import shutil
import subprocess

PREFIX = f"bench{os.getpid()}"
BRIDGE_FILTER = pathlib.Path("/proc/sys/net/bridge/bridge-nf-call-iptables")

# What Docker Engine 27 has for its default bridge: `iptables-save` after its start.
DOCKER_RULES = """
*filter
:INPUT ACCEPT
:FORWARD DROP
:OUTPUT ACCEPT
:DOCKER -
:DOCKER-ISOLATION-STAGE-1 -
:DOCKER-ISOLATION-STAGE-2 -
:DOCKER-USER -
-A FORWARD -j DOCKER-USER
-A FORWARD -j DOCKER-ISOLATION-STAGE-1
-A FORWARD -o docker0 -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A FORWARD -o docker0 -j DOCKER
-A FORWARD -i docker0 ! -o docker0 -j ACCEPT
-A FORWARD -i docker0 -o docker0 -j ACCEPT
-A DOCKER-ISOLATION-STAGE-1 -i docker0 ! -o docker0 -j DOCKER-ISOLATION-STAGE-2
-A DOCKER-ISOLATION-STAGE-1 -j RETURN
-A DOCKER-ISOLATION-STAGE-2 -o docker0 -j DROP
-A DOCKER-ISOLATION-STAGE-2 -j RETURN
-A DOCKER-USER -j RETURN
COMMIT
*nat
:PREROUTING ACCEPT
:INPUT ACCEPT
:OUTPUT ACCEPT
:POSTROUTING ACCEPT
:DOCKER -
-A PREROUTING -m addrtype --dst-type LOCAL -j DOCKER
-A OUTPUT ! -d 127.0.0.0/8 -m addrtype --dst-type LOCAL -j DOCKER
-A POSTROUTING -s 172.17.0.0/16 ! -o docker0 -j MASQUERADE
-A DOCKER -i docker0 -j RETURN
COMMIT
"""


def run(command, **more):
    subprocess.run(command.split(), check=True, **more)


def namespace(name):
    run(f"ip netns add {PREFIX}-{name}")
    run(f"ip -n {PREFIX}-{name} link set lo up")
    return f"{PREFIX}-{name}"


def sysctl(name, parameter, value):
    subprocess.run(["ip", "netns", "exec", name, "sh", "-c", f"echo {value} > /proc/sys/{parameter}"], check=True)


def remove():
    """Removes every namespace made here, and with them what is in them."""
    for path in pathlib.Path("/run/netns").glob(f"{PREFIX}-*"):
        run(f"ip netns delete {path.name}")


def path(name, client, server, address):
    return {"name": name, "client": f"/run/netns/{client}", "server": f"/run/netns/{server}", "port": 7000, "address": f"{address}:7000"}


def bare():
    """A veth pair with a VPC's MTU, an address at each end: the least that two namespaces can have between them."""
    client, server = namespace("bare-client"), namespace("bare-server")
    run(f"ip link add eth0 mtu 9001 netns {client} type veth peer name eth0 mtu 9001 netns {server}")
    for end, address in (client, "10.0.1.10/24"), (server, "10.0.1.11/24"):
        run(f"ip -n {end} address add {address} dev eth0")
        run(f"ip -n {end} link set eth0 up")
    return path("bare veth pair", client, server, "10.0.1.11")


def docker():
    """Two containers' namespaces on Docker's default bridge, which is in a namespace of its own instead of the host's."""
    if not shutil.which("iptables-restore"):
        print("Docker's bridge: no iptables on this machine")
        return None
    host, client, server = namespace("docker-host"), namespace("docker-client"), namespace("docker-server")
    run(f"ip -n {host} link add docker0 type bridge")
    run(f"ip -n {host} address add 172.17.0.1/16 dev docker0")
    run(f"ip -n {host} link set docker0 up")
    for end, address in (client, "172.17.0.2"), (server, "172.17.0.3"):
        run(f"ip link add eth0 netns {end} type veth peer name {end[-6:]} netns {host}")
        run(f"ip -n {host} link set {end[-6:]} up master docker0")
        run(f"ip -n {end} address add {address}/16 dev eth0")
        run(f"ip -n {end} link set eth0 up")
        run(f"ip -n {end} route add default via 172.17.0.1")
    sysctl(host, "net/ipv4/ip_forward", 1)
    if shutil.which("modprobe"):
        subprocess.run(["modprobe", "-q", "br_netfilter"], check=False)
    if BRIDGE_FILTER.exists():
        sysctl(host, "net/bridge/bridge-nf-call-iptables", 1)
    else:
        print("Docker's bridge: without br_netfilter, which this machine lacks, its rules don't see what goes over the bridge")
    run(f"ip netns exec {host} iptables-restore", input=DOCKER_RULES, text=True)
    return path("Docker's bridge", client, server, "172.17.0.3")
