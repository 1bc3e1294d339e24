"""AWS Secrets Manager, as boto3 and the AWS CLI meet it."""

import pathlib
import uuid

import pytest
from botocore.exceptions import ClientError


@pytest.fixture(scope="module")
def secrets(shared):
    return shared.client("secretsmanager")


@pytest.fixture
def name(secrets):
    """A name of the test's own."""
    name = f"t/{uuid.uuid4().hex[:8]}"
    yield name
    secrets.delete_secret(SecretId=name, ForceDeleteWithoutRecovery=True)


def refused(call, **request):
    with pytest.raises(ClientError) as error:
        call(**request)
    said = error.value.response
    return said["Error"]["Code"], said["Error"]["Message"], said["ResponseMetadata"]["HTTPStatusCode"]


def test_a_secret_from_its_first_version_to_its_end(secrets, name):
    made = secrets.create_secret(Name=name, SecretString="one", Description="d", Tags=[{"Key": "a", "Value": "b"}])
    arn, first = made["ARN"], made["VersionId"]
    assert arn.startswith(f"arn:aws:secretsmanager:us-east-1:123456789012:secret:{name}-") and len(arn.rsplit("-", 1)[1]) == 6
    second = secrets.put_secret_value(SecretId=arn, SecretString="two")["VersionId"]
    for request, value in [({}, "two"), ({"VersionStage": "AWSPREVIOUS"}, "one"), ({"VersionId": first}, "one")]:
        assert secrets.get_secret_value(SecretId=name, **request)["SecretString"] == value
    secrets.update_secret_version_stage(SecretId=name, VersionStage="AWSCURRENT", RemoveFromVersionId=second, MoveToVersionId=first)
    described = secrets.describe_secret(SecretId=arn)
    assert described["VersionIdsToStages"] == {first: ["AWSCURRENT"], second: ["AWSPREVIOUS"]}
    assert (described["Description"], described["Tags"]) == ("d", [{"Key": "a", "Value": "b"}])
    assert {v["VersionId"] for v in secrets.list_secret_version_ids(SecretId=name)["Versions"]} == {first, second}

    secrets.delete_secret(SecretId=name, RecoveryWindowInDays=7)
    deleted = "You can't perform this operation on the secret because it was marked for deletion."
    assert refused(secrets.get_secret_value, SecretId=name) == ("InvalidRequestException", deleted, 400)
    again = "You can't create this secret because a secret with this name is already scheduled for deletion."
    assert refused(secrets.create_secret, Name=name, SecretString="x") == ("InvalidRequestException", again, 400)
    secrets.restore_secret(SecretId=name)
    assert secrets.get_secret_value(SecretId=name)["SecretString"] == "one"
    secrets.delete_secret(SecretId=name, ForceDeleteWithoutRecovery=True)
    missing = "Secrets Manager can't find the specified secret."
    assert refused(secrets.get_secret_value, SecretId=name) == ("ResourceNotFoundException", missing, 400)


def test_bytes(secrets, name):
    value = bytes(range(256))
    secrets.create_secret(Name=name, SecretBinary=value)
    got = secrets.get_secret_value(SecretId=name)
    assert got["SecretBinary"] == value and "SecretString" not in got


def test_what_is_wrong_with_a_value_does_not_repeat_it(secrets, name):
    code, message, _ = refused(secrets.create_secret, Name=name, SecretString="hunter2" * 10_000)
    assert code == "ValidationException" and "hunter2" not in message
    assert "Value at 'secretString' failed to satisfy constraint" in message


def test_several_at_once_and_listed(secrets, name):
    secrets.create_secret(Name=name, SecretString="v", Description=f"about {name}")
    filters = [{"Key": "name", "Values": [name]}]
    assert [s["SecretString"] for s in secrets.batch_get_secret_value(Filters=filters)["SecretValues"]] == ["v"]
    got = secrets.batch_get_secret_value(SecretIdList=[name, "never"])
    assert len(got["SecretValues"]) == 1 and got["Errors"][0]["ErrorCode"] == "ResourceNotFoundException"
    pages = secrets.get_paginator("list_secrets").paginate(Filters=filters, PaginationConfig={"PageSize": 1})
    (listed,) = [secret for page in pages for secret in page["SecretList"]]
    assert listed["Name"] == name and "SecretString" not in listed


def test_passwords(secrets):
    password = secrets.get_random_password(PasswordLength=20, ExcludePunctuation=True, IncludeSpace=True)["RandomPassword"]
    assert len(password) == 20 and " " in password and password.replace(" ", "").isalnum()


def test_policies(secrets, name):
    secrets.create_secret(Name=name)
    policy = '{"Version": "2012-10-17", "Statement": {"Effect": "Deny", "Principal": "*", "Action": "*", "Resource": "*"}}'
    assert "ResourcePolicy" not in secrets.get_resource_policy(SecretId=name)
    secrets.put_resource_policy(SecretId=name, ResourcePolicy=policy, BlockPublicPolicy=True)
    assert secrets.get_resource_policy(SecretId=name)["ResourcePolicy"] == policy
    assert secrets.validate_resource_policy(ResourcePolicy=policy)["PolicyValidationPassed"]
    assert refused(secrets.put_resource_policy, SecretId=name, ResourcePolicy="{")[0] == "MalformedPolicyDocumentException"


def test_the_cli(shared, name):
    shared.aws("secretsmanager", "create-secret", "--name", name, "--secret-string", '{"user": "u"}')
    value = shared.aws("secretsmanager", "get-secret-value", "--secret-id", name, "--query", "SecretString", "--output", "text")
    assert value == {"user": "u"}
    done = shared.aws("secretsmanager", "get-secret-value", "--secret-id", name, "--version-stage", "nope", check=False)
    assert "Secrets Manager can't find the specified secret value for staging label: nope" in done.stderr
    rotate = shared.aws("secretsmanager", "rotate-secret", "--secret-id", name, check=False)
    assert "RotateSecret is not implemented." in rotate.stderr


def test_values_lie_open_in_no_file_and_survive_a_kill(fresh):
    secrets, ssm = fresh.client("secretsmanager"), fresh.client("ssm")
    marks = [uuid.uuid4().hex, uuid.uuid4().hex]
    secrets.create_secret(Name="key", SecretString=marks[0])
    ssm.put_parameter(Name="/key", Value=marks[1], Type="SecureString")
    fresh.kill()
    files = [f for f in pathlib.Path(fresh.directory).rglob("*") if f.is_file()]
    assert (fresh.data / "secrets.key") in files and (fresh.data / "secrets.key").stat().st_mode & 0o777 == 0o600
    for file in files:
        content = file.read_bytes()
        assert not any(mark.encode() in content for mark in marks), file
    fresh.up()
    assert secrets.get_secret_value(SecretId="key")["SecretString"] == marks[0]
    assert ssm.get_parameter(Name="/key", WithDecryption=True)["Parameter"]["Value"] == marks[1]


def test_references_in_task_definitions(shared, ecs, name, secrets):
    arn = secrets.create_secret(Name=name, SecretString='{"password": "hunter2"}')["ARN"]
    wanted = [{"name": "PASSWORD", "valueFrom": f"{arn}:password::"}]
    base = {"family": "secrets", "requiresCompatibilities": ["FARGATE"], "networkMode": "awsvpc", "cpu": "256", "memory": "512"}
    container = {"name": "app", "image": "busybox:latest", "secrets": wanted}
    role = "When you are specifying container secrets, you must also specify a value for 'executionRoleArn'."
    assert refused(ecs.register_task_definition, containerDefinitions=[container], **base) == ("ClientException", role, 400)
    base["executionRoleArn"] = "arn:aws:iam::123456789012:role/execution"
    ecs.register_task_definition(containerDefinitions=[container], **base)
    shown = ecs.describe_task_definition(taskDefinition="secrets")["taskDefinition"]["containerDefinitions"][0]
    assert shown["secrets"] == wanted and "hunter2" not in str(shown)
