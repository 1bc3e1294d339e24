"""Operations of AWS CloudFormation with its real clients: nested stacks from Amazon S3, exports, events, refusals, and neargate killed meanwhile."""

import json

import pytest
from inventory import inventory
from region import until
from stacks import EXAMPLES, Stack, assert_as_before, curl, page

GROUP = {"Type": "AWS::Logs::LogGroup"}


@pytest.fixture
def make(shared, tmp_path):
    """Makes stacks of templates that a test writes, and deletes what is left of them, the last one first."""
    before, made = inventory(shared), []

    def stack(name, template):
        path = tmp_path / f"{name}.json"
        path.write_text(json.dumps(template))
        made.append(Stack(shared, name, path))
        return made[-1]

    yield stack
    for one in reversed(made):
        one.delete()
    assert_as_before(shared, before)


def write(stack, template):
    """Goes on with another template."""
    stack.template.write_text(json.dumps(template))


def group(name, **more):
    return {**GROUP, "Properties": {"LogGroupName": name, **more}}


# Each a wrong template, what else is given, and what is said of it.
WRONG = {
    "no resources": ({}, "Template format error: At least one Resources member must be defined."),
    "an unknown type": (
        {"Resources": {"A": {"Type": "AWS::EC2::Moat"}}},
        "Template format error: Unrecognized resource types: [AWS::EC2::Moat]",
    ),
    "a custom resource": (
        {"Resources": {"A": {"Type": "Custom::Thing", "Properties": {"ServiceToken": "arn:aws:lambda:us-east-1:123456789012:function:f"}}}},
        "neargate does not support custom resources yet: [Custom::Thing]",
    ),
    "the Serverless transform": (
        {"Transform": "AWS::Serverless-2016-10-31", "Resources": {"A": GROUP}},
        "AWS::Serverless-2016-10-31",
    ),
    "an unknown property": (
        {"Resources": {"A": {**GROUP, "Properties": {"Colour": "red"}}}},
        "Colour",
    ),
    "a missing property": ({"Resources": {"A": {"Type": "AWS::EC2::Subnet"}}}, "VpcId"),
    "a reference to nothing": (
        {"Resources": {"A": group({"Ref": "B"})}},
        "Template format error: Unresolved resource dependencies [B] in the Resources block of the template",
    ),
    "a circle": (
        {"Resources": {"A": {**GROUP, "DependsOn": "B"}, "B": {**GROUP, "DependsOn": "A"}}},
        "Circular dependency between resources: [A, B]",
    ),
    "a parameter without a value": (
        {"Parameters": {"Name": {"Type": "String"}}, "Resources": {"A": GROUP}},
        "Parameters: [Name] must have values",
    ),
    "an unacknowledged role": (
        {"Resources": {"A": {"Type": "AWS::IAM::Role", "Properties": {"AssumeRolePolicyDocument": {}}}}},
        "Requires capabilities : [CAPABILITY_IAM]",
    ),
}


@pytest.mark.parametrize("what", WRONG)
def test_wrong_templates_are_refused_before_anything_is_made(shared, tmp_path, what):
    template, message = WRONG[what]
    path = tmp_path / "wrong.json"
    path.write_text(json.dumps(template))
    done = shared.aws("cloudformation", "create-stack", "--stack-name", "wrong", "--template-body", f"file://{path}", check=False)
    assert done.returncode != 0 and message in done.stderr, done.stderr
    assert "wrong" not in [stack["StackName"] for stack in shared.client("cloudformation").list_stacks()["StackSummaries"]]


def said(stack, id=None):
    """What its events say: whose, which status, and why."""
    return [(e["LogicalResourceId"], e["ResourceStatus"], e.get("ResourceStatusReason")) for e in stack.events(id)]


def test_events_say_what_is_done_and_why(make):
    stack = make("told", {"Resources": {"First": group("told-1"), "Second": {**group("told-2"), "DependsOn": "First"}}})
    id = stack.create()["StackId"]
    stack.reaches("CREATE_COMPLETE")
    initiated = "Resource creation Initiated"
    created = [
        ("told", "CREATE_IN_PROGRESS", "User Initiated"),
        ("First", "CREATE_IN_PROGRESS", None),
        ("First", "CREATE_IN_PROGRESS", initiated),
        ("First", "CREATE_COMPLETE", None),
        ("Second", "CREATE_IN_PROGRESS", None),
        ("Second", "CREATE_IN_PROGRESS", initiated),
        ("Second", "CREATE_COMPLETE", None),
        ("told", "CREATE_COMPLETE", None),
    ]
    assert said(stack) == created

    # A name that can't be changed takes a new group, and the old one goes at the end.
    write(stack, {"Resources": {"First": group("told-1", RetentionInDays=7), "Second": {**group("told-3"), "DependsOn": "First"}}})
    stack.update()
    stack.reaches("UPDATE_COMPLETE")
    replacing = "Requested update requires the creation of a new physical resource; hence creating one."
    updated = [
        ("told", "UPDATE_IN_PROGRESS", "User Initiated"),
        ("First", "UPDATE_IN_PROGRESS", None),
        ("First", "UPDATE_COMPLETE", None),
        ("Second", "UPDATE_IN_PROGRESS", replacing),
        ("Second", "UPDATE_IN_PROGRESS", initiated),
        ("Second", "UPDATE_COMPLETE", None),
        ("told", "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS", None),
        ("Second", "DELETE_IN_PROGRESS", None),
        ("Second", "DELETE_COMPLETE", None),
        ("told", "UPDATE_COMPLETE", None),
    ]
    assert said(stack)[len(created) :] == updated

    stack.delete()
    deleted = [(whose, status) for whose, status, _ in said(stack, id)[len(created) + len(updated) :]]
    assert deleted == [
        ("told", "DELETE_IN_PROGRESS"),
        ("Second", "DELETE_IN_PROGRESS"),
        ("Second", "DELETE_COMPLETE"),
        ("First", "DELETE_IN_PROGRESS"),
        ("First", "DELETE_COMPLETE"),
        ("told", "DELETE_COMPLETE"),
    ]


def test_a_failed_creation_says_why_and_leaves_nothing(shared, make):
    shared.client("logs").create_log_group(logGroupName="taken")
    stack = make("failing", {"Resources": {"Good": group("free"), "Bad": {**group("taken"), "DependsOn": "Good"}}})
    stack.create()
    stack.reaches("ROLLBACK_COMPLETE")
    story = said(stack)
    (reason,) = [why for whose, status, why in story if (whose, status) == ("Bad", "CREATE_FAILED")]
    assert "already exists" in reason
    assert ("failing", "ROLLBACK_IN_PROGRESS", "The following resource(s) failed to create: [Bad]. Rollback requested by user.") in story
    assert ("Good", "DELETE_COMPLETE", None) in story
    refused = shared.aws("cloudformation", "update-stack", "--stack-name", "failing", "--use-previous-template", check=False)
    assert "is in ROLLBACK_COMPLETE state and can not be updated" in refused.stderr
    shared.client("logs").delete_log_group(logGroupName="taken")


def test_what_another_stack_imports_stays(make):
    name = {"Fn::Sub": "${AWS::StackName}-name"}
    exporting = lambda group_name: {
        "Resources": {"Group": group(group_name)},
        "Outputs": {"Name": {"Value": {"Ref": "Group"}, "Export": {"Name": name}}},
    }
    giver = make("giver", exporting("given"))
    giver.create()
    giver.reaches("CREATE_COMPLETE")
    value = {"Fn::ImportValue": "giver-name"}
    taker = make("taker", {"Resources": {"Kept": {"Type": "AWS::SSM::Parameter", "Properties": {"Type": "String", "Value": value}}}})
    taker.create()
    taker.reaches("CREATE_COMPLETE")
    assert giver.region.aws("cloudformation", "list-imports", "--export-name", "giver-name")["Imports"] == ["taker"]

    giver.region.aws("cloudformation", "delete-stack", "--stack-name", "giver")
    giver.reaches("DELETE_FAILED")
    assert giver.describe()["StackStatusReason"] == "Export giver-name cannot be deleted as it is in use by taker"
    taker.delete()
    giver.delete()


def test_a_packaged_stack_has_another_one_in_it(shared, make, tmp_path):
    inner = tmp_path / "inner.json"
    inner.write_text(
        json.dumps(
            {
                "Parameters": {"Name": {"Type": "String"}},
                "Resources": {"Group": group({"Ref": "Name"})},
                "Outputs": {"Arn": {"Value": {"Fn::GetAtt": ["Group", "Arn"]}}},
            }
        )
    )
    nested = {"Type": "AWS::CloudFormation::Stack", "Properties": {"TemplateURL": "./inner.json", "Parameters": {"Name": "inside"}}}
    outer = make("outer", {"Resources": {"Inner": nested}, "Outputs": {"Arn": {"Value": {"Fn::GetAtt": ["Inner", "Outputs.Arn"]}}}})
    shared.aws("s3", "mb", "s3://packages")

    def package():
        packaged = tmp_path / "packaged.yml"
        shared.aws(
            "cloudformation", "package", "--template-file", tmp_path / "outer.json", "--s3-bucket", "packages", "--output-template-file", packaged
        )
        outer.template = packaged

    package()
    outer.create()
    outer.reaches("CREATE_COMPLETE")
    assert outer.outputs()["Arn"].startswith("arn:aws:logs:us-east-1:123456789012:log-group:inside")
    child = outer.resources()["Inner"]
    assert outer.describe(child)["ParentId"] == outer.describe(child)["RootId"] == outer.describe()["StackId"]

    # The outer template changes only in where the inner one is.
    inner.write_text(inner.read_text().replace('"Properties": {', '"Properties": {"RetentionInDays": 3, '))
    package()
    outer.update()
    outer.reaches("UPDATE_COMPLETE")
    (found,) = shared.client("logs").describe_log_groups(logGroupNamePrefix="inside")["logGroups"]
    assert found["retentionInDays"] == 3
    assert outer.resources()["Inner"] == child

    # Beside it, what a stack may have in a bucket: a template by its URL.
    url = next(line.split()[-1] for line in outer.template.read_text().splitlines() if "TemplateURL" in line)
    summary = shared.aws("cloudformation", "get-template-summary", "--template-url", url)
    assert summary["ResourceTypes"] == ["AWS::Logs::LogGroup"]
    outer.delete()
    shared.aws("s3", "rb", "--force", "s3://packages")


def progress(stack, id, count):
    """Waits until a stack has so many events."""
    until(lambda: len(stack.events(id)) >= count, 60, f"{count} events")


def test_killed_in_the_middle_it_goes_on(fresh, tmp_path):
    """Early, in the middle and late in each of create, update and delete."""
    page(fresh, tmp_path, "public.ecr.aws/docker/library/httpd:2.4", "one")
    page(fresh, tmp_path, "next:1", "two")
    before = inventory(fresh)
    stack = Stack(fresh, "killed", EXAMPLES / "public-subnet.yml")

    def killed_meanwhile(begin, status, *after):
        started = len(stack.events(stack.id)) if stack.id else 0
        begin()
        stack.id = stack.id or stack.describe()["StackId"]
        for count in after:
            progress(stack, stack.id, started + count)
            fresh.kill()
            fresh.up()
        stack.reaches(status, id=stack.id)

    stack.id = None
    killed_meanwhile(stack.create, "CREATE_COMPLETE", 1, 30, 50)
    url = stack.outputs()["Url"]
    assert curl(fresh, url) == "one\n"
    killed_meanwhile(lambda: stack.update(Image="next:1", DesiredCount=1), "UPDATE_COMPLETE", 1, 3, 5)
    assert curl(fresh, url) == "two\n"
    killed_meanwhile(lambda: fresh.aws("cloudformation", "delete-stack", "--stack-name", "killed"), "DELETE_COMPLETE", 2, 8, 30)
    assert_as_before(fresh, before)
