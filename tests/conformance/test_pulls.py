"""Images, logs and secrets travel through the task's own interface: what has no way fails as on AWS, and says why."""

import subprocess
import time


from networks import ANYWHERE, EVERYTHING, by_range, tcp
from region import until
from tasks import ROLE, container, define, public, reaches, result, run

HUB = "203.0.113.20"


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
    assert time.monotonic() - begun < 6, "nobody waits for minutes"
    assert task["stopCode"] == "TaskFailedToStart"
    return task["stoppedReason"]


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
        "definition. There is a connection issue between the task and Amazon CloudWatch. Check your network configuration."
    )


def test_an_image_of_ecr_takes_a_way_to_ecr(networks, ecs):
    _, subnet, _ = subnet_without_a_way(networks, "10.90")
    image = "123456789012.dkr.ecr.us-east-1.amazonaws.com/app:1"
    reason = ends(ecs, private(subnet), container(image=image), executionRoleArn=ROLE)
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
    ssm.delete_parameter(Name="/pulls/plain")
    secretsmanager.delete_secret(SecretId="pulls", ForceDeleteWithoutRecovery=True)


def test_without_a_way_to_the_secrets_the_task_does_not_begin(networks, ecs):
    _, subnet, _ = subnet_without_a_way(networks, "10.90")
    secrets = [{"name": "PLAIN", "valueFrom": "/pulls/plain"}]
    reason = ends(ecs, private(subnet), container(secrets=secrets), executionRoleArn=ROLE)
    assert reason.startswith(
        "ResourceInitializationError: unable to pull secrets or registry auth: unable to retrieve secrets from ssm: The task cannot pull secrets "
        "from AWS Systems Manager. There is a connection issue between the task and AWS Systems Manager Parameter Store. Check your task "
        "network configuration."
    ), reason


def test_in_an_isolated_subnet_endpoints_are_a_way_to_ecr(shared, archives, networks, ecs):
    shared.client("ecr").create_repository(repositoryName="pulled")
    password = shared.aws("ecr", "get-login-password").strip()
    where = f"docker://127.0.0.1:{shared.port}/pulled:1"
    copy = ["skopeo", "copy", "--insecure-policy", "--dest-tls-verify=false", f"--dest-creds=AWS:{password}", f"docker-archive:{archives / 'busybox.tar'}", where]
    subprocess.run(copy, check=True, capture_output=True, timeout=60)
    vpc, subnet, _ = subnet_without_a_way(networks, "10.90")
    group = networks.group(vpc, "endpoints", tcp(443, **by_range("10.90.0.0/16")))
    image = "123456789012.dkr.ecr.us-east-1.amazonaws.com/pulled:1"
    run_there = lambda: ends(ecs, private(subnet), container(image=image), executionRoleArn=ROLE)  # noqa: E731
    endpoints = {"VpcId": vpc, "VpcEndpointType": "Interface", "SubnetIds": [subnet], "SecurityGroupIds": [group], "PrivateDnsEnabled": True}
    made = networks.ec2.create_vpc_endpoint(ServiceName="com.amazonaws.us-east-1.ecr.api", **endpoints)["VpcEndpoint"]["VpcEndpointId"]
    until(lambda: networks.ec2.describe_vpc_endpoints(VpcEndpointIds=[made])["VpcEndpoints"][0]["State"] == "available")
    reason = run_there()
    assert reason.startswith("CannotPullContainerError: ") and "dial tcp 198.19.254.112:443: i/o timeout" in reason, reason
    made = networks.ec2.create_vpc_endpoint(ServiceName="com.amazonaws.us-east-1.ecr.dkr", **endpoints)["VpcEndpoint"]["VpcEndpointId"]
    until(lambda: networks.ec2.describe_vpc_endpoints(VpcEndpointIds=[made])["VpcEndpoints"][0]["State"] == "available")
    _, containers = result(ecs, private(subnet), container(image=image, command="exit 6"), executionRoleArn=ROLE)
    assert containers["app"]["exitCode"] == 6
    networks.ec2.revoke_security_group_ingress(GroupId=group, IpPermissions=[tcp(443, **by_range("10.90.0.0/16"))])
    reason = run_there()
    assert "The task cannot pull registry auth from Amazon ECR" in reason and "dial tcp 10.90.1." in reason, "an endpoint has a group of its own"
    shared.client("ecr").delete_repository(repositoryName="pulled", force=True)


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
