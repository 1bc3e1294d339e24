"""Images, logs and secrets travel through the task's own interface: what has no way fails as on AWS, and says why."""

import json
import os
import re
import subprocess
import sys
import time

import images
from networks import ANYWHERE, EVERYTHING, by_range, tcp
from region import until
from registry import Registry, digest
from tasks import ROLE, container, define, leaves_nothing, public, reaches, result, run

HUB = "203.0.113.20"
ECR = "123456789012.dkr.ecr.us-east-1.amazonaws.com"
BUCKET = "prod-us-east-1-starport-layer-bucket"


def subnet_without_a_way(networks, cidr):
    vpc = networks.vpc(f"{cidr}.0.0/16", names=True)
    subnet, table = networks.subnet(vpc, f"{cidr}.1.0/24")
    return vpc, subnet, table


def private(subnet, *groups):
    more = {"securityGroups": list(groups)} if groups else {}
    return {"awsvpcConfiguration": {"subnets": [subnet], **more}}


def ends(ecs, network, *containers, **more):
    """How a task ends that can't begin, and that it does so soon."""
    begun = time.monotonic()
    task, _ = result(ecs, network, *containers, **more)
    assert time.monotonic() - begun < 20, "nobody waits for minutes"
    assert task["stopCode"] == "TaskFailedToStart"
    return task["stoppedReason"]


def without_ids(reason):
    return re.sub("RequestID: [0-9a-f-]{36}", "RequestID: X", reason)


def hub(times, why):
    return (
        f"CannotPullContainerError: pull image manifest has been retried {times} time(s): failed to resolve ref docker.io/library/busybox:latest: "
        f'failed to do request: Head "https://registry-1.docker.io/v2/library/busybox/manifests/latest": {why}'
    )


def test_without_a_route_no_image_comes(networks, ecs):
    _, subnet, _ = subnet_without_a_way(networks, "10.90")
    assert ends(ecs, private(subnet), container()) == hub(5, f"dial tcp {HUB}:443: i/o timeout")


def test_with_a_public_subnet_but_no_public_address_no_image_comes(networks, ecs):
    vpc = networks.vpc("10.90.0.0/16", names=True)
    subnet, _ = networks.subnet(vpc, "10.90.1.0/24", GatewayId=networks.internet_gateway(vpc))
    assert ends(ecs, private(subnet), container()) == hub(5, f"dial tcp {HUB}:443: i/o timeout")


def test_a_group_that_lets_no_https_out_lets_no_image_come(networks, ecs):
    vpc = networks.vpc("10.90.0.0/16", names=True)
    subnet, _ = networks.subnet(vpc, "10.90.1.0/24", GatewayId=networks.internet_gateway(vpc))
    group = networks.group(vpc, "no-https")
    networks.ec2.revoke_security_group_egress(GroupId=group, IpPermissions=[EVERYTHING])
    networks.ec2.authorize_security_group_egress(GroupId=group, IpPermissions=[tcp(80, **by_range(ANYWHERE))])
    assert ends(ecs, public(subnet, group), container()) == hub(5, f"dial tcp {HUB}:443: i/o timeout")
    networks.ec2.authorize_security_group_egress(GroupId=group, IpPermissions=[tcp(443, **by_range(ANYWHERE))])
    task, containers = result(ecs, public(subnet, group), container(command="exit 3"))
    assert containers["app"]["exitCode"] == 3


def test_without_dns_no_registry_is_found(networks, ecs):
    vpc = networks.vpc("10.90.0.0/16")
    subnet, _ = networks.subnet(vpc, "10.90.1.0/24", GatewayId=networks.internet_gateway(vpc))
    networks.ec2.modify_vpc_attribute(VpcId=vpc, EnableDnsSupport={"Value": False})
    reason = ends(ecs, public(subnet), container())
    assert reason.startswith(hub(5, "dial tcp: lookup registry-1.docker.io on 10.90.0.2:53: read udp 10.90.1.")), reason
    assert reason.endswith("->10.90.0.2:53: i/o timeout"), reason


def test_a_name_that_nobody_has(ecs, network):
    reason = ends(ecs, network, container(image="registry.nowhere.example/app:1"))
    assert "lookup registry.nowhere.example on 10.20.0.2:53: no such host" in reason


def test_behind_a_nat_gateway_images_come(networks, ecs):
    vpc = networks.vpc("10.90.0.0/16", names=True)
    outside, _ = networks.subnet(vpc, "10.90.0.0/24", GatewayId=networks.internet_gateway(vpc))
    allocation, _ = networks.elastic_ip()
    gateway = networks.nat_gateway(outside, allocation)
    subnet, _ = networks.subnet(vpc, "10.90.1.0/24", NatGatewayId=gateway)
    _, containers = result(ecs, private(subnet), container(command="exit 4"))
    assert containers["app"]["exitCode"] == 4


def logged(group, **more):
    options = {"awslogs-group": group, "awslogs-region": "us-east-1", "awslogs-stream-prefix": "s", **more}
    return {"logDriver": "awslogs", "options": options}


def test_without_a_way_to_the_logs_the_task_does_not_begin(networks, ecs):
    _, subnet, _ = subnet_without_a_way(networks, "10.90")
    logs = networks.region.client("logs")
    logs.create_log_group(logGroupName="/nowhere")
    reason = ends(ecs, private(subnet), container(logConfiguration=logged("/nowhere")), executionRoleArn=ROLE)
    assert reason == (
        "ResourceInitializationError: failed to validate logger args: The task cannot find the Amazon CloudWatch log group defined in the task "
        "definition. There is a connection issue between the task and Amazon CloudWatch. Check your network configuration. : signal: killed"
    )


def test_an_image_of_ecr_takes_a_way_to_ecr(networks, ecs):
    _, subnet, _ = subnet_without_a_way(networks, "10.90")
    reason = ends(ecs, private(subnet), container(image=f"{ECR}/app:1"), executionRoleArn=ROLE)
    assert reason == (
        "ResourceInitializationError: unable to pull secrets or registry auth: The task cannot pull registry auth from Amazon ECR: There is a "
        "connection issue between the task and Amazon ECR. Check your task network configuration. operation error ECR: GetAuthorizationToken, "
        "exceeded maximum number of attempts, 3, https response error StatusCode: 0, RequestID: , request send failed, "
        'Post "https://api.ecr.us-east-1.amazonaws.com/": dial tcp 198.19.254.96:443: i/o timeout.'
    )


def test_containers_trust_the_regions_authority(ecs, network):
    script = "grep -q 'BEGIN CERTIFICATE' $AWS_CA_BUNDLE && test $AWS_CA_BUNDLE = /etc/neargate/ca.pem && test $NODE_EXTRA_CA_CERTS = /etc/neargate/ca.pem"
    _, containers = result(ecs, network, container(command=script))
    assert containers["app"]["exitCode"] == 0


def test_unmodified_clients_use_https(networks):
    vpc = networks.vpc("10.90.0.0/16", names=True)
    subnet, _ = networks.subnet(vpc, "10.90.1.0/24", GatewayId=networks.internet_gateway(vpc))
    allocation, _ = networks.elastic_ip()
    machine, _ = networks.machine(subnet, networks.group(vpc, "open", EVERYTHING), elastic_ip=allocation)
    environment = {k: v for k, v in networks.region.environment().items() if k != "AWS_ENDPOINT_URL"}
    environment |= {"AWS_CA_BUNDLE": str(networks.region.data / "ca.pem"), "AWS_MAX_ATTEMPTS": "1"}
    code, said, error = machine.run([networks.region.aws_program(), "sts", "get-caller-identity"], environment)
    assert code == 0 and "123456789012" in said, error
    del environment["AWS_CA_BUNDLE"]
    code, said, error = machine.run([networks.region.aws_program(), "sts", "get-caller-identity"], environment)
    assert code != 0 and "CERTIFICATE_VERIFY_FAILED" in error, "nobody else certifies these names"


def test_secrets_are_in_the_environment_of_their_container_alone(shared, ecs, network):
    ssm, secretsmanager = shared.client("ssm"), shared.client("secretsmanager")
    ssm.put_parameter(Name="/pulls/plain", Value="from-ssm", Type="SecureString")
    arn = secretsmanager.create_secret(Name="pulls", SecretString='{"user": "u", "password": "from-asm"}')["ARN"]
    secrets = [{"name": "PLAIN", "valueFrom": "/pulls/plain"}, {"name": "PASSWORD", "valueFrom": f"{arn}:password::"}, {"name": "WHOLE", "valueFrom": arn}]
    check = 'test "$PLAIN" = from-ssm && test "$PASSWORD" = from-asm && test "$WHOLE" = \'{"user": "u", "password": "from-asm"}\''
    task, containers = result(
        ecs, network, container("with", check, secrets=secrets), container("without", 'test -z "$PLAIN$PASSWORD$WHOLE"'), executionRoleArn=ROLE
    )
    assert [containers[name]["exitCode"] for name in ("with", "without")] == [0, 0]
    assert "from-" not in str(task)
    missing = [{"name": "PLAIN", "valueFrom": "/pulls/nothing"}]
    assert ends(ecs, network, container("with", check, secrets=missing), executionRoleArn=ROLE) == (
        "ResourceInitializationError: unable to pull secrets or registry auth: execution resource retrieval failed: unable to retrieve secrets "
        "from ssm: service call has been retried 1 time(s): invalid ssm parameters: /pulls/nothing"
    )
    for suffix, why in [
        (":nothing::", "retrieved secret from Secrets Manager did not contain json key nothing"),
        ("::OLDER:", f"{asked(arn)}Secrets Manager can't find the specified secret value for staging label: OLDER"),
        (f":::{'0' * 32}", f"{asked(arn)}Secrets Manager can't find the specified secret value for VersionId: {'0' * 32}"),
        ("x", f"{asked(arn + 'x')}Secrets Manager can't find the specified secret."),
    ]:
        missing = [{"name": "PASSWORD", "valueFrom": arn + suffix}]
        reason = ends(ecs, network, container("with", check, secrets=missing), executionRoleArn=ROLE)
        assert without_ids(reason) == (
            "ResourceInitializationError: unable to pull secrets or registry auth: execution resource retrieval failed: unable to retrieve secret "
            f"from asm: service call has been retried 1 time(s): {why}"
        )
    ssm.delete_parameter(Name="/pulls/plain")
    secretsmanager.delete_secret(SecretId="pulls", ForceDeleteWithoutRecovery=True)


def asked(arn):
    return (
        f"failed to fetch secret {arn} from secrets manager: operation error Secrets Manager: GetSecretValue, https response error StatusCode: 400, "
        "RequestID: X, ResourceNotFoundException: "
    )


def test_without_a_way_to_the_secrets_the_task_does_not_begin(networks, ecs):
    _, subnet, _ = subnet_without_a_way(networks, "10.90")
    secrets = [{"name": "PLAIN", "valueFrom": "/pulls/plain"}]
    reason = ends(ecs, private(subnet), container(secrets=secrets), executionRoleArn=ROLE)
    assert reason.startswith(
        "ResourceInitializationError: unable to pull secrets or registry auth: unable to retrieve secrets from ssm: The task cannot pull secrets "
        "from AWS Systems Manager. There is a connection issue between the task and AWS Systems Manager Parameter Store. Check your task "
        "network configuration."
    ), reason


def pushed(shared, tmp_path, name):
    """Pushes an image that no host has anything of, and returns its name in tasks."""
    shared.client("ecr").create_repository(repositoryName=name)
    layers = [images.busybox(), images.layer({"/own": os.urandom(64)})]
    images.save(tmp_path / f"{name}.tar", f"{name}:1", layers, {"Env": ["PATH=/bin"]})
    password = shared.aws("ecr", "get-login-password").strip()
    copy = ["skopeo", "copy", "--insecure-policy", "--dest-tls-verify=false", f"--dest-creds=AWS:{password}"]
    archive, place = f"docker-archive:{tmp_path / f'{name}.tar'}", f"docker://127.0.0.1:{shared.port}/{name}:1"
    subprocess.run([*copy, archive, place], check=True, capture_output=True, timeout=60)
    return f"{ECR}/{name}:1"


def endpoint(networks, vpc, service, **more):
    """An endpoint that is available."""
    ec2 = networks.ec2
    made = ec2.create_vpc_endpoint(VpcId=vpc, ServiceName=f"com.amazonaws.us-east-1.{service}", **more)["VpcEndpoint"]["VpcEndpointId"]
    until(lambda: ec2.describe_vpc_endpoints(VpcEndpointIds=[made])["VpcEndpoints"][0]["State"] == "available")
    return made


def fixed(shared, arn):
    """What `neargate status` says of a task that failed to start, and the commands that it gives."""
    told = shared.neargate("status").stdout.split(f"Task {arn.rsplit('/', 1)[1]} failed to start: ")[1].split("\nTask ")[0]
    return told, [line.strip() for line in told.splitlines() if line.strip().startswith("aws ")]


def test_in_an_isolated_subnet_endpoints_are_a_way_to_ecr(shared, networks, ecs, tmp_path):
    image = pushed(shared, tmp_path, "pulled")
    vpc, subnet, table = subnet_without_a_way(networks, "10.90")
    group = networks.group(vpc, "endpoints", tcp(443, **by_range("10.90.0.0/16")))
    run_there = lambda: ends(ecs, private(subnet), container(image=image), executionRoleArn=ROLE)  # noqa: E731
    interface = {"VpcEndpointType": "Interface", "SubnetIds": [subnet], "SecurityGroupIds": [group], "PrivateDnsEnabled": True}
    endpoint(networks, vpc, "ecr.api", **interface)
    assert run_there() == (
        f'CannotPullContainerError: pull image manifest has been retried 5 time(s): failed to resolve ref {image}: failed to do request: Head '
        f'"https://{ECR}/v2/pulled/manifests/1": dial tcp 198.19.254.112:443: i/o timeout'
    )
    endpoint(networks, vpc, "ecr.dkr", **interface)
    # The manifest comes from there, the layers from S3.
    begun = time.monotonic()
    arn = run(ecs, private(subnet), define(ecs, container(image=image), executionRoleArn=ROLE))
    task = reaches(ecs, arn, "STOPPED")
    assert time.monotonic() - begun < 15
    assert re.sub("[0-9a-f]{64}", "KEY", task["stoppedReason"]) == task["containers"][0]["reason"].replace(key(task), "KEY") == (
        "CannotPullContainerError: ref pull has been retried 5 time(s): failed to copy: httpReaderSeeker: failed open: failed to do request: Get "
        f'"https://{BUCKET}.s3.us-east-1.amazonaws.com/123456789012/KEY": dial tcp 198.19.254.16:443: i/o timeout'
    )
    until(lambda: leaves_nothing(shared, arn), 10, "a clean machine")
    told, commands = fixed(shared, arn)
    assert f"{vpc} has no gateway endpoint for com.amazonaws.us-east-1.s3, where the layers of images in Amazon ECR are." in told
    create = f"ec2 create-vpc-endpoint --vpc-id {vpc} --service-name com.amazonaws.us-east-1.s3 --route-table-ids {table}"
    assert commands == [f"aws {create}"]
    explained = shared.neargate("explain", f"task/{arn.rsplit('/', 1)[1][:12]}", "s3:443", check=False)
    assert explained.returncode == 1 and commands[0] in explained.stdout
    shared.aws(*create.split())
    _, containers = result(ecs, private(subnet), container(image=image, command="exit 6"), executionRoleArn=ROLE)
    assert containers["app"]["exitCode"] == 6
    networks.ec2.revoke_security_group_ingress(GroupId=group, IpPermissions=[tcp(443, **by_range("10.90.0.0/16"))])
    assert re.sub("10.90.1.[0-9]+", "ENDPOINT", run_there()) == (
        "ResourceInitializationError: unable to pull secrets or registry auth: The task cannot pull registry auth from Amazon ECR: There is a "
        "connection issue between the task and Amazon ECR. Check your task network configuration. operation error ECR: GetAuthorizationToken, "
        "exceeded maximum number of attempts, 3, https response error StatusCode: 0, RequestID: , request send failed, "
        'Post "https://api.ecr.us-east-1.amazonaws.com/": dial tcp ENDPOINT:443: i/o timeout.'
    ), "an endpoint has a group of its own"
    shared.client("ecr").delete_repository(repositoryName="pulled", force=True)


def key(task):
    return re.search("[0-9a-f]{64}", task["stoppedReason"]).group()


def test_layers_are_downloaded_by_urls_that_are_signed(shared, networks, tmp_path):
    pushed(shared, tmp_path, "signed")
    registry = Registry(shared)
    layer = registry.request("GET", "/v2/signed/manifests/1").json["layers"][-1]["digest"]
    vpc = networks.vpc("10.90.0.0/16", names=True)
    subnet, _ = networks.subnet(vpc, "10.90.1.0/24", GatewayId=networks.internet_gateway(vpc))
    allocation, _ = networks.elastic_ip()
    machine, _ = networks.machine(subnet, networks.group(vpc, "open", EVERYTHING), elastic_ip=allocation)
    environment = {k: v for k, v in shared.environment().items() if k != "AWS_ENDPOINT_URL"}
    environment |= {"AWS_CA_BUNDLE": str(shared.data / "ca.pem"), "AWS_MAX_ATTEMPTS": "1"}
    ask = [shared.aws_program(), "ecr", "get-download-url-for-layer", "--repository-name", "signed", "--layer-digest", layer]
    code, said, error = machine.run(ask, environment)
    assert code == 0, error
    url = json.loads(said)["downloadUrl"]
    assert url.startswith(f"https://{BUCKET}.s3.us-east-1.amazonaws.com/") and "X-Amz-Expires=3600" in url
    fetch = [sys.executable, "-c", FETCH, str(shared.data / "ca.pem")]
    assert machine.run([*fetch, url], {})[1].split() == ["200", digest(registry.request("GET", f"/v2/signed/blobs/{layer}").body)]
    for wrong, told in [
        (url.replace("3600", "9999"), "SignatureDoesNotMatch"),
        (url.split("?")[0], "AccessDenied"),
        (url.replace("X-Amz-Date=2", "X-Amz-Date=1"), "SignatureDoesNotMatch"),
    ]:
        code, said, error = machine.run([*fetch, wrong], {})
        assert said.startswith("403 <?xml") and f"<Error><Code>{told}</Code><Message>" in said, said + error
    shared.client("ecr").delete_repository(repositoryName="signed", force=True)


FETCH = """
import hashlib, ssl, sys, urllib.error, urllib.request
try:
    answer = urllib.request.urlopen(sys.argv[2], context=ssl.create_default_context(cafile=sys.argv[1]))
    print(answer.status, "sha256:" + hashlib.sha256(answer.read()).hexdigest())
except urllib.error.HTTPError as error:
    print(error.code, error.read().decode())
"""


def test_status_says_what_keeps_a_task_from_its_image(shared, networks, ecs):
    vpc, subnet, table = subnet_without_a_way(networks, "10.90")
    networks.internet_gateway(vpc)
    arn = run(ecs, private(subnet), define(ecs, container()))
    reaches(ecs, arn, "STOPPED")
    said = shared.neargate("status").stdout
    told = said.split(f"Task {arn.rsplit('/', 1)[1]} failed to start: CannotPullContainerError")[1].split("\nTask ")[0]
    assert f"Route table {table} has no route for {HUB}" in told and "aws ec2 create-" in told, told
    explained = shared.neargate("explain", f"task/{arn.rsplit('/', 1)[1][:12]}", f"{HUB}:443", check=False)
    assert explained.returncode == 1 and table in explained.stdout
