"""Amazon Route 53: hosted zones and their records, as resolvers inside VPCs and on the internet answer them."""

import collections
import uuid

import pytest
from botocore.exceptions import ClientError
from networks import EVERYTHING
from region import until
from tasks import LAUNCH, container, define, describe
from test_balanced_services import make_front, serve

RESOLVER = "169.254.169.253"
# Where the internet's names are asked for.
INTERNET_RESOLVER = "203.0.113.53"
NXDOMAIN = 3


@pytest.fixture
def route53(shared):
    client = shared.client("route53")
    yield client
    for zone in client.list_hosted_zones()["HostedZones"]:
        sets = client.list_resource_record_sets(HostedZoneId=zone["Id"])["ResourceRecordSets"]
        required = lambda found: found["Name"] == zone["Name"] and found["Type"] in ("NS", "SOA")  # noqa: B023, E731
        gone = [{"Action": "DELETE", "ResourceRecordSet": found} for found in sets if not required(found)]
        if gone:
            client.change_resource_record_sets(HostedZoneId=zone["Id"], ChangeBatch={"Changes": gone})
        client.delete_hosted_zone(Id=zone["Id"])


@pytest.fixture
def front(shared, ecs):
    yield from make_front(shared, ecs, shared.client("elbv2"))


def hosted(route53, name, *vpcs):
    """A zone, private to VPCs if there are any: its id, as AWS answers it."""
    more = {"VPC": {"VPCRegion": "us-east-1", "VPCId": vpcs[0]}} if vpcs else {}
    made = route53.create_hosted_zone(Name=name, CallerReference=str(uuid.uuid4()), **more)
    for vpc in vpcs[1:]:
        route53.associate_vpc_with_hosted_zone(HostedZoneId=made["HostedZone"]["Id"], VPC={"VPCRegion": "us-east-1", "VPCId": vpc})
    in_sync(route53, made)
    return made["HostedZone"]["Id"]


def in_sync(route53, answer):
    waiter = route53.get_waiter("resource_record_sets_changed")
    waiter.wait(Id=answer["ChangeInfo"]["Id"], WaiterConfig={"Delay": 1, "MaxAttempts": 30})


def records(name, kind, *values, ttl=60, **more):
    return {"Name": name, "Type": kind, "TTL": ttl, "ResourceRecords": [{"Value": value} for value in values], **more}


def change(route53, zone, action, *sets):
    changes = [{"Action": action, "ResourceRecordSet": found} for found in sets]
    in_sync(route53, route53.change_resource_record_sets(HostedZoneId=zone, ChangeBatch={"Changes": changes}))


def refusal(call, **request):
    with pytest.raises(ClientError) as refused:
        call(**request)
    response = refused.value.response
    return response["Error"]["Code"], response["Error"]["Message"], response["ResponseMetadata"]["HTTPStatusCode"]


def data(answer):
    return sorted(record[2] for record in answer["answers"])


def test_a_private_zone_is_seen_in_its_vpcs_alone(networks, route53):
    vpcs = [networks.vpc(f"10.{number}.0.0/16", names=True) for number in (81, 82, 83)]
    machines = []
    for number, vpc in zip((81, 82, 83), vpcs):
        subnet, _ = networks.subnet(vpc, f"10.{number}.1.0/24")
        machines.append(networks.machine(subnet, networks.group(vpc, "open", EVERYTHING))[0])
    first, second, apart = machines
    internet = networks.internet()
    public, zone = hosted(route53, "shop.test"), hosted(route53, "shop.test", *vpcs[:2])
    change(route53, public, "CREATE", records("www.shop.test", "A", "198.51.100.1"), records("out.shop.test", "A", "198.51.100.2"))
    change(route53, zone, "CREATE", records("www.shop.test", "A", "10.81.1.1"))
    for machine, address in ((first, "10.81.1.1"), (second, "10.81.1.1"), (apart, "198.51.100.1"), (internet, "198.51.100.1")):
        assert machine.resolve("www.shop.test") == [address] == machine.resolve("WWW.Shop.test")
    # What is missing in a private zone is nowhere for its VPCs, and believed to be for as long as the zone says.
    answer = first.query(RESOLVER, "out.shop.test")
    assert (answer["code"], answer["answers"]) == (NXDOMAIN, [])
    assert answer["authorities"] == [["SOA", 900, "ns-1536.awsdns-00.co.uk"]]
    assert apart.resolve("out.shop.test") == internet.resolve("out.shop.test") == ["198.51.100.2"]
    # A zone of a longer name is in front.
    inner = hosted(route53, "api.shop.test", vpcs[0])
    change(route53, inner, "CREATE", records("api.shop.test", "A", "10.81.1.9"))
    assert (first.resolve("api.shop.test"), second.resolve("api.shop.test")) == (["10.81.1.9"], [])
    answer = route53.disassociate_vpc_from_hosted_zone(HostedZoneId=zone, VPC={"VPCRegion": "us-east-1", "VPCId": vpcs[1]})
    in_sync(route53, answer)
    assert second.resolve("www.shop.test") == ["198.51.100.1"]
    networks.ec2.modify_vpc_attribute(VpcId=vpcs[0], EnableDnsHostnames={"Value": False})
    until(lambda: first.resolve("www.shop.test") == ["198.51.100.1"], what="the public name")


def test_each_kind_of_record_is_answered(networks, route53):
    vpc = networks.vpc("10.84.0.0/16", names=True)
    subnet, _ = networks.subnet(vpc, "10.84.1.0/24")
    machine, _ = networks.machine(subnet, networks.group(vpc, "open", EVERYTHING))
    zone = hosted(route53, "shop.test")
    own = {"HostedZoneId": zone.rsplit("/", 1)[1], "EvaluateTargetHealth": False}
    change(
        route53, zone, "UPSERT",
        records("a.shop.test", "A", "198.51.100.1", "198.51.100.2", ttl=5),
        records("a.shop.test", "AAAA", "2001:db8::1"),
        records("c.shop.test", "CNAME", "a.shop.test."),
        records("shop.test", "MX", "10 mail.shop.test"),
        records("shop.test", "TXT", '"v=spf1 -all" "b"'),
        records("shop.test", "CAA", '0 issue "ca.shop.test"'),
        records("_http._tcp.shop.test", "SRV", "1 2 80 a.shop.test"),
        records("p.shop.test", "PTR", "a.shop.test"),
        records("sub.shop.test", "NS", "ns.other.test"),
        records("*.shop.test", "A", "198.51.100.9"),
        records("*.shop.test", "AAAA", "2001:db8::9"),
        {"Name": "alias.shop.test", "Type": "A", "AliasTarget": {**own, "DNSName": "a.shop.test"}},
    )  # fmt: skip
    told = lambda name, kind: machine.query(RESOLVER, name, kind)["answers"]  # noqa: E731
    assert sorted(told("a.shop.test", "A")) == [["A", 5, "198.51.100.1"], ["A", 5, "198.51.100.2"]]
    assert told("a.shop.test", "AAAA") == [["AAAA", 60, "2001:db8::1"]]
    assert [record[:2] for record in told("c.shop.test", "A")] == [["CNAME", 60], ["A", 5], ["A", 5]]
    assert told("shop.test", "MX") == [["MX", 60, "10 mail.shop.test"]]
    assert told("shop.test", "TXT") == [["TXT", 60, "\x0bv=spf1 -all\x01b"]]
    assert told("shop.test", "CAA") == [["CAA", 60, "\x00\x05issueca.shop.test"]]
    srv = machine.query(RESOLVER, "_http._tcp.shop.test", "SRV")
    assert srv["answers"] == [["SRV", 60, "1 2 80 a.shop.test"]] and len(srv["more"]) == 2
    assert told("p.shop.test", "PTR") == [["PTR", 60, "a.shop.test"]]
    assert told("sub.shop.test", "NS") == [["NS", 60, "ns.other.test"]]
    assert sorted(told("alias.shop.test", "A")) == sorted(told("a.shop.test", "A"))
    assert told("any.shop.test", "A") == told("x.any.shop.test", "A") == [["A", 60, "198.51.100.9"]]
    assert told("any.shop.test", "AAAA") == [["AAAA", 60, "2001:db8::9"]]
    assert told("_tcp.shop.test", "A") == [], "it has a name under it"
    servers = route53.get_hosted_zone(Id=zone)["DelegationSet"]["NameServers"]
    assert sorted(told("shop.test", "NS")) == [["NS", 172_800, server] for server in sorted(servers)]
    listed = route53.list_resource_record_sets(HostedZoneId=zone, StartRecordName="*.shop.test", MaxItems="1")
    assert listed["ResourceRecordSets"][0]["Name"] == "\\052.shop.test." and listed["IsTruncated"]


def test_one_of_many_is_answered_by_its_routing(networks, route53):
    internet = networks.internet()
    zone = hosted(route53, "shop.test")
    address = lambda number: f"198.51.100.{number}"  # noqa: E731
    change(
        route53, zone, "CREATE",
        *[records("w.shop.test", "A", address(n), SetIdentifier=str(n), Weight=weight) for n, weight in ((1, 3), (2, 1), (3, 0))],
        *[records("m.shop.test", "A", address(n), SetIdentifier=str(n), MultiValueAnswer=True) for n in range(10)],
        records("f.shop.test", "A", address(1), SetIdentifier="1", Failover="PRIMARY"),
        records("f.shop.test", "A", address(2), SetIdentifier="2", Failover="SECONDARY"),
    )  # fmt: skip
    ask = lambda name: tuple(data(internet.query(INTERNET_RESOLVER, name)))  # noqa: E731
    told = collections.Counter(ask("w.shop.test") for _ in range(400))
    assert set(told) == {(address(1),), (address(2),)}
    # Of four a hundred answers to one: less than fifty or more than a hundred and fifty would be five deviations off.
    assert 50 < told[(address(2),)] < 150, told
    several = [ask("m.shop.test") for _ in range(40)]
    assert {len(found) for found in several} == {8} and len({one for found in several for one in found}) == 10
    assert ask("f.shop.test") == (address(1),)


def test_an_alias_of_a_load_balancer_answers_from_the_internet(shared, ecs, front, networks, route53):
    zone, elb = hosted(route53, "shop.test"), shared.client("elbv2")
    (balancer,) = elb.describe_load_balancers(Names=["front"])["LoadBalancers"]
    target = {"HostedZoneId": balancer["CanonicalHostedZoneId"], "DNSName": front.dns, "EvaluateTargetHealth": True}
    alias = {"Type": "A", "AliasTarget": target}
    change(
        route53, zone, "CREATE",
        {"Name": "shop.test", **alias},
        {"Name": "f.shop.test", "SetIdentifier": "1", "Failover": "PRIMARY", **alias},
        records("f.shop.test", "A", "198.51.100.9", SetIdentifier="2", Failover="SECONDARY"),
    )  # fmt: skip
    internet = networks.internet()
    assert internet.resolve("f.shop.test") == ["198.51.100.9"], "it has no targets yet"
    serve(ecs, front)
    command = ["curl", "-s", "-m", "5", "-w", "%{http_code}", "-o", "/dev/null", "http://shop.test/"]
    assert shared.neargate("from", "internet", "--", *command).stdout == "200"
    assert internet.resolve("shop.test") == internet.resolve(front.dns) != []
    until(lambda: internet.resolve("f.shop.test") == internet.resolve(front.dns), what="the primary one")
    (listed,) = route53.list_resource_record_sets(HostedZoneId=zone, MaxItems="1")["ResourceRecordSets"]
    assert listed["AliasTarget"] == {**target, "DNSName": front.dns.lower() + "."}


def test_a_task_resolves_names_of_its_vpcs_zone(shared, ecs, ec2, network, networks, route53):
    (subnet,) = network["awsvpcConfiguration"]["subnets"]
    vpc = ec2.describe_subnets(SubnetIds=[subnet])["Subnets"][0]["VpcId"]
    zone = hosted(route53, "inside.test", vpc)
    definition = define(ecs, container(command="exec sleep 100000", stopTimeout=2))
    arn = ecs.run_task(taskDefinition=definition, networkConfiguration=network, **LAUNCH)["tasks"][0]["taskArn"]
    until(lambda: describe(ecs, arn)["lastStatus"] == "RUNNING", what="the task")
    task = networks.at("task/" + arn.rsplit("/", 1)[1])
    assert task.resolve("db.inside.test") == []
    change(route53, zone, "CREATE", records("db.inside.test", "A", "10.20.1.77"))
    assert task.resolve("db.inside.test") == ["10.20.1.77"]
    change(route53, zone, "UPSERT", records("db.inside.test", "A", "10.20.1.78"))
    assert task.resolve("db.inside.test") == ["10.20.1.78"]
    assert networks.internet().resolve("db.inside.test") == []
    ecs.stop_task(task=arn)


def test_refusals_are_aws_own(shared, route53):
    zone = hosted(route53, "shop.test").rsplit("/", 1)[1]
    make = lambda *sets, action="CREATE": {  # noqa: E731
        "HostedZoneId": zone,
        "ChangeBatch": {"Changes": [{"Action": action, "ResourceRecordSet": found} for found in sets]},
    }
    change(route53, zone, "CREATE", records("a.shop.test", "A", "198.51.100.1"))
    call = route53.change_resource_record_sets
    assert refusal(call, **make(records("a.shop.test", "A", "198.51.100.1"))) == (
        "InvalidChangeBatch",
        "[Tried to create resource record set [name='a.shop.test.', type='A'] but it already exists]",
        400,
    )
    assert refusal(call, **make(records("b.shop.test", "A", "198.51.100.1"), action="DELETE"))[1] == (
        "[Tried to delete resource record set [name='b.shop.test.', type='A'] but it was not found]"
    )
    assert refusal(route53.delete_hosted_zone, Id=zone) == (
        "HostedZoneNotEmpty",
        "The specified hosted zone contains non-required resource record sets and so cannot be deleted.",
        400,
    )
    assert refusal(route53.get_hosted_zone, Id="ZNONE") == ("NoSuchHostedZone", "No hosted zone found with ID: ZNONE", 404)
    request = {"Name": "shop.test", "CallerReference": "one"}
    made = route53.create_hosted_zone(**request)
    assert made["ResponseMetadata"]["HTTPStatusCode"] == 201 and made["Location"].endswith(made["HostedZone"]["Id"])
    assert refusal(route53.create_hosted_zone, **request)[::2] == ("HostedZoneAlreadyExists", 409)
    assert refusal(route53.list_health_checks)[::2] == ("NotImplemented", 501)
    assert refusal(call, **make({**records("c.shop.test", "A", "198.51.100.1"), "Type": "NOPE"}))[0] == "InvalidInput"
    said = shared.aws("route53", "list-resource-record-sets", "--hosted-zone-id", f"/hostedzone/{zone}")
    assert [found["Type"] for found in said["ResourceRecordSets"]] == ["NS", "SOA", "A"]


def test_zones_survive_kill_9(fresh):
    route53, ec2 = fresh.client("route53"), fresh.client("ec2")
    vpc = ec2.describe_vpcs()["Vpcs"][0]["VpcId"]
    zone = hosted(route53, "shop.test", vpc)
    change(route53, zone, "CREATE", records("db.shop.test", "A", "172.31.0.77"))
    subnet = ec2.describe_subnets()["Subnets"][0]["SubnetId"]
    interface = ec2.create_network_interface(SubnetId=subnet)["NetworkInterface"]["NetworkInterfaceId"]

    def names():
        return fresh.neargate("from", interface, "--", "getent", "ahostsv4", "db.shop.test", check=False).stdout.split()[:1]

    until(lambda: names() == ["172.31.0.77"], what="the name")
    fresh.kill()
    fresh.up()
    until(lambda: names() == ["172.31.0.77"], what="the name again")
    assert len(route53.list_resource_record_sets(HostedZoneId=zone)["ResourceRecordSets"]) == 3
