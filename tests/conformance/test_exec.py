"""`neargate exec`: commands inside containers, through pipes and with a terminal."""

import fcntl
import os
import pty
import re
import select
import signal
import struct
import subprocess
import termios
import time

import pytest
from region import until
from tasks import ROLE, container, define, public, reaches, run


@pytest.fixture(scope="module")
def task(shared, ecs, network):
    """A task of two containers, one of them essential, with a secret."""
    secrets = shared.client("secretsmanager")
    secret = secrets.create_secret(Name="exec/password", SecretString="hunter2")["ARN"]
    environment = [{"name": "COLOUR", "value": "blue"}]
    app = container(
        command="exec sleep 100000",
        environment=environment,
        secrets=[{"name": "PASSWORD", "valueFrom": secret}],
        workingDirectory="/tmp",
        user="1000:1000",
        stopTimeout=2,
    )
    side = container("side", "exec sleep 100000", essential=False, stopTimeout=2)
    arn = run(ecs, network, define(ecs, app, side, executionRoleArn=ROLE))
    reaches(ecs, arn, "RUNNING")
    yield arn
    ecs.stop_task(task=arn)
    reaches(ecs, arn, "STOPPED")
    secrets.delete_secret(SecretId=secret, ForceDeleteWithoutRecovery=True)


def short(arn):
    return arn.rsplit("/", 1)[1][:12]


def runs(marker):
    """Whether a process with that in its command line runs on this machine, but for neargate's own."""
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            line = open(f"/proc/{pid}/cmdline", "rb").read().split(b"\0")
        except OSError:
            continue
        if marker.encode() in line and b"exec" not in line:
            return True
    return False


class Terminal:
    """`neargate exec` on a terminal of its own."""

    def __init__(self, region, *arguments, rows=33, columns=99, **environment):
        self.ours, self.theirs = pty.openpty()
        self.resize(rows, columns)
        self.before = termios.tcgetattr(self.theirs)
        self.text = ""

        def controlling():
            os.setsid()
            fcntl.ioctl(0, termios.TIOCSCTTY, 0)

        command = [region.binary, "exec", "--data-dir", str(region.data), *arguments]
        streams = dict.fromkeys(("stdin", "stdout", "stderr"), self.theirs)
        variables = os.environ | {"TERM": "vt220"} | environment
        self.process = subprocess.Popen(command, preexec_fn=controlling, env=variables, **streams)

    def resize(self, rows, columns):
        fcntl.ioctl(self.ours, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def type(self, text):
        os.write(self.ours, text.encode())

    def sees(self, pattern, seconds=20):
        """Reads until what was displayed since the last time matches."""
        end = time.monotonic() + seconds
        while not re.search(pattern, self.text):
            ready, _, _ = select.select([self.ours], [], [], end - time.monotonic())
            assert ready, f"{pattern!r} is not in {self.text!r}"
            self.text += os.read(self.ours, 4096).decode()
        match = re.search(pattern, self.text)
        self.text = self.text[match.end() :]
        return match

    def modes(self):
        return termios.tcgetattr(self.theirs)

    def ends(self):
        return self.process.wait(timeout=20)

    def close(self):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        os.close(self.ours)
        os.close(self.theirs)


@pytest.fixture
def terminal(shared):
    opened = []

    def open_terminal(*arguments, region=shared, **more):
        opened.append(Terminal(region, *arguments, **more))
        return opened[-1]

    yield open_terminal
    for one in opened:
        one.close()


def test_streams_are_apart_and_the_exit_code_is_the_commands(shared, task):
    done = shared.neargate("exec", short(task), "--", "sh", "-c", "cat; echo error >&2; exit 3", input="in and out", check=False)
    assert (done.returncode, done.stdout, done.stderr) == (3, "in and out", "error\n")
    done = shared.neargate("exec", task, "-c", "side", "--", "sh", "-c", "kill -TERM $$", check=False)
    assert (done.returncode, done.stdout, done.stderr) == (143, "", "")
    # Bytes are bytes, and many of them.
    data = os.urandom(3_000_000)
    command = [shared.binary, "exec", "--data-dir", str(shared.data), f"task/{short(task)}", "--", "cat"]
    assert subprocess.run(command, input=data, capture_output=True, timeout=60, check=True).stdout == data


def test_a_command_has_what_its_container_has(shared, task):
    script = "id -u; pwd; echo $COLOUR $PASSWORD; tr '\\0' '\\n' < /proc/1/environ | sort; echo --; env | sort; echo --; grep -E '^(Cap|Seccomp|NoNew)' /proc/1/status /proc/self/status"
    own, env, rights = shared.neargate("exec", short(task), "--", "sh", "-c", script).stdout.split("--\n")
    first, *container_env = own.splitlines()
    assert (first, container_env[:2]) == ("1000", ["/tmp", "blue hunter2"])
    # What the shell adds by itself.
    added = ("SHLVL=", "PWD=", "OLDPWD=", "_=")
    assert [line for line in env.splitlines() if not line.startswith(added)] == [
        line for line in container_env[2:] if not line.startswith(added)
    ]

    def of(process):
        return [line.split(":", 1)[1] for line in rights.splitlines() if f"/{process}/" in line]

    assert of("1") == of("self") and len(of("1")) >= 7
    root = shared.neargate("exec", short(task), "-u", "0", "--", "id", "-u")
    assert root.stdout == "0\n"


@pytest.mark.parametrize(
    "code, says, arguments",
    [
        (127, 'exec: "nothing": executable file not found in $PATH', ["TASK", "--", "nothing"]),
        (127, "no such file or directory", ["TASK", "--", "/no/thing"]),
        (126, "permission denied", ["TASK", "--", "/etc"]),
        (125, "has no container db; it has app, side", ["TASK", "-c", "db", "--", "true"]),
        (125, "nothing that runs on this machine is task/ffffffffffff", ["ffffffffffff", "--", "true"]),
        (126, "unable to find user stranger", ["TASK", "-u", "stranger", "--", "true"]),
    ],
)
def test_what_can_not_be_run_is_said(shared, task, code, says, arguments):
    arguments = [short(task) if argument == "TASK" else argument for argument in arguments]
    done = shared.neargate("exec", *arguments, check=False)
    assert (done.returncode, done.stdout) == (code, "")
    assert says in done.stderr and done.stderr.startswith("neargate: ")


def test_a_terminal_is_passed_on(task, terminal):
    shell = terminal(short(task), "-c", "app", "--", "sh")
    shell.sees(r"\$ ")
    raw = shell.modes()
    assert not raw[3] & (termios.ICANON | termios.ECHO | termios.ISIG), "keys go to the command"
    shell.type("tty; stty size; echo $TERM; echo > /dev/tty && echo con''trols\n")
    shell.sees(r"/dev/pts/\d+\r\n33 99\r\nvt220\r\n")
    shell.sees("controls\r\n")
    shell.resize(44, 111)
    shell.type("sleep 0.2; stty size\n")
    shell.sees("44 111\r\n")
    shell.type("sleep 300130\n")
    until(lambda: runs("300130"), what="the command, in the shell's place at the terminal")
    shell.type("\x03")
    shell.sees(r"\$ ")
    shell.type("echo code $?\n")
    shell.sees(r"code 130\r\n")
    shell.type("exit 7\n")
    assert shell.ends() == 7
    assert shell.modes() == shell.before


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_signal_ends_the_command_and_leaves_the_terminal_as_it_was(task, terminal, number):
    marker = f"{300_000 + number}"
    client = terminal(short(task), "--", "sh", "-c", f"echo begun; trap '' HUP; sleep {marker}")
    client.sees("begun")
    assert client.modes() != client.before
    client.process.send_signal(number)
    assert client.ends() == 128 + number
    assert client.modes() == client.before
    until(lambda: not runs(marker), what="the command's end")


def test_a_paused_client_gives_the_terminal_back(task, terminal):
    client = terminal(short(task), "--", "sh")
    client.sees(r"\$ ")
    client.process.send_signal(signal.SIGTSTP)
    pid, status = os.waitpid(client.process.pid, os.WUNTRACED)
    assert os.WIFSTOPPED(status) and client.modes() == client.before
    client.process.send_signal(signal.SIGCONT)
    until(lambda: client.modes() != client.before, what="raw mode")
    client.type("exit 5\n")
    assert client.ends() == 5


def test_without_a_terminal_there_is_none(shared, task, terminal):
    client = terminal(short(task), "-T", "--", "sh", "-c", "test -t 0 || echo no''ne")
    client.sees("none\r\n")
    assert client.ends() == 0
    # Standard output goes to a pipe.
    assert "not a tty" in shared.neargate("exec", short(task), "--", "tty", check=False).stdout


def test_a_killed_clients_command_ends(shared, task):
    command = [shared.binary, "exec", "--data-dir", str(shared.data), short(task), "--", "sh", "-c", "sleep 300777 & sleep 300777"]
    client = subprocess.Popen(command, stdin=subprocess.DEVNULL)
    until(lambda: runs("300777"), what="the command")
    client.kill()
    client.wait()
    until(lambda: not runs("300777"), what="the command's end")


def test_a_reader_that_has_seen_enough_ends_the_command(shared, task):
    command = f"{shared.binary} exec --data-dir {shared.data} {short(task)} -- yes | head -n 1"
    assert subprocess.run(["sh", "-c", command], capture_output=True, text=True, timeout=20).stdout == "y\n"
    until(lambda: not runs("yes"), what="the end of yes")


def test_a_command_ends_with_its_task(shared, ecs, network):
    arn = run(ecs, network, define(ecs, container(command="exec sleep 100000", stopTimeout=2)))
    reaches(ecs, arn, "RUNNING")
    command = [shared.binary, "exec", "--data-dir", str(shared.data), short(arn), "--", "sh", "-c", "echo begun; trap '' TERM; sleep 100000"]
    client = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True)
    assert client.stdout.readline() == "begun\n"
    ecs.stop_task(task=arn)
    assert client.wait(timeout=20) == 137
    reaches(ecs, arn, "STOPPED")
    done = shared.neargate("exec", short(arn), "--", "true", check=False)
    assert done.returncode == 125 and "neargate status" in done.stderr


def test_commands_outlive_neargate(fresh):
    ecs, ec2 = fresh.client("ecs"), fresh.client("ec2")
    ecs.create_cluster(clusterName="default")
    network = public(ec2.describe_subnets()["Subnets"][0]["SubnetId"])
    arn = run(ecs, network, define(ecs, container(command="exec sleep 100000", stopTimeout=2)))
    reaches(ecs, arn, "RUNNING")
    before = Terminal(fresh, short(arn), "--", "sh")
    try:
        before.sees("# ")
        fresh.kill()
        before.type("echo still''here\n")
        before.sees("stillhere\r\n")
        fresh.up()
        done = fresh.neargate("exec", short(arn), "--", "sh", "-c", "exit 8", check=False)
        assert done.returncode == 8
        before.type("exit 4\n")
        assert before.ends() == 4
    finally:
        before.close()


def test_the_api_of_session_manager_is_refused_by_name(ecs, task):
    with pytest.raises(ecs.exceptions.ClientError, match="NotImplemented.*ExecuteCommand is not implemented"):
        ecs.execute_command(task=task, interactive=True, command="sh")
