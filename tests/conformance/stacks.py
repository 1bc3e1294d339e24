"""Stacks of AWS CloudFormation: made with the AWS CLI as people make them, and what tests ask of them."""

import json
import pathlib
import subprocess

import images
from inventory import inventory
from region import until

EXAMPLES = pathlib.Path(__file__).parents[2] / "examples" / "cloudformation"
CAPABILITIES = ["CAPABILITY_IAM", "CAPABILITY_NAMED_IAM", "CAPABILITY_AUTO_EXPAND"]


def page(region, directory, name, text, port=80, paths=("index.html",)):
    """Loads an image that answers HTTP with a page, under a name that a template asks for."""
    files = {f"/www/{path}": f"{text}\n".encode() for path in paths}
    # Process 1 of a container gets no signal that it has no handler for, so it is the shell that has one.
    serve = f"trap 'exit 0' TERM; httpd -f -p {port} -h /www & wait $!"
    load(region, directory, name, ["sh", "-c", serve], files)


def load(region, directory, name, command=("sh",), files=None):
    """Loads an image of busybox under a name that a template asks for."""
    archive = directory / "image.tar"
    images.save(archive, name, [images.busybox(files)], {"Cmd": list(command), "Env": ["PATH=/bin"]})
    region.load(archive)


def push(region, directory, repository, command, files=None, tag="latest"):
    """Pushes an image of busybox to a repository of Amazon ECR, as `docker push` would."""
    archive, authorizations = directory / "image.tar", directory / "auth.json"
    images.save(archive, "image:latest", [images.busybox(files)], {"Cmd": list(command), "Env": ["PATH=/bin"]})
    host, known = f"127.0.0.1:{region.port}", f"--authfile={authorizations}"
    login = ["skopeo", "login", "--tls-verify=false", "--username", "AWS", "--password-stdin", known, host]
    password = region.aws("ecr", "get-login-password").strip()
    subprocess.run(login, input=password, check=True, capture_output=True, text=True)
    copy = ["skopeo", "copy", "--dest-tls-verify=false", known, f"docker-archive:{archive}", f"docker://{host}/{repository}:{tag}"]
    subprocess.run(copy, check=True, capture_output=True)


class Stack:
    """A stack by its name, there or not."""

    def __init__(self, region, name, template):
        self.region, self.name, self.template = region, name, pathlib.Path(template)
        self.cloudformation, self.parameters = region.client("cloudformation"), {}

    def begin_deploy(self, **parameters):
        """Starts `aws cloudformation deploy`; `deployed` waits for it. Parameters that aren't given stay as they are."""
        command = [self.region.aws_program(), "cloudformation", "deploy", "--stack-name", self.name]
        command += ["--template-file", str(self.template), "--no-fail-on-empty-changeset", "--capabilities", *CAPABILITIES]
        if parameters:
            command += ["--parameter-overrides", *(f"{key}={value}" for key, value in parameters.items())]
        environment = self.region.environment()
        return subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)

    def deployed(self, process):
        said = process.communicate(timeout=300)[0]
        assert process.returncode == 0, f"{said}\n{self.story()}"
        return said

    def deploy(self, **parameters):
        """`aws cloudformation deploy`, to its end."""
        return self.deployed(self.begin_deploy(**parameters))

    def create(self, *options, **parameters):
        """`aws cloudformation create-stack`, which returns when it has begun."""
        self.parameters = parameters
        return self.call("create-stack", *options)

    def update(self, *options, **parameters):
        """`aws cloudformation update-stack`, which returns when it has begun. Parameters that aren't given stay as they are."""
        kept = {parameter["ParameterKey"]: None for parameter in self.describe().get("Parameters", [])}
        self.parameters = {**kept, **parameters}
        return self.call("update-stack", *options)

    def call(self, command, *options):
        given = [
            {"ParameterKey": key, "UsePreviousValue": True} if value is None else {"ParameterKey": key, "ParameterValue": str(value)}
            for key, value in self.parameters.items()
        ]
        body = ["--template-body", f"file://{self.template}"]
        if self.template.stat().st_size > 51_200:
            # More than a request may have: it is read from a bucket.
            self.region.aws("s3", "cp", self.template, f"s3://templates/{self.template.name}")
            body = ["--template-url", f"https://s3.amazonaws.com/templates/{self.template.name}"]
        body += ["--capabilities", *CAPABILITIES, "--parameters", json.dumps(given)]
        return self.region.aws("cloudformation", command, "--stack-name", self.name, *body, *options)

    def delete(self):
        """Deletes it, to the end, if it is there."""
        found = [stack for stack in self.cloudformation.describe_stacks()["Stacks"] if stack["StackName"] == self.name]
        if not found:
            return
        id = found[0]["StackId"]
        self.region.aws("cloudformation", "delete-stack", "--stack-name", self.name)
        self.reaches("DELETE_COMPLETE", id=id)

    def describe(self, id=None):
        return self.cloudformation.describe_stacks(StackName=id or self.name)["Stacks"][0]

    def status(self, id=None):
        return self.describe(id)["StackStatus"]

    def reaches(self, status, seconds=420, id=None):
        """Waits for the end of what is being done to it, and for that status."""
        id = id or self.describe()["StackId"]

        def ended():
            now = self.status(id)
            return now if not now.endswith("_IN_PROGRESS") else None

        try:
            found = until(ended, seconds, f"an end of {self.name}")
        except AssertionError as error:
            raise AssertionError(f"{error}\n{self.story(id)}") from None
        assert found == status, f"{self.name}: {found}\n{self.story(id)}"

    def outputs(self):
        return {output["OutputKey"]: output["OutputValue"] for output in self.describe().get("Outputs", [])}

    def resources(self):
        """Physical ids by logical id."""
        pages = self.cloudformation.get_paginator("list_stack_resources").paginate(StackName=self.name)
        found = [resource for page in pages for resource in page["StackResourceSummaries"]]
        return {one["LogicalResourceId"]: one.get("PhysicalResourceId") for one in found if one["ResourceStatus"] != "DELETE_COMPLETE"}

    def events(self, id=None):
        """All of them, the oldest first."""
        pages = self.cloudformation.get_paginator("describe_stack_events").paginate(StackName=id or self.name)
        return [event for page in pages for event in page["StackEvents"]][::-1]

    def story(self, id=None):
        """What happened, for whoever reads a failed test."""
        lines = [
            f"{event['Timestamp']:%H:%M:%S} {event['ResourceStatus']} {event['LogicalResourceId']} {event.get('ResourceStatusReason', '')}"
            for event in self.events(id)
        ]
        return "\n".join(lines[-60:])


def curl(region, url, *options, place="internet"):
    """What somebody at a vantage point gets; nothing if there is no answer."""
    program = ["curl", "-s", "-m", "5", *options, url]
    return region.neargate("from", place, "--", *program, check=False).stdout


def tasks(region, cluster, service):
    """The running tasks of a service."""
    ecs = region.client("ecs")
    arns = ecs.list_tasks(cluster=cluster, serviceName=service, desiredStatus="RUNNING")["taskArns"]
    found = ecs.describe_tasks(cluster=cluster, tasks=arns)["tasks"] if arns else []
    return [task for task in found if task["lastStatus"] == "RUNNING"]


def public_address(region, task):
    """The address by which the internet reaches a task."""
    details = {d["name"]: d["value"] for a in task["attachments"] for d in a["details"]}
    interface = region.client("ec2").describe_network_interfaces(NetworkInterfaceIds=[details["networkInterfaceId"]])
    return interface["NetworkInterfaces"][0]["Association"]["PublicIp"]


def assert_as_before(region, before):
    """Asserts that everything is as it was. Interfaces of tasks and load balancers are their services', which take them away when they are done."""
    now = inventory(region)
    if now != before:
        changed = lambda: {kind: (set(found) - set(before[kind]), set(before[kind]) - set(found)) for kind, found in inventory(region).items() if found != before[kind]}
        try:
            until(lambda: not changed(), 20, "a region as it was")
        except AssertionError:
            raise AssertionError(f"left or missing: {changed()}") from None
