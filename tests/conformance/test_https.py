"""HTTPS listeners of Application Load Balancers: certificates imported through ACM, as curl and others on the internet see them."""

import json
import pathlib
import subprocess
import textwrap

import botocore.exceptions
import pytest
from networks import ANYWHERE, tcp
from region import until

# For each line of its input, asks over the connection that it made first and over another; tells the answers, and whose certificate each
# connection was shown.
KEPT = textwrap.dedent("""
    import hashlib, http.client, json, ssl, sys
    context = ssl._create_unverified_context()

    def connect():
        connection = http.client.HTTPSConnection(sys.argv[1], timeout=10, context=context)
        connection.connect()
        return connection, hashlib.sha256(connection.sock.getpeercert(True)).hexdigest()

    def ask(connection):
        connection.request("GET", "/")
        return connection.getresponse().read().decode()

    kept, shown = connect()
    for _ in sys.stdin:
        other, then = connect()
        print(json.dumps([ask(kept), ask(other), shown, then]), flush=True)
        other.close()
""")


class Kept:
    """A client on the internet that keeps a connection."""

    def __init__(self, region, address):
        command = [region.binary, "from", "--data-dir", str(region.data), "internet", "--", "python3", "-c", KEPT, address]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def ask(self):
        self.process.stdin.write("\n")
        self.process.stdin.flush()
        return json.loads(self.process.stdout.readline())

    def close(self):
        self.process.communicate(timeout=10)


class Authority:
    """Certificates of an authority that a test makes."""

    def __init__(self, directory):
        self.directory = directory
        self.ca = self.file("ca.pem")
        self.openssl("req", "-x509", *self.key("ec", "prime256v1"), "-subj", "/CN=authority", "-keyout", self.file("ca.key"), "-out", self.ca)

    def file(self, name):
        return str(self.directory / name)

    def key(self, kind, size):
        return {"rsa": ["-newkey", f"rsa:{size}"], "ec": ["-newkey", "ec", "-pkeyopt", f"ec_paramgen_curve:{size}"]}[kind] + ["-nodes", "-days", "2"]

    def openssl(self, *arguments):
        subprocess.run(["openssl", *arguments], check=True, capture_output=True)

    def certify(self, file, kind, size, *names):
        """Files of a certificate and its key."""
        certificate, key = self.file(f"{file}.crt"), self.file(f"{file}.key")
        signed = ["-CA", self.ca, "-CAkey", self.file("ca.key"), "-addext", "basicConstraints=critical,CA:FALSE"]
        for_names = ["-subj", f"/CN={names[0]}", "-addext", "subjectAltName=" + ",".join(f"DNS:{name}" for name in names)]
        self.openssl("req", "-x509", *self.key(kind, size), *for_names, *signed, "-keyout", key, "-out", certificate)
        return certificate, key

    def request(self, certificate, key):
        """What boto3 imports."""
        read = lambda file: pathlib.Path(file).read_bytes()
        return {"Certificate": read(certificate), "PrivateKey": read(key), "CertificateChain": read(self.ca)}


@pytest.fixture
def authority(tmp_path):
    directory = tmp_path / "authority"
    directory.mkdir()
    return Authority(directory)


class Front:
    """An internet-facing load balancer in the default VPC that says hello over HTTPS."""

    def __init__(self, region, certificate):
        self.region, self.elb, self.ec2 = region, region.client("elbv2"), region.client("ec2")
        subnets = self.ec2.describe_subnets(Filters=[{"Name": "default-for-az", "Values": ["true"]}])["Subnets"][:2]
        self.group = self.ec2.create_security_group(GroupName="https", Description="https", VpcId=subnets[0]["VpcId"])["GroupId"]
        open_to_all = [tcp(port, IpRanges=[{"CidrIp": ANYWHERE}]) for port in (80, 443)]
        self.ec2.authorize_security_group_ingress(GroupId=self.group, IpPermissions=open_to_all)
        ids = [subnet["SubnetId"] for subnet in subnets]
        (made,) = self.elb.create_load_balancer(Name="https", Subnets=ids, SecurityGroups=[self.group])["LoadBalancers"]
        self.arn, self.dns = made["LoadBalancerArn"], made["DNSName"]
        hello = {"StatusCode": "200", "ContentType": "text/plain", "MessageBody": "hello"}
        (listener,) = self.elb.create_listener(
            LoadBalancerArn=self.arn,
            Protocol="HTTPS",
            Port=443,
            Certificates=[{"CertificateArn": certificate}],
            DefaultActions=[{"Type": "fixed-response", "FixedResponseConfig": hello}],
        )["Listeners"]
        self.listener = listener["ListenerArn"]
        away = {"Protocol": "HTTPS", "Port": "443", "StatusCode": "HTTP_301"}
        self.elb.create_listener(
            LoadBalancerArn=self.arn, Protocol="HTTP", Port=80, DefaultActions=[{"Type": "redirect", "RedirectConfig": away}]
        )
        self.elb.get_waiter("load_balancer_available").wait(LoadBalancerArns=[self.arn], WaiterConfig={"Delay": 1, "MaxAttempts": 30})

    def curl(self, *arguments):
        """curl on the internet, told that any name is the load balancer's."""
        to = ["--connect-to", f"::{self.dns}:"]
        return self.region.neargate("from", "internet", "--", "curl", "-sS", "-m", "5", *to, *arguments, check=False)

    def shown(self, name):
        """The subject of the certificate that a client is shown who asks for a name."""
        asked = self.curl("-vk", f"https://{name}/").stderr
        return [line.split("subject: CN=")[1] for line in asked.splitlines() if "subject: CN=" in line]

    def close(self):
        self.elb.delete_load_balancer(LoadBalancerArn=self.arn)
        unused = lambda: not self.ec2.describe_network_interfaces(Filters=[{"Name": "group-id", "Values": [self.group]}])["NetworkInterfaces"]
        until(unused, what="the security group unused")
        self.ec2.delete_security_group(GroupId=self.group)


def test_clients_verify_the_certificate_that_was_imported(shared, authority):
    acm, elb = shared.client("acm"), shared.client("elbv2")
    certificate, key = authority.certify("shop", "rsa", 2048, "www.shop.test")
    files = [f"--certificate=fileb://{certificate}", f"--private-key=fileb://{key}", f"--certificate-chain=fileb://{authority.ca}"]
    shop = shared.aws("acm", "import-certificate", *files)["CertificateArn"]
    api = acm.import_certificate(**authority.request(*authority.certify("api", "ec", "secp384r1", "api.shop.test")))["CertificateArn"]
    every = acm.import_certificate(**authority.request(*authority.certify("every", "ec", "prime256v1", "*.shop.test")))["CertificateArn"]
    listed = shared.aws("acm", "list-certificates", "--includes", "keyTypes=RSA_2048,EC_secp384r1,EC_prime256v1")["CertificateSummaryList"]
    assert {(one["DomainName"], one["KeyAlgorithm"]) for one in listed} == {
        ("www.shop.test", "RSA_2048"),
        ("api.shop.test", "EC_secp384r1"),
        ("*.shop.test", "EC_prime256v1"),
    }
    front = Front(shared, shop)
    elb.add_listener_certificates(ListenerArn=front.listener, Certificates=[{"CertificateArn": arn} for arn in (api, every)])
    told = elb.describe_listener_certificates(ListenerArn=front.listener)["Certificates"]
    assert [(one["CertificateArn"], one["IsDefault"]) for one in told] == [(shop, True), (api, False), (every, False)]
    until(lambda: front.shown("api.shop.test") == ["api.shop.test"], what="the listener's certificates")

    # Every certificate is the one of its name, and clients that trust its authority take it.
    for name in ("www.shop.test", "api.shop.test", "other.shop.test"):
        answer = front.curl("--cacert", authority.ca, f"https://{name}/")
        assert answer.stdout == "hello", answer.stderr
    assert front.shown("other.shop.test") == ["*.shop.test"]
    assert front.shown("elsewhere.test") == ["www.shop.test"]
    assert "SSL" in front.curl("--cacert", authority.ca, "https://elsewhere.test/").stderr
    led = front.curl("--cacert", authority.ca, "-L", "-w", " %{url_effective} %{num_redirects}", "http://www.shop.test/")
    assert led.stdout == "hello https://www.shop.test:443/ 1", led.stderr

    # What was asked for when the policy was not: TLS 1.3 comes with another.
    assert front.curl("-k", "--tlsv1.3", "https://www.shop.test/").returncode != 0
    elb.modify_listener(ListenerArn=front.listener, SslPolicy="ELBSecurityPolicy-TLS13-1-3-2021-06")
    until(lambda: front.curl("-k", "--tlsv1.3", "https://www.shop.test/").stdout == "hello", what="the policy")
    assert front.curl("-k", "--tls-max", "1.2", "https://www.shop.test/").returncode != 0

    detail = acm.describe_certificate(CertificateArn=shop)["Certificate"]
    assert (detail["InUseBy"], detail["Status"], detail["Type"]) == ([front.arn], "ISSUED", "IMPORTED")
    with pytest.raises(botocore.exceptions.ClientError) as refused:
        acm.delete_certificate(CertificateArn=shop)
    assert refused.value.response["Error"]["Code"] == "ResourceInUseException"
    node = front.curl("-k", "-o", "/dev/null", "-w", "%{remote_ip}", "https://www.shop.test/").stdout
    explained = shared.neargate("explain", "internet", f"{node}:443").stdout
    assert "Load balancer https listens on port 443 there." in explained, explained
    front.close()
    for arn in (shop, api, every):
        acm.delete_certificate(CertificateArn=arn)
    with pytest.raises(botocore.exceptions.ClientError) as gone:
        acm.describe_certificate(CertificateArn=shop)
    assert gone.value.response["Error"]["Code"] == "ResourceNotFoundException"


def test_keys_are_in_memory_alone_and_outlive_a_restart(fresh, authority):
    acm = fresh.client("acm")
    first = authority.certify("first", "ec", "prime256v1", "shop.test")
    arn = acm.import_certificate(**authority.request(*first))["CertificateArn"]
    front = Front(fresh, arn)
    until(lambda: front.curl("-k", "https://shop.test/").stdout == "hello", what="the listener")

    kept = Kept(fresh, front.curl("-k", "-o", "/dev/null", "-w", "%{remote_ip}", "https://shop.test/").stdout)
    answer, other, shown, then = kept.ask()
    assert (answer, other) == ("hello", "hello") and shown == then

    # Without server and agent the balancer goes on; with them, another import takes the first one's place, and no connection ends for it.
    fresh.kill()
    assert kept.ask() == ["hello", "hello", shown, shown]
    fresh.up()
    second = authority.certify("second", "rsa", 3072, "shop.test", "again.test")
    acm = fresh.client("acm")
    assert acm.import_certificate(CertificateArn=arn, **authority.request(*second))["CertificateArn"] == arn
    until(lambda: front.curl("--cacert", authority.ca, "https://again.test/").stdout == "hello", what="the second certificate")
    answer, other, before, after = kept.ask()
    assert (answer, other, before) == ("hello", "hello", shown) and after != shown
    kept.close()

    # A balancer that is begun anew gets the key anew.
    (pid,) = balancers(fresh)
    subprocess.run(["kill", "-KILL", str(pid)], check=True)
    until(lambda: balancers(fresh) not in ([], [pid]), what="another balancer")
    until(lambda: front.curl("--cacert", authority.ca, "https://again.test/").stdout == "hello", what="its listener")

    # No file has a key in it.
    for _, key in (first, second):
        line = pathlib.Path(key).read_text().splitlines()[2].encode()
        assert [str(file) for file in fresh.data.rglob("*") if file.is_file() and line in file.read_bytes()] == []
    assert "PRIVATE KEY" not in (fresh.directory / "stderr").read_text()


def balancers(region):
    """The processes of a region's balancer."""
    found = []
    for process in pathlib.Path("/proc").iterdir():
        try:
            if process.name.isdigit() and str(region.data / "balancer") in process.joinpath("cmdline").read_text().split("\0"):
                found.append(int(process.name))
        except OSError:
            pass
    return found
