"""Elastic Load Balancing's API, through boto3. What load balancers do with traffic is tried elsewhere."""

import botocore.exceptions
import pytest
from region import until


@pytest.fixture(scope="module")
def elb(shared):
    return shared.client("elbv2")


@pytest.fixture
def place(networks):
    """A VPC with a way to the internet and a subnet in each of two zones."""
    vpc = networks.vpc("10.90.0.0/16", names=True)
    subnets = []
    zones = networks.ec2.describe_availability_zones()["AvailabilityZones"]
    for zone, cidr in zip(zones, ("10.90.1.0/24", "10.90.2.0/24")):
        made = networks.ec2.create_subnet(VpcId=vpc, CidrBlock=cidr, AvailabilityZone=zone["ZoneName"])
        subnets.append(made["Subnet"]["SubnetId"])
    return vpc, subnets


@pytest.fixture
def made(elb):
    """Load balancers and target groups made by a test, gone with it."""
    balancers, groups = [], []

    class Made:
        def balancer(self, name, subnets, **more):
            (balancer,) = elb.create_load_balancer(Name=name, Subnets=subnets, **{"Scheme": "internal", **more})["LoadBalancers"]
            balancers.append(balancer["LoadBalancerArn"])
            return balancer

        def group(self, name, vpc, **more):
            asked = {"Name": name, "VpcId": vpc, "Protocol": "HTTP", "Port": 80, "TargetType": "ip", **more}
            (group,) = elb.create_target_group(**asked)["TargetGroups"]
            groups.append(group["TargetGroupArn"])
            return group

    yield Made()
    for arn in balancers:
        elb.delete_load_balancer(LoadBalancerArn=arn)
    for arn in groups:
        elb.delete_target_group(TargetGroupArn=arn)


def refusal(call, **arguments):
    with pytest.raises(botocore.exceptions.ClientError) as raised:
        call(**arguments)
    error = raised.value.response
    return error["Error"]["Code"], error["Error"]["Message"], error["ResponseMetadata"]["HTTPStatusCode"]


def forward(group):
    return [{"Type": "forward", "TargetGroupArn": group["TargetGroupArn"]}]


def test_a_load_balancer_with_listener_rules_and_targets(elb, place, made):
    vpc, subnets = place
    group = made.group("web", vpc, HealthCheckPath="/up", Matcher={"HttpCode": "200-299"}, Tags=[{"Key": "a", "Value": "b"}])
    balancer = made.balancer("web", subnets)
    arn = balancer["LoadBalancerArn"]
    assert balancer["State"]["Code"] == "provisioning"
    assert {zone["SubnetId"] for zone in balancer["AvailabilityZones"]} == set(subnets)
    asked = {"LoadBalancerArn": arn, "Protocol": "HTTP", "Port": 80, "DefaultActions": forward(group)}
    (listener,) = elb.create_listener(**asked)["Listeners"]
    conditions = [
        {"Field": "path-pattern", "PathPatternConfig": {"Values": ["/old/*"]}},
        {"Field": "http-header", "HttpHeaderConfig": {"HttpHeaderName": "X-A", "Values": ["b*"]}},
        {"Field": "query-string", "QueryStringConfig": {"Values": [{"Key": "v", "Value": "1"}]}},
    ]
    redirect = {"Protocol": "HTTPS", "Port": "443", "StatusCode": "HTTP_301"}
    actions = [{"Type": "redirect", "Order": 1, "RedirectConfig": redirect}]
    made_rule = elb.create_rule(ListenerArn=listener["ListenerArn"], Priority=5, Conditions=conditions, Actions=actions)["Rules"][0]
    rules = elb.describe_rules(ListenerArn=listener["ListenerArn"])["Rules"]
    assert [rule["Priority"] for rule in rules] == ["5", "default"] and rules[0] == made_rule
    assert made_rule["Actions"][0]["RedirectConfig"]["Path"] == "/#{path}"
    assert [condition["Field"] for condition in made_rule["Conditions"]] == ["path-pattern", "http-header", "query-string"]
    elb.register_targets(TargetGroupArn=group["TargetGroupArn"], Targets=[{"Id": "10.90.1.50"}, {"Id": "10.90.2.50", "Port": 81}])
    health = elb.describe_target_health(TargetGroupArn=group["TargetGroupArn"])["TargetHealthDescriptions"]
    assert [(one["Target"]["Id"], one["Target"]["Port"]) for one in health] == [("10.90.1.50", 80), ("10.90.2.50", 81)]
    (described,) = elb.describe_target_groups(LoadBalancerArn=arn)["TargetGroups"]
    assert described["LoadBalancerArns"] == [arn] and described["Matcher"] == {"HttpCode": "200-299"}
    tags = elb.describe_tags(ResourceArns=[group["TargetGroupArn"]])["TagDescriptions"][0]["Tags"]
    assert tags == [{"Key": "a", "Value": "b"}]


def test_paginators_see_everything(elb, place, made):
    vpc, _ = place
    names = {f"many-{n}" for n in range(7)}
    for name in names:
        made.group(name, vpc)
    pages = elb.get_paginator("describe_target_groups").paginate(PaginationConfig={"PageSize": 3})
    assert names <= {group["TargetGroupName"] for page in pages for group in page["TargetGroups"]}


def test_its_interfaces_keep_what_they_need(elb, networks, place, made):
    ec2, (vpc, subnets) = networks.ec2, place
    group = ec2.create_security_group(VpcId=vpc, GroupName="lb", Description="of a load balancer")["GroupId"]
    balancer = made.balancer("kept", subnets, SecurityGroups=[group])
    name = balancer["LoadBalancerArn"].split("loadbalancer/")[1]
    of = [{"Name": "description", "Values": [f"ELB {name}"]}]
    interfaces = ec2.describe_network_interfaces(Filters=of)["NetworkInterfaces"]
    assert {interface["SubnetId"] for interface in interfaces} == set(subnets)
    assert all(interface["RequesterManaged"] and interface["RequesterId"] == "amazon-elb" for interface in interfaces)
    assert refusal(ec2.delete_security_group, GroupId=group)[0] == "DependencyViolation"
    assert refusal(ec2.delete_subnet, SubnetId=subnets[0])[0] == "DependencyViolation"
    interface = interfaces[0]["NetworkInterfaceId"]
    assert refusal(ec2.delete_network_interface, NetworkInterfaceId=interface)[0] == "InvalidParameterValue"
    elb.delete_load_balancer(LoadBalancerArn=balancer["LoadBalancerArn"])
    assert ec2.describe_network_interfaces(Filters=of)["NetworkInterfaces"] == []
    until(lambda: ec2.describe_subnets(SubnetIds=subnets[:1])["Subnets"][0]["AvailableIpAddressCount"] == 251)
    ec2.delete_security_group(GroupId=group)


def test_refusals_are_dressed_as_aws_dresses_them(elb, place, made):
    vpc, subnets = place
    one_zone = ("ValidationError", "At least two subnets in two different Availability Zones must be specified", 400)
    assert refusal(elb.create_load_balancer, Name="web", Subnets=subnets[:1]) == one_zone
    gateway = ("InvalidConfigurationRequest", "The load balancer type 'gateway' is not supported by neargate.", 400)
    assert refusal(elb.create_load_balancer, Name="web", Subnets=subnets, Type="gateway") == gateway
    assert refusal(elb.describe_load_balancers, Names=["none"]) == ("LoadBalancerNotFound", "Load balancers '[none]' not found", 400)
    assert refusal(elb.describe_target_groups, TargetGroupArns=["x"])[:2] == ("ValidationError", "'x' is not a valid target group ARN")
    assert refusal(elb.describe_trust_stores)[::2] == ("NotImplemented", 501)
    group, balancer = made.group("used", vpc), made.balancer("used", subnets)
    asked = {"LoadBalancerArn": balancer["LoadBalancerArn"], "Port": 80, "DefaultActions": forward(group)}
    elb.create_listener(Protocol="HTTP", **asked)
    assert refusal(elb.delete_target_group, TargetGroupArn=group["TargetGroupArn"])[0] == "ResourceInUse"
    code = "HTTP_307"
    wrong = [{"Type": "redirect", "RedirectConfig": {"StatusCode": code}}]
    said = refusal(elb.create_listener, **{**asked, "Port": 81, "Protocol": "HTTP", "DefaultActions": wrong})
    assert said[1] == (
        f"1 validation error detected: Value '{code}' at 'defaultActions.1.member.redirectConfig.statusCode' failed to satisfy "
        "constraint: Member must satisfy enum value set: [HTTP_301, HTTP_302]"
    )


def test_what_was_made_survives_a_kill(fresh):
    elb, ec2 = fresh.client("elbv2"), fresh.client("ec2")
    subnets = [subnet["SubnetId"] for subnet in ec2.describe_subnets()["Subnets"]]
    vpc = ec2.describe_vpcs()["Vpcs"][0]["VpcId"]
    asked = {"Name": "web", "VpcId": vpc, "Protocol": "HTTP", "Port": 80, "TargetType": "ip"}
    (group,) = elb.create_target_group(**asked)["TargetGroups"]
    (balancer,) = elb.create_load_balancer(Name="web", Subnets=subnets, Scheme="internal")["LoadBalancers"]
    asked = {"LoadBalancerArn": balancer["LoadBalancerArn"], "Protocol": "HTTP", "Port": 80, "DefaultActions": forward(group)}
    (listener,) = elb.create_listener(**asked)["Listeners"]
    idle = [{"Key": "idle_timeout.timeout_seconds", "Value": "7"}]
    elb.modify_load_balancer_attributes(LoadBalancerArn=balancer["LoadBalancerArn"], Attributes=idle)
    rules = elb.describe_rules(ListenerArn=listener["ListenerArn"])["Rules"]
    fresh.kill()
    fresh.up()
    elb = fresh.client("elbv2")
    assert elb.describe_listeners(LoadBalancerArn=balancer["LoadBalancerArn"])["Listeners"] == [listener]
    assert elb.describe_rules(ListenerArn=listener["ListenerArn"])["Rules"] == rules
    attributes = elb.describe_load_balancer_attributes(LoadBalancerArn=balancer["LoadBalancerArn"])["Attributes"]
    assert idle[0] in attributes
    elb.delete_load_balancer(LoadBalancerArn=balancer["LoadBalancerArn"])
