"""SSM Parameter Store, as boto3 and the AWS CLI meet it."""

import uuid

import pytest
from botocore.exceptions import ClientError


@pytest.fixture(scope="module")
def ssm(shared):
    return shared.client("ssm")


@pytest.fixture
def path(ssm):
    """A path of the test's own."""
    path = f"/t/{uuid.uuid4().hex[:8]}"
    yield path
    pages = ssm.get_paginator("get_parameters_by_path").paginate(Path=path, Recursive=True)
    for name in [p["Name"] for page in pages for p in page["Parameters"]]:
        ssm.delete_parameter(Name=name)


def refused(call, **request):
    with pytest.raises(ClientError) as error:
        call(**request)
    said = error.value.response
    return said["Error"]["Code"], said["Error"]["Message"], said["ResponseMetadata"]["HTTPStatusCode"]


def test_a_parameter_from_its_first_version_to_its_end(ssm, path):
    name = f"{path}/key"
    assert ssm.put_parameter(Name=name, Value="one", Type="String", Description="d")["Version"] == 1
    exists = "The parameter already exists. To overwrite this value, set the overwrite option in the request to true."
    assert refused(ssm.put_parameter, Name=name, Value="x", Type="String") == ("ParameterAlreadyExists", exists, 400)
    with pytest.raises(ssm.exceptions.ParameterAlreadyExists):
        ssm.put_parameter(Name=name, Value="x", Type="String")
    assert ssm.put_parameter(Name=name, Value="two", Overwrite=True)["Version"] == 2
    parameter = ssm.get_parameter(Name=name)["Parameter"]
    assert (parameter["Value"], parameter["Version"], parameter["Type"], parameter["DataType"]) == ("two", 2, "String", "text")
    assert parameter["ARN"] == f"arn:aws:ssm:us-east-1:123456789012:parameter{name}"
    assert ssm.get_parameter(Name=f"{name}:1")["Parameter"]["Value"] == "one"
    assert ssm.label_parameter_version(Name=name, ParameterVersion=1, Labels=["old"])["InvalidLabels"] == []
    assert ssm.get_parameter(Name=f"{parameter['ARN']}:old")["Parameter"]["Selector"] == ":old"
    assert [v["Labels"] for v in ssm.get_parameter_history(Name=name)["Parameters"]] == [["old"], []]
    ssm.delete_parameter(Name=name)
    assert refused(ssm.get_parameter, Name=name) == ("ParameterNotFound", "", 400)


def test_a_secure_string_is_a_ciphertext_to_who_does_not_ask(ssm, path):
    name, value = f"{path}/password", "correct horse"
    ssm.put_parameter(Name=name, Value=value, Type="SecureString")
    assert ssm.get_parameter(Name=name, WithDecryption=True)["Parameter"]["Value"] == value
    assert value not in ssm.get_parameter(Name=name)["Parameter"]["Value"]
    (described,) = ssm.describe_parameters(ParameterFilters=[{"Key": "Name", "Values": [name]}])["Parameters"]
    assert described["KeyId"] == "alias/aws/ssm" and value not in str(described)


def test_a_path_in_pages(ssm, path):
    for n in range(23):
        ssm.put_parameter(Name=f"{path}/many/{n:02}", Value=str(n), Type="String")
    pages = ssm.get_paginator("get_parameters_by_path").paginate(Path=f"{path}/many")
    values = [[p["Value"] for p in page["Parameters"]] for page in pages]
    assert [len(page) for page in values] == [10, 10, 3] and sum(values, []) == [str(n) for n in range(23)]
    assert ssm.get_parameters_by_path(Path=path)["Parameters"] == []
    got = ssm.get_parameters(Names=[f"{path}/many/07", f"{path}/nope"])
    assert [p["Value"] for p in got["Parameters"]] == ["7"] and got["InvalidParameters"] == [f"{path}/nope"]


def test_tags_are_filtered_by(ssm, path):
    ssm.put_parameter(Name=f"{path}/a", Value="1", Type="StringList", Tags=[{"Key": "path", "Value": path}])
    ssm.put_parameter(Name=f"{path}/b", Value="1", Type="String")
    found = ssm.describe_parameters(ParameterFilters=[{"Key": "tag:path", "Values": [path]}])["Parameters"]
    assert [p["Name"] for p in found] == [f"{path}/a"]
    ssm.remove_tags_from_resource(ResourceType="Parameter", ResourceId=f"{path}/a", TagKeys=["path"])
    assert ssm.list_tags_for_resource(ResourceType="Parameter", ResourceId=f"{path}/a")["TagList"] == []


def test_the_cli(shared, path):
    name = f"{path}/cli"
    put = shared.aws("ssm", "put-parameter", "--name", name, "--value", "a,b", "--type", "StringList", "--tier", "Intelligent-Tiering")
    assert put == {"Version": 1, "Tier": "Standard"}
    text = shared.aws("ssm", "get-parameter", "--name", name, "--query", "Parameter.Value", "--output", "text")
    assert text.strip() == "a,b"
    big = shared.aws("ssm", "put-parameter", "--name", name, "--value", "x" * 4097, "--overwrite", check=False)
    assert "Standard tier parameters support a maximum parameter value of 4096 characters." in big.stderr
    missing = shared.aws("ssm", "get-parameter", "--name", "/aws/service/ecs/optimized-ami/amazon-linux-2/recommended", check=False)
    assert "(ParameterNotFound)" in missing.stderr
