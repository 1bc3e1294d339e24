"""What a process finds inside its container: each setting of a container definition, as it looks from there."""

import pytest
from tasks import container, output, result


@pytest.fixture(scope="module")
def logs(shared):
    return shared.client("logs")


INSIDE = {
    "resource limits": ({"ulimits": [{"name": "nofile", "softLimit": 1000, "hardLimit": 2000}]}, "ulimit -n; ulimit -Hn", ["1000", "2000"]),
    "without an init process": ({}, "echo $$", ["1"]),
    "an init process": ({"linuxParameters": {"initProcessEnabled": True}}, "echo $$", ["2"]),
    "a name as user": ({"user": "app"}, "id", ["uid=1000(app) gid=1000(app) groups=2000(extra)"]),
    "a number as user": ({"user": "1000"}, "id", ["uid=1000(app) gid=1000(app) groups=2000(extra)"]),
    "a number that nobody has": ({"user": "4242"}, "id; echo $HOME", ["uid=4242 gid=0(root)", "/"]),
    "user and group by name": ({"user": "app:extra"}, "id", ["uid=1000(app) gid=2000(extra)"]),
    "user and group by number": ({"user": "4242:4343"}, "id", ["uid=4242 gid=4343"]),
    "a directory that is made": ({"workingDirectory": "/not/there/yet"}, "pwd", ["/not/there/yet"]),
    "kernel parameters": ({"systemControls": [{"namespace": "net.core.somaxconn", "value": "999"}]}, "cat /proc/sys/net/core/somaxconn", ["999"]),
    "a terminal": ({"pseudoTerminal": True}, "tty", ["/dev/pts/0"]),
    "no input": ({}, "cat; echo over", ["over"]),
    "no capabilities": ({"linuxParameters": {"capabilities": {"drop": ["ALL"]}}}, "grep CapEff /proc/self/status", ["CapEff:\t0000000000000000"]),
    "Fargate's capabilities": ({}, "grep CapEff /proc/self/status", ["CapEff:\t00000000a80425fb"]),
    "the one capability Fargate adds": (
        {"linuxParameters": {"capabilities": {"add": ["SYS_PTRACE"]}}},
        "grep CapEff /proc/self/status",
        ["CapEff:\t00000000a80c25fb"],
    ),
    "no new privileges": ({}, "grep NoNewPrivs /proc/self/status", ["NoNewPrivs:\t1"]),
    "the environment": ({"environment": [{"name": "A", "value": "x y"}, {"name": "B"}]}, 'echo "$A|$B|"', ["x y||"]),
    "names and addresses": ({}, "grep -c 127.0.0.1 /etc/hosts; cat /etc/resolv.conf | grep nameserver", ["1", "nameserver 10.20.0.2"]),
}


@pytest.mark.parametrize("what", INSIDE)
def test_inside_a_container(logs, ecs, network, what):
    settings, command, expected = INSIDE[what]
    assert output(logs, ecs, network, command, **settings) == expected


def test_a_read_only_root_leaves_volumes_and_shared_memory_writable(logs, ecs, network):
    command = "touch /x 2>/dev/null || echo root; touch /v/x && touch /dev/shm/x && echo volume"
    mounts = [{"sourceVolume": "v", "containerPath": "/v"}]
    said = output(logs, ecs, network, command, volumes=[{"name": "v"}], readonlyRootFilesystem=True, mountPoints=mounts)
    assert said == ["root", "volume"]


@pytest.mark.parametrize("read_only", [True, False])
def test_volumes_from_another_container_are_as_writable_as_said(ecs, network, read_only):
    first = container("first", "exec sleep 100", essential=False, stopTimeout=2, mountPoints=[{"sourceVolume": "v", "containerPath": "/v"}])
    second = container("second", "touch /v/x", volumesFrom=[{"sourceContainer": "first", "readOnly": read_only}])
    _, containers = result(ecs, network, first, second, volumes=[{"name": "v"}])
    assert (containers["second"]["exitCode"] != 0) == read_only


def test_a_process_namespace_shared_by_the_task(ecs, network):
    other = container("other", "exec sleep 4242", essential=False, stopTimeout=2)
    looking = container("looking", "for i in 1 2 3 4 5 6 7 8 9 10; do ps | grep -q '[s]leep 4242' && exit 0; sleep 0.1; done; exit 1")
    assert result(ecs, network, other, looking, pidMode="task")[1]["looking"]["exitCode"] == 0
    assert result(ecs, network, other, looking)[1]["looking"]["exitCode"] == 1


def test_a_quarter_of_a_processor_is_not_more(logs, ecs, network):
    busy = "read a b < /proc/uptime; i=0; while [ $i -lt 400000 ]; do i=$((i+1)); done; read c d < /proc/uptime; echo $a $c; times"
    (began, ended), (user, system) = (line.split() for line in output(logs, ecs, network, busy)[:2])
    seconds = [float(time.split("m")[0]) * 60 + float(time.split("m")[1][:-1]) for time in (user, system)]
    # A task's bandwidth comes in periods of 100 ms, the first of which is free.
    assert float(ended) - float(began) >= (sum(seconds) - 0.05) * 4 - 0.2


def test_the_whole_tasks_memory_is_limited_too(ecs, network):
    hungry = container(command="x=0123456789abcdef; while :; do x=$x$x; done")
    task, containers = result(ecs, network, hungry)
    assert containers["app"]["exitCode"] == 137
    assert containers["app"]["reason"] == "OutOfMemoryError: Container killed due to memory usage"
    assert task["stoppedReason"] == "Essential container in task exited"
