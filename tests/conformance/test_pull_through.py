"""Pull through cache rules of Amazon ECR: repositories that are filled when they are pulled from."""

import json
import os
import subprocess

import images
import pytest
from botocore.exceptions import ClientError
from registry import Registry
from tasks import ROLE, container, result

ECR = "123456789012.dkr.ecr.us-east-1.amazonaws.com"
ENV = {"Env": ["PATH=/bin"]}


@pytest.fixture
def ecr(shared):
    """ECR, without rules and what they filled afterwards."""
    client = shared.client("ecr")
    before = {r["repositoryName"] for r in client.describe_repositories()["repositories"]}
    yield client
    for rule in client.describe_pull_through_cache_rules()["pullThroughCacheRules"]:
        client.delete_pull_through_cache_rule(ecrRepositoryPrefix=rule["ecrRepositoryPrefix"])
    for name in {r["repositoryName"] for r in client.describe_repositories()["repositories"]} - before:
        client.delete_repository(repositoryName=name, force=True)


def load(shared, tmp_path, name, save=images.save_oci):
    """Puts an image of its own where pulls of that name find it; returns its digest."""
    save(tmp_path / "image.tar", name, [images.busybox(), images.layer({"/own": os.urandom(16)})], ENV)
    (loaded,) = json.loads(shared.neargate("image", "load", tmp_path / "image.tar", "--as", name, "--output", "json").stdout)
    return loaded["digest"]


def inspect(shared, place):
    """What skopeo finds at a place of the region's registry."""
    command = ["skopeo", "inspect", "--raw", "--tls-verify=false", f"--creds={Registry(shared).credentials}", f"docker://127.0.0.1:{shared.port}/{place}"]
    return subprocess.run(command, capture_output=True, text=True, timeout=60)


def test_a_repository_is_filled_when_it_is_pulled_from(shared, ecr, ecs, network, tmp_path):
    loaded = load(shared, tmp_path, "quay.io/team/app:1")
    rule = ecr.create_pull_through_cache_rule(ecrRepositoryPrefix="quay", upstreamRegistryUrl="quay.io")
    assert rule["upstreamRegistry"] == "quay"
    app = lambda tag, command: container(image=f"{ECR}/quay/team/app:{tag}", command=command)
    _, ended = result(ecs, network, app("1", "exit 5"), executionRoleArn=ROLE)
    assert ended["app"]["exitCode"] == 5
    (repository,) = ecr.describe_repositories(repositoryNames=["quay/team/app"])["repositories"]
    assert repository["imageTagMutability"] == "MUTABLE"
    tagged = lambda: {t: d["imageDigest"] for d in ecr.describe_images(repositoryName="quay/team/app")["imageDetails"] for t in d.get("imageTags", [])}
    assert tagged() == {"1": loaded}
    # An index, and the image it lists.
    assert len(ecr.describe_images(repositoryName="quay/team/app")["imageDetails"]) == 2
    assert json.loads(inspect(shared, "quay/team/app:1").stdout)["manifests"]
    newer = load(shared, tmp_path, "quay.io/team/app:1")
    assert inspect(shared, "quay/team/app:1").returncode == 0
    assert tagged() == {"1": newer} and newer != loaded, "the tag means something else there"
    shared.neargate("image", "remove", "quay.io/team/app:1")
    _, ended = result(ecs, network, app("1", "exit 6"), executionRoleArn=ROLE)
    assert ended["app"]["exitCode"] == 6, "the image stays"
    task, _ = result(ecs, network, app("2", "exit 7"), executionRoleArn=ROLE)
    assert task["stoppedReason"] == (
        f"CannotPullContainerError: pull image manifest has been retried 1 time(s): failed to resolve ref {ECR}/quay/team/app:2: "
        f"{ECR}/quay/team/app:2: not found"
    )


def test_what_is_not_upstream_makes_no_repository(shared, ecr):
    ecr.create_pull_through_cache_rule(ecrRepositoryPrefix="ghost", upstreamRegistryUrl="quay.io")
    assert "name unknown" in inspect(shared, "ghost/nothing:1").stderr
    with pytest.raises(ecr.exceptions.RepositoryNotFoundException):
        ecr.describe_repositories(repositoryNames=["ghost/nothing"])


def test_an_immutable_tag_stays_what_it_was(shared, ecr, tmp_path):
    first = load(shared, tmp_path, "quay.io/team/fixed:1", images.save)
    ecr.create_pull_through_cache_rule(ecrRepositoryPrefix="quay", upstreamRegistryUrl="quay.io")
    inspect(shared, "quay/team/fixed:1")
    ecr.put_image_tag_mutability(repositoryName="quay/team/fixed", imageTagMutability="IMMUTABLE")
    assert load(shared, tmp_path, "quay.io/team/fixed:1", images.save) != first
    answer = Registry(shared).request("GET", "/v2/quay/team/fixed/manifests/1")
    assert (answer.status, answer.headers["Docker-Content-Digest"]) == (200, first)


def test_a_registry_that_wants_credentials_takes_a_secret(shared, ecr, ecs, network):
    secrets, text = shared.client("secretsmanager"), json.dumps({"username": "u", "accessToken": "t"})
    with pytest.raises(ClientError, match="requires authentication"):
        ecr.create_pull_through_cache_rule(ecrRepositoryPrefix="hub", upstreamRegistryUrl="registry-1.docker.io")
    arn = secrets.create_secret(Name="ecr-pullthroughcache/hub", SecretString=text)["ARN"]
    ecr.create_pull_through_cache_rule(ecrRepositoryPrefix="hub", upstreamRegistryUrl="registry-1.docker.io", credentialArn=arn)
    valid = ecr.validate_pull_through_cache_rule(ecrRepositoryPrefix="hub")
    assert valid["isValid"] and "failure" not in valid
    app = container(image=f"{ECR}/hub/library/busybox:latest", command="exit 8")
    secrets.put_secret_value(SecretId=arn, SecretString="{}")
    invalid = ecr.validate_pull_through_cache_rule(ecrRepositoryPrefix="hub")
    assert (invalid["isValid"], invalid["failure"]) == (False, f"The secret {arn} must hold a JSON object with the keys 'username' and 'accessToken'.")
    task, _ = result(ecs, network, app, executionRoleArn=ROLE)
    assert task["stoppedReason"] == (
        f"CannotPullContainerError: pull image manifest has been retried 1 time(s): failed to resolve ref {ECR}/hub/library/busybox:latest: "
        f"unexpected status from HEAD request to https://{ECR}/v2/hub/library/busybox/manifests/latest: 403 Forbidden"
    )
    secrets.put_secret_value(SecretId=arn, SecretString=text)
    _, ended = result(ecs, network, app, executionRoleArn=ROLE)
    assert ended["app"]["exitCode"] == 8
    secrets.delete_secret(SecretId=arn, ForceDeleteWithoutRecovery=True)
