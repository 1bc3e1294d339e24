"""Terraform with the AWS provider, unchanged: what it applies answers, the next plan is empty, and destroying leaves nothing.

Neither is on every machine. The tests look for `terraform` on PATH, and for the provider in $TF_PLUGIN_DIR and where Terraform itself would
look for one; without them they are skipped, and say what was missing.
"""

import json
import os
import pathlib
import shutil
import subprocess

import images
import pytest
from inventory import inventory
from region import until

EXAMPLES = pathlib.Path(__file__).parents[2] / "examples" / "terraform"
PROGRAMS = pathlib.Path(__file__).with_name("terraform")
PLUGINS = [
    os.environ.get("TF_PLUGIN_DIR"),
    "/opt/tf-plugins",
    "/usr/local/share/terraform/plugins",
    "/usr/share/terraform/plugins",
    os.path.expanduser("~/.terraform.d/plugins"),
]


@pytest.fixture(scope="session")
def plugins():
    """The directory of the provider, of one of Terraform's usual layouts."""
    if not shutil.which("terraform"):
        pytest.skip("terraform is not on PATH")
    for directory in filter(None, PLUGINS):
        if any(pathlib.Path(directory).glob("**/terraform-provider-aws*")):
            return directory
    pytest.skip(f"no terraform-provider-aws in {', '.join(filter(None, PLUGINS))}")


class Program:
    """A program of Terraform's in a directory of its own, and a region that it is applied to."""

    def __init__(self, region, directory, source, plugins):
        self.region, self.directory, self.variables = region, directory, {}
        self.directory.mkdir()
        for file in source.glob("*.tf"):
            shutil.copy(file, self.directory)
        self.run("init", f"-plugin-dir={plugins}")

    def run(self, *arguments, expect=(0,)):
        configuration = self.directory / "terraform.rc"
        configuration.touch()
        environment = {
            **self.region.environment(),
            **{f"TF_VAR_{name}": str(value) for name, value in self.variables.items()},
            "AWS_EC2_METADATA_DISABLED": "true",
            "CHECKPOINT_DISABLE": "1",
            "TF_CLI_CONFIG_FILE": str(configuration),
            "TF_IN_AUTOMATION": "1",
        }
        command = ["terraform", *arguments, *(["-input=false"] if arguments[0] in ("init", "plan", "apply") else []), "-no-color"]
        done = subprocess.run(command, cwd=self.directory, env=environment, capture_output=True, text=True, timeout=600)
        assert done.returncode in expect, f"terraform {arguments}:\n{done.stdout[-6000:]}\n{done.stderr[-6000:]}"
        return done

    def apply(self):
        return self.run("apply", "-auto-approve").stdout

    def assert_nothing_to_do(self):
        plan = self.run("plan", "-detailed-exitcode", expect=(0, 2))
        assert plan.returncode == 0, plan.stdout

    def destroy(self):
        return self.run("destroy", "-auto-approve").stdout

    def output(self, name):
        return json.loads(self.run("output", "-json", name).stdout)

    def change(self, old, new):
        """Edits the program, as somebody would who maintains it."""
        source = self.directory / "main.tf"
        text = source.read_text()
        assert old in text
        source.write_text(text.replace(old, new))

    def resources(self):
        """The ids of all that it manages, by address."""
        state = json.loads(self.run("show", "-json").stdout)
        found = state.get("values", {}).get("root_module", {}).get("resources", [])
        return {r["address"]: r["values"]["id"] for r in found if r["mode"] == "managed"}


@pytest.fixture
def terraform(fresh, tmp_path, plugins):
    """Makes a program and, at the end, asserts that destroying it left the region as it was."""
    for version in ("v1", "v2"):
        archive = tmp_path / f"{version}.tar"
        page = {"/www/index.html": f"This is {version}\n".encode(), "/www/a/index.html": b"rule\n"}
        command = {"Cmd": ["httpd", "-f", "-h", "/www"], "Env": ["PATH=/bin"]}
        images.save(archive, f"hello:{version}", [images.busybox(page)], command)
        fresh.load(archive)
    before = inventory(fresh)
    made = []

    def make(source, **variables):
        program = Program(fresh, tmp_path / "program", source, plugins)
        program.variables = variables
        made.append(program)
        return program

    yield make
    for program in made:
        assert inventory(fresh) != before, "the inventory sees none of what the program made"
        program.destroy()
        assert program.resources() == {}
    # Network interfaces of tasks and load balancers are their services', which take them away when they are done.
    until(lambda: inventory(fresh) == before, 60, "a region as it was")


def curl(region, url, *options):
    return region.neargate("from", "internet", "--", "curl", "-s", "--max-time", "5", *options, url, check=False).stdout


def healthy(region):
    """Waits until every target of every load balancer is healthy: Amazon ECS counts a task as running before that."""
    client = region.client("elbv2")

    def states():
        groups = client.describe_target_groups()["TargetGroups"]
        found = [client.describe_target_health(TargetGroupArn=g["TargetGroupArn"])["TargetHealthDescriptions"] for g in groups]
        return [target["TargetHealth"]["State"] for group in found for target in group]

    until(lambda: set(states()) == {"healthy"}, 60, "healthy targets")


def test_a_task_in_a_public_subnet(fresh, terraform):
    program = terraform(EXAMPLES / "public-subnet", image="hello:v1")
    program.apply()
    assert curl(fresh, f"http://{program.output('address')}/") == "This is v1\n"
    program.assert_nothing_to_do()
    fresh.kill()
    fresh.up()
    program.assert_nothing_to_do()
    assert curl(fresh, f"http://{program.output('address')}/") == "This is v1\n"

    # Another image is another revision, and the service is updated in place.
    before = program.resources()
    program.variables["image"] = "hello:v2"
    assert "1 added, 1 changed, 1 destroyed" in program.apply()
    assert program.resources()["aws_ecs_service.web"] == before["aws_ecs_service.web"]
    until(lambda: curl(fresh, f"http://{address(program)}/") == "This is v2\n", 30, "the new page")
    program.assert_nothing_to_do()

    # A cluster can't be renamed: it and its service are replaced.
    program.change('name = "public-subnet"', 'name = "another"')
    assert "2 added, 0 changed, 2 destroyed" in program.apply()
    program.assert_nothing_to_do()


def address(program):
    """The output of now: which task there is changes without the program."""
    program.run("refresh")
    return program.output("address")


def test_private_tasks_behind_an_application_load_balancer(fresh, terraform):
    program = terraform(EXAMPLES / "private-nat-alb", image="hello:v1")
    program.apply()
    healthy(fresh)
    assert curl(fresh, program.output("url")) == "This is v1\n"
    program.assert_nothing_to_do()
    program.variables = {"image": "hello:v2", "desired_count": 3}
    program.apply()
    assert curl(fresh, program.output("url")) == "This is v2\n"
    assert fresh.client("ecs").describe_services(cluster="private-nat-alb", services=["web"])["services"][0]["runningCount"] == 3
    program.assert_nothing_to_do()


def test_two_tiers_that_find_each_other(fresh, terraform):
    program = terraform(EXAMPLES / "two-tiers", image="hello:v1")
    program.apply()
    healthy(fresh)
    assert curl(fresh, program.output("url")) == "Hello from the second tier\n"
    program.assert_nothing_to_do()


def test_one_of_each_kind(fresh, terraform, tmp_path):
    key, body = tmp_path / "key.pem", tmp_path / "body.pem"
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "30", "-subj", "/CN=many.example.com"]
    subprocess.run([*command, "-keyout", key, "-out", body], check=True, capture_output=True)
    certificate = json.dumps({"body": body.read_text(), "key": key.read_text()})
    program = terraform(PROGRAMS / "many", certificate=certificate)
    program.apply()
    program.assert_nothing_to_do()
    program.variables["generation"] = 2
    program.apply()
    program.assert_nothing_to_do()
