"""Certificates that are requested of ACM: validated by a record in a hosted zone, issued by the region's authority, used by HTTPS listeners."""

import json
import subprocess

import pytest
from botocore.exceptions import ClientError
from test_https import Front
from test_route53 import change, hosted, records
from test_route53 import route53  # noqa: F401

WAIT = {"Delay": 1, "MaxAttempts": 30}


@pytest.fixture
def acm(shared):
    client = shared.client("acm")
    yield client
    kinds = {"keyTypes": ["RSA_2048", "EC_prime256v1", "EC_secp384r1"]}
    for one in client.list_certificates(Includes=kinds)["CertificateSummaryList"]:
        client.delete_certificate(CertificateArn=one["CertificateArn"])


def wanted(acm, arn):
    """The record of each of a certificate's names, without repetition."""
    domains = acm.describe_certificate(CertificateArn=arn)["Certificate"]["DomainValidationOptions"]
    found = {domain["ResourceRecord"]["Name"]: domain["ResourceRecord"] for domain in domains}
    return [records(one["Name"], one["Type"], one["Value"]) for one in found.values()]


def test_a_certificate_is_issued_when_its_record_is_there_and_clients_verify_it(shared, acm, route53):  # noqa: F811
    names = ["shop.test", "*.shop.test"]
    request = ["--domain-name", names[0], "--subject-alternative-names", names[1], "--validation-method", "DNS"]
    arn = shared.aws("acm", "request-certificate", *request, "--tags", "Key=team,Value=web")["CertificateArn"]
    pending = acm.describe_certificate(CertificateArn=arn)["Certificate"]
    assert (pending["Status"], pending["Type"], pending["KeyAlgorithm"]) == ("PENDING_VALIDATION", "AMAZON_ISSUED", "RSA_2048")
    with pytest.raises(ClientError, match="RequestInProgressException"):
        acm.get_certificate(CertificateArn=arn)
    (record,) = wanted(acm, arn)
    zone = hosted(route53, "shop.test")
    change(route53, zone, "CREATE", record)
    acm.get_waiter("certificate_validated").wait(CertificateArn=arn, WaiterConfig=WAIT)
    issued = acm.describe_certificate(CertificateArn=arn)["Certificate"]
    assert issued["SubjectAlternativeNames"] == names
    assert {domain["ValidationStatus"] for domain in issued["DomainValidationOptions"]} == {"SUCCESS"}
    assert 197 <= (issued["NotAfter"] - issued["IssuedAt"]).days <= 198
    assert acm.list_tags_for_certificate(CertificateArn=arn)["Tags"] == [{"Key": "team", "Value": "web"}]

    front = Front(shared, arn)
    used = acm.describe_certificate(CertificateArn=arn)["Certificate"]
    assert (used["InUseBy"], used["RenewalEligibility"]) == ([front.arn], "ELIGIBLE")
    trusting = ["--cacert", str(shared.data / "ca.pem")]
    for name in ("shop.test", "www.shop.test"):
        assert front.curl(*trusting, f"https://{name}/").stdout == "hello"
    refused = front.curl(*trusting, "https://other.test/")
    assert refused.returncode == 60 and "hello" not in refused.stdout
    with pytest.raises(ClientError, match="ResourceInUseException"):
        acm.delete_certificate(CertificateArn=arn)
    front.close()


def test_keys_and_chains_are_what_was_asked_for(shared, acm, route53, tmp_path):  # noqa: F811
    zone = hosted(route53, "keys.test")
    for kind, shown in (("EC_prime256v1", "NIST CURVE: P-256"), ("EC_secp384r1", "NIST CURVE: P-384"), ("RSA_2048", "(2048 bit)")):
        name = f"{kind.lower().replace('_', '-')}.keys.test"
        arn = acm.request_certificate(DomainName=name, ValidationMethod="DNS", KeyAlgorithm=kind)["CertificateArn"]
        change(route53, zone, "CREATE", *wanted(acm, arn))
        acm.get_waiter("certificate_validated").wait(CertificateArn=arn, WaiterConfig=WAIT)
        got = acm.get_certificate(CertificateArn=arn)
        (tmp_path / "leaf.pem").write_text(got["Certificate"])
        (tmp_path / "chain.pem").write_text(got["CertificateChain"])
        openssl = lambda *arguments: subprocess.run(["openssl", *arguments], cwd=tmp_path, capture_output=True, text=True)
        verified = openssl("verify", "-CAfile", "chain.pem", "-verify_hostname", name, "leaf.pem")
        assert verified.returncode == 0, verified.stderr
        assert shown in openssl("x509", "-in", "leaf.pem", "-noout", "-text").stdout
        assert got["CertificateChain"] == (shared.data / "ca.pem").read_text()


def test_a_stack_validates_its_certificate_in_the_zone_it_names(shared, acm, route53):  # noqa: F811
    cloudformation = shared.client("cloudformation")
    zone = hosted(route53, "stack.test")
    bare = zone.removeprefix("/hostedzone/")
    options = [{"DomainName": "stack.test", "HostedZoneId": bare}]
    properties = {"DomainName": "stack.test", "ValidationMethod": "DNS", "DomainValidationOptions": options, "KeyAlgorithm": "EC_prime256v1"}
    template = {
        "Resources": {"Certificate": {"Type": "AWS::CertificateManager::Certificate", "Properties": properties}},
        "Outputs": {"Arn": {"Value": {"Ref": "Certificate"}}},
    }
    cloudformation.create_stack(StackName="certified", TemplateBody=json.dumps(template))
    cloudformation.get_waiter("stack_create_complete").wait(StackName="certified", WaiterConfig=WAIT)
    (stack,) = cloudformation.describe_stacks(StackName="certified")["Stacks"]
    (output,) = stack["Outputs"]
    assert acm.describe_certificate(CertificateArn=output["OutputValue"])["Certificate"]["Status"] == "ISSUED"
    events = cloudformation.describe_stack_events(StackName="certified")["StackEvents"]
    reasons = [event.get("ResourceStatusReason", "") for event in events]
    (record,) = wanted(acm, output["OutputValue"])
    value = record["ResourceRecords"][0]["Value"]
    assert f"Content of DNS Record is: {{Name: {record['Name']},Type: CNAME,Value: {value}}}" in reasons
    cloudformation.delete_stack(StackName="certified")
    cloudformation.get_waiter("stack_delete_complete").wait(StackName="certified", WaiterConfig=WAIT)
    with pytest.raises(ClientError, match="ResourceNotFoundException"):
        acm.describe_certificate(CertificateArn=output["OutputValue"])
    sets = route53.list_resource_record_sets(HostedZoneId=zone)["ResourceRecordSets"]
    assert [found["Name"] for found in sets if found["Type"] == "CNAME"] == [record["Name"]]


def test_what_is_never_issued_is_refused_by_name(acm):
    for more, said in (
        ({}, "EMAIL, which is not supported by neargate"),
        ({"ValidationMethod": "EMAIL"}, "ValidationMethod EMAIL is not supported by neargate."),
        ({"ValidationMethod": "DNS", "Options": {"Export": "ENABLED"}}, "Export is not supported by neargate."),
        ({"ValidationMethod": "DNS", "DomainName": "shop"}, "failed to satisfy constraint: Member must satisfy regular expression pattern"),
    ):
        with pytest.raises(ClientError, match=said):
            acm.request_certificate(**{"DomainName": "shop.test", **more})
