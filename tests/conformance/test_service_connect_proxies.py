"""The proxies of Amazon ECS Service Connect: processes in their tasks' control groups that outlive the region's own."""

import os
import pathlib
import signal
import subprocess

import pytest
from networks import Networks
from region import until
from tasks import ROLE, awslogs, container, define
from test_service_connect import IDLE, OFFER, Mesh, port

ASK = """n=0; failed=0; while [ ! -e /tmp/over ]; do
if wget -q -O /dev/null http://api/ 2>/tmp/why; then n=$((n+1)); else failed=$((failed+1)); cat /tmp/why; fi; done; echo $n $failed"""


@pytest.fixture
def mesh(fresh):
    """A region of the test's own with services in one namespace."""
    ecs = fresh.client("ecs")
    ecs.create_cluster(clusterName="default")
    fresh.client("servicediscovery").create_http_namespace(Name="mesh")
    return Mesh(fresh, Networks(fresh), ecs, 8080)


def proxy(region, arn):
    """The process of a task's proxy."""
    task = arn.rsplit("/", 1)[1]
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            arguments = pathlib.Path(f"/proc/{pid}/cmdline").read_bytes().decode(errors="replace")
        except OSError:
            continue
        if str(region.data) in arguments and f"/{task}/connect" in arguments:
            return int(pid)
    return None


def test_a_proxy_counts_for_its_task_and_is_started_anew_when_it_dies(fresh, mesh):
    mesh.serve()
    mesh.client()
    mesh.healthy("api", 1)
    (web,) = mesh.tasks("web")
    assert mesh.run(web, "wget -q -O - http://api/")[0] == 0
    pid = proxy(fresh, web)
    groups = pathlib.Path(f"/proc/{pid}/cgroup").read_text()
    assert f"{web.rsplit('/', 1)[1]}/ecs-service-connect-" in groups, groups
    os.kill(pid, signal.SIGKILL)
    until(lambda: proxy(fresh, web) not in (None, pid), what="another process")
    until(lambda: mesh.run(web, "wget -q -O - http://api/")[0] == 0, 10, "an answer")
    mesh.clear()
    until(lambda: proxy(fresh, web) is None, what="the proxy's end with its task")


def test_requests_go_on_while_the_region_is_killed_and_comes_back(fresh, mesh):
    mesh.serve(2)
    mesh.client()
    mesh.healthy("api", 2)
    (web,) = mesh.tasks("web")
    before = proxy(fresh, web)
    command = [fresh.binary, "exec", "--data-dir", str(fresh.data), "-T", web, "--", "sh", "-c", ASK]
    asking = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    until(lambda: mesh.run(web, "test -e /tmp/why")[0] == 0, what="the first request")
    fresh.kill()
    fresh.up()
    # What comes and goes is known to the proxies that were there.
    mesh.ecs.update_service(service="api", desiredCount=3)
    mesh.healthy("api", 3)
    answers = set()
    until(lambda: answers.add(mesh.run(web, "wget -q -O - http://api/")[1]) or len(answers) == 3, what="answers of all three")
    mesh.run(web, "touch /tmp/over")
    told = asking.communicate(timeout=30)[0].strip().splitlines()
    count, failed = map(int, told[-1].split())
    assert failed == 0 and count > 20, told
    assert proxy(fresh, web) == before


def test_an_application_that_is_slow_to_listen_costs_no_request(mesh):
    # Nothing says that it is healthy only then: it is behind the name from its start.
    serve = "sleep 3; mkdir -p /www; hostname > /www/index.html; httpd -f -p 8080 -h /www"
    definition = define(mesh.ecs, container(command=serve, portMappings=[port(8080, "http", "http")]))
    mesh.create("api", definition, OFFER)
    mesh.client()
    (web,) = mesh.tasks("web")
    until(lambda: mesh.run(web, "wget -q -O - http://api/")[0] == 0, what="the first answer")
    command = [mesh.region.binary, "exec", "--data-dir", str(mesh.region.data), "-T", web, "--", "sh", "-c", ASK]
    asking = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    mesh.ecs.update_service(service="api", desiredCount=3)
    answers = set()
    until(lambda: answers.add(mesh.run(web, "wget -q -O - http://api/")[1]) or len(answers) == 3, 60, "answers of all three")
    mesh.run(web, "touch /tmp/over")
    told = asking.communicate(timeout=30)[0].strip().splitlines()
    count, failed = map(int, told[-1].split())
    assert failed == 0 and count > 20, told


def test_what_containers_listen_at_is_in_nobodys_way(mesh):
    mesh.serve()
    serve = "mkdir -p /w; echo mine > /w/index.html; httpd -p 80 -h /w; httpd -p 15000 -h /w; " + IDLE
    mesh.create("web", define(mesh.ecs, container(command=serve, portMappings=[{"containerPort": 80}, {"containerPort": 15000}])))
    mesh.healthy("api", 1)
    (web,) = mesh.tasks("web")
    assert mesh.run(web, "wget -q -O - http://api/")[1].startswith("ip-"), "the alias has the port that a container listens at"
    assert mesh.run(web, "wget -q -O - http://127.0.0.1/") == (0, "mine")
    assert mesh.run(web, "wget -q -O - http://127.0.0.1:15000/") == (0, "mine"), "which the proxy would have taken first"


def test_a_proxys_lines_go_where_its_service_says(fresh, mesh):
    definition = define(
        mesh.ecs, container(command=IDLE, portMappings=[{"containerPort": 8080, "name": "http"}]), executionRoleArn=ROLE
    )
    offer = [{"portName": "http", "discoveryName": "api", "clientAliases": [{"port": 80}]}]
    log = awslogs("/proxies", **{"awslogs-create-group": "true"})
    mesh.create("api", definition, offer, logConfiguration=log)
    mesh.tasks("api")
    logs = fresh.client("logs")

    def lines():
        events = logs.filter_log_events(logGroupName="/proxies")["events"]
        return [event["message"] for event in events if "ecs-service-connect-" in event["logStreamName"]]

    until(lambda: "[info] offers api (tcp), behind which is 127.0.0.1:8080" in lines(), what="what it serves")
