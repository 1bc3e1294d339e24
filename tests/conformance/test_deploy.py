"""`neargate deploy`: a template becomes a stack, and exit code and words say how that went."""

import json
import os
import pty
import re
import signal
import subprocess

import pytest
from region import until

GROUP = """
Parameters:
  Days: {Type: Number, Default: 7}
  Name: {Type: String, Default: first}
Resources:
  Logs: {Type: AWS::Logs::LogGroup, Properties: {RetentionInDays: !Ref Days}}
  Named: {Type: AWS::SSM::Parameter, Properties: {Type: String, Name: !Sub "/${AWS::StackName}", Value: !Sub "${Name} ${Logs}"}}
Outputs:
  Group: {Value: !Ref Logs, Description: Where the lines are}
"""

FAILING_SERVICE = {
    "Resources": {
        "Cluster": {"Type": "AWS::ECS::Cluster"},
        "Task": {
            "Type": "AWS::ECS::TaskDefinition",
            "Properties": {
                "RequiresCompatibilities": ["FARGATE"],
                "NetworkMode": "awsvpc",
                "Cpu": "256",
                "Memory": "512",
                "ContainerDefinitions": [{"Name": "app", "Image": "busybox:latest", "Command": ["sh", "-c", "exit 3"]}],
            },
        },
        "Web": {
            "Type": "AWS::ECS::Service",
            "Properties": {
                "Cluster": {"Ref": "Cluster"},
                "TaskDefinition": {"Ref": "Task"},
                "LaunchType": "FARGATE",
                "DesiredCount": 1,
                "DeploymentConfiguration": {"DeploymentCircuitBreaker": {"Enable": True, "Rollback": False}},
            },
        },
    }
}


@pytest.fixture
def template(tmp_path, shared):
    """Writes a template to a file named after its stack, which is gone with the test."""
    written = []

    def write(name, text):
        path = tmp_path / f"{name}.yml"
        path.write_text(text if isinstance(text, str) else json.dumps(text))
        written.append(path)
        return path

    yield write
    for path in dict.fromkeys(written):
        assert deploy(shared, path, "--delete").returncode == 0


def deploy(region, *arguments):
    command = [region.binary, "deploy", "--data-dir", str(region.data), *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=180)


def parameter(shared, name):
    return shared.client("ssm").get_parameter(Name=name)["Parameter"]["Value"]


def test_created_updated_and_left_as_it_is(shared, template):
    path = template("deploy-group", GROUP)
    done = deploy(shared, path, "--param", "Name=one=1", "--tag", "team=shop")
    assert (done.returncode, done.stderr) == (0, "")
    head, titles, row = done.stdout.splitlines()
    assert head == "deploy-group: CREATE_COMPLETE"
    assert titles.split() == ["OUTPUT", "VALUE", "DESCRIPTION"]
    group = re.fullmatch(r"Group +(\S+) +Where the lines are", row)[1]
    assert parameter(shared, "/deploy-group") == f"one=1 {group}"

    same = deploy(shared, path)
    assert same.returncode == 0 and same.stdout.startswith("No updates are to be performed: deploy-group is what ")
    assert row in same.stdout, "it still tells its outputs"

    updated = deploy(shared, path, "--param", "Days=30")
    assert (updated.returncode, updated.stdout.splitlines()[0]) == (0, "deploy-group: UPDATE_COMPLETE")
    (found,) = shared.client("logs").describe_log_groups(logGroupNamePrefix=group)["logGroups"]
    assert found["retentionInDays"] == 30
    assert parameter(shared, "/deploy-group") == f"one=1 {group}", "what is not given keeps its value"
    (stack,) = shared.client("cloudformation").describe_stacks(StackName="deploy-group")["Stacks"]
    assert stack["Tags"] == [{"Key": "team", "Value": "shop"}]

    gone = deploy(shared, path, "--delete")
    assert (gone.returncode, gone.stdout) == (0, "deploy-group: DELETE_COMPLETE\n")
    assert deploy(shared, "--stack", "deploy-group", "--delete").stdout == "There is no stack deploy-group.\n"


def test_each_event_has_a_line_where_there_is_no_terminal(shared, template):
    path = template("deploy-lines", GROUP)
    done = deploy(shared, path, "--watch")
    assert done.returncode == 0
    events = [line.split() for line in done.stdout.splitlines() if re.match(r"\d\d:\d\d:\d\d  ", line)]
    assert "\x1b" not in done.stdout, "nothing is drawn"
    by_name = lambda name: [event[1] for event in events if event[2] == name]  # noqa: E731
    assert by_name("deploy-lines") == ["CREATE_IN_PROGRESS", "CREATE_COMPLETE"]
    assert by_name("Logs")[0] == "CREATE_IN_PROGRESS" and by_name("Logs")[-1] == "CREATE_COMPLETE"
    names = [event[2] for event in events]
    assert names.index("Logs") < names.index("Named"), "what is needed comes first"
    again = deploy(shared, path, "--watch", "--param", "Name=second")
    assert "CREATE_IN_PROGRESS" not in again.stdout, "only what happens now is told"


def test_a_failure_is_rolled_back_and_says_why(shared, template):
    shared.client("ssm").put_parameter(Name="/deploy-failing", Value="mine", Type="String")
    path = template("deploy-failing", GROUP)
    done = deploy(shared, path)
    assert (done.returncode, done.stdout) == (1, "")
    head, reason, *_ = done.stderr.splitlines()
    assert head == "neargate: deploy-failing: ROLLBACK_COMPLETE"
    assert reason.startswith("  Named (AWS::SSM::Parameter): ") and "exist" in reason
    assert parameter(shared, "/deploy-failing") == "mine"

    shared.client("ssm").delete_parameter(Name="/deploy-failing")
    done = deploy(shared, path)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("deploy-failing is in ROLLBACK_COMPLETE, from which it can only be deleted: it is made anew.\n")
    assert "deploy-failing: CREATE_COMPLETE" in done.stdout


def test_without_rollback_what_was_made_stays(shared, template):
    shared.client("ssm").put_parameter(Name="/deploy-stays", Value="mine", Type="String")
    done = deploy(shared, template("deploy-stays", GROUP), "--no-rollback")
    assert done.returncode == 1 and "deploy-stays: CREATE_FAILED" in done.stderr
    resources = shared.client("cloudformation").list_stack_resources(StackName="deploy-stays")["StackResourceSummaries"]
    assert {r["LogicalResourceId"]: r["ResourceStatus"] for r in resources} == {"Logs": "CREATE_COMPLETE", "Named": "CREATE_FAILED"}
    shared.client("ssm").delete_parameter(Name="/deploy-stays")


def test_what_could_not_be_begun(shared, template, tmp_path):
    wrong = template("deploy-wrong", "Resources: {A: {Type: AWS::Nothing::There}}")
    done = deploy(shared, wrong)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "neargate: Template format error: Unrecognized resource types: [AWS::Nothing::There]\n"
    missing = deploy(shared, tmp_path / "none.yml")
    assert missing.returncode == 2 and "reading " in missing.stderr
    unknown = deploy(shared, template("deploy-unknown", GROUP), "--param", "Nobody=1")
    assert unknown.returncode == 2 and "Nobody" in unknown.stderr
    nameless = deploy(shared, tmp_path / "1.yml")
    assert nameless.returncode == 2 and "--stack" in nameless.stderr


def test_a_template_may_be_longer_than_one_of_a_request(shared, template):
    padding = "".join(f"# {n:070}\n" for n in range(2_000))
    assert len(padding) > 51_200
    done = deploy(shared, template("deploy-long", GROUP + padding))
    assert done.returncode == 0, done.stderr
    too_long = deploy(shared, template("deploy-too-long", GROUP + padding * 10))
    assert too_long.returncode == 2 and "Template may not exceed 1048576 bytes in size." in too_long.stderr


def test_a_service_that_fails_says_what_became_of_its_tasks(shared, template, network):
    resources = {**FAILING_SERVICE["Resources"]}
    properties = {**resources["Web"]["Properties"], "NetworkConfiguration": {"AwsvpcConfiguration": {
        "Subnets": network["awsvpcConfiguration"]["subnets"], "AssignPublicIp": "ENABLED"}}}
    path = template("deploy-service", {"Resources": {**resources, "Web": {**resources["Web"], "Properties": properties}}})
    done = deploy(shared, path, "--watch")
    assert done.returncode == 1
    assert "neargate: deploy-service: ROLLBACK_COMPLETE" in done.stderr
    assert "  Web (AWS::ECS::Service): " in done.stderr and "Circuit Breaker" in done.stderr
    assert re.search(r"    task [0-9a-f]{32} stopped: Essential container in task exited \(app: exit code 3\)", done.stderr)
    assert re.search(r"^\S+  PRIMARY \S+  IN_PROGRESS  desired 1, ", done.stdout, re.M), "deployments have lines, too"


def test_on_a_terminal_a_tree_is_drawn_until_ctrl_c(shared, template, network):
    """A stack that would go on for long: its service never gets steady, as it has no way to its image."""
    resources = {**FAILING_SERVICE["Resources"]}
    lonely = {"AwsvpcConfiguration": {"Subnets": network["awsvpcConfiguration"]["subnets"], "AssignPublicIp": "DISABLED"}}
    properties = {**resources["Web"]["Properties"], "NetworkConfiguration": lonely}
    path = template("deploy-tree", {"Resources": {**resources, "Web": {**resources["Web"], "Properties": properties}}})
    parent, child = pty.openpty()
    command = [shared.binary, "deploy", "--data-dir", str(shared.data), str(path)]
    process = subprocess.Popen(command, stdin=child, stdout=child, stderr=subprocess.PIPE, text=True, start_new_session=True)
    os.close(child)
    shown = b""
    while not (b"PRIMARY" in shown and b"\x1b[J" in shown):
        shown += os.read(parent, 4096)
    shown = shown.decode(errors="replace")
    process.send_signal(signal.SIGINT)
    assert process.wait(timeout=10) == 130
    assert process.stderr.read().startswith("neargate: deploy-tree goes on without this command")
    os.close(parent)
    assert re.search(r"\x1b\[\d+A\r\x1b\[J", shown), "it is drawn in place"
    assert "  … Web  AWS::ECS::Service  CREATE_IN_PROGRESS  " in shown and "  ✓ Cluster  AWS::ECS::Cluster  CREATE_COMPLETE  " in shown
    cloudformation = shared.client("cloudformation")
    status = lambda: cloudformation.describe_stacks(StackName="deploy-tree")["Stacks"][0]["StackStatus"]  # noqa: E731
    assert status() == "CREATE_IN_PROGRESS"
    cloudformation.delete_stack(StackName="deploy-tree")
    until(lambda: not [s for s in cloudformation.describe_stacks()["Stacks"] if s["StackName"] == "deploy-tree"], 60)
