"""Images that can't be pulled, each with the whole of what the task says of it; and nothing of them is left on the machine."""

import os
import re
import tarfile
import time

import images
import pytest
from botocore.exceptions import ClientError
from machine import INTERNET
from networks import Networks
from private import MANIFEST, Image, Private, bomb, encoded, tar
from region import Region, until
from registry import digest
from tasks import ROLE, awslogs, container, define, execution_role, leaves_nothing, public, reaches, result, run

BUSYBOX = images.busybox()
RESOLVE = f"CannotPullContainerError: pull image manifest has been retried {{}} time(s): failed to resolve ref {INTERNET}:5000/team/app:1: "
COPY = "CannotPullContainerError: ref pull has been retried {} time(s): failed to copy: "
EXTRACT = "CannotPullContainerError: ref pull has been retried 1 time(s): failed to extract layer {}: "
ASM = (
    "ResourceInitializationError: unable to pull secrets or registry auth: execution resource retrieval failed: unable to get registry auth "
    "from asm: service call has been retried 1 time(s): "
)


@pytest.fixture
def private(networks, tmp_path):
    return Private(networks, tmp_path)


def layers(region):
    return set(os.listdir(region.data / "layers/layers"))


def fails(region, ecs, network, *containers, **more):
    """How a task ends whose image can't be pulled: what it and its container say, which is the same."""
    before = layers(region)
    task, ended = result(ecs, network, *containers, **more)
    assert task["stopCode"] == "TaskFailedToStart", task
    until(lambda: leaves_nothing(region, task["taskArn"]), 10, "a clean machine")
    assert layers(region) == before
    said = {one["reason"] for one in ended.values() if "reason" in one}
    assert said <= {task["stoppedReason"]}, task
    return task["stoppedReason"]


# Roles


def test_what_takes_an_execution_role_is_refused_without_one(ecs, network):
    secret = "arn:aws:secretsmanager:us-east-1:123456789012:secret:a-AbCdEf"
    for more, message in [
        ({"image": "123456789012.dkr.ecr.us-east-1.amazonaws.com/a:1"}, "Fargate requires task definition to have execution role ARN to support ECR images."),
        ({"logConfiguration": awslogs("/a")}, "Fargate requires task definition to have execution role ARN to support log driver awslogs."),
        (
            {"secrets": [{"name": "A", "valueFrom": secret}]},
            "When you are specifying container secrets, you must also specify a value for 'executionRoleArn'.",
        ),
    ]:
        with pytest.raises(ClientError) as refused:
            define(ecs, container(**more))
        assert refused.value.response["Error"] == {"Code": "ClientException", "Message": message}
    definition = define(ecs, container(secrets=[{"name": "A", "valueFrom": secret}]), executionRoleArn=ROLE)
    nobody = "arn:aws:iam::123456789012:role/nobody"
    with pytest.raises(ClientError) as refused:
        run(ecs, network, definition, overrides={"executionRoleArn": nobody})
    assert refused.value.response["Error"]["Message"] == (
        f"ECS was unable to assume the role '{nobody}' that was provided for this task. Please verify that the role being passed has the "
        "proper trust relationship and permissions and that your IAM user has permissions to pass this role."
    )


# Logins


def credentials(shared, name, text):
    return shared.client("secretsmanager").create_secret(Name=name, SecretString=text)["ARN"]


def test_a_private_registry_wants_the_right_login(shared, ecs, network, private):
    private.serve(Image([BUSYBOX]).answers(), login="me:secret")
    right = credentials(shared, "private/right", '{"username": "me", "password": "secret"}')
    wrong = credentials(shared, "private/wrong", '{"username": "me", "password": "guess"}')
    odd = credentials(shared, "private/odd", '{"username": "me"}')
    app = lambda arn: container(image=private.name, command="exit 5", repositoryCredentials={"credentialsParameter": arn})
    _, ended = result(ecs, network, app(right), executionRoleArn=ROLE)
    assert ended["app"]["exitCode"] == 5
    refused = RESOLVE.format(1) + f"unexpected status from HEAD request to {private.url(MANIFEST)}: 401 Unauthorized"
    assert fails(shared, ecs, network, app(wrong), executionRoleArn=ROLE) == refused
    assert fails(shared, ecs, network, container(image=private.name)) == refused, "nobody's login"
    assert fails(shared, ecs, network, app(odd), executionRoleArn=ROLE) == (
        ASM + "asm fetching password: AuthorizationData is malformed, empty field"
    )
    for arn in (right, wrong, odd):
        shared.client("secretsmanager").delete_secret(SecretId=arn, ForceDeleteWithoutRecovery=True)
    reason = fails(shared, ecs, network, app(right), executionRoleArn=ROLE)
    assert re.sub("RequestID: [0-9a-f-]{36}", "RequestID: X", reason) == (
        ASM + f"asm fetching secret from the service for {right}: operation error Secrets Manager: GetSecretValue, https response error "
        "StatusCode: 400, RequestID: X, ResourceNotFoundException: Secrets Manager can't find the specified secret."
    )


def test_a_token_is_fetched_where_the_registry_says(shared, ecs, network, private):
    challenge = f'Bearer realm="{private.url("/token")}",service="private",scope="repository:team/app:pull"'
    private.serve(Image([BUSYBOX]).answers(), login="me:secret", token="t0", challenge=challenge)
    right = credentials(shared, "private/token", '{"username": "me", "password": "secret"}')
    login = {"repositoryCredentials": {"credentialsParameter": right}}
    _, ended = result(ecs, network, container(image=private.name, command="exit 6", **login), executionRoleArn=ROLE)
    assert ended["app"]["exitCode"] == 6
    query = "service=private&scope=repository%3Ateam%2Fapp%3Apull"
    assert fails(shared, ecs, network, container(image=private.name)) == (
        RESOLVE.format(1) + "failed to authorize: failed to fetch anonymous token: unexpected status from GET request to "
        f"{private.url('/token')}?{query}: 401 Unauthorized"
    )
    shared.client("secretsmanager").delete_secret(SecretId=right, ForceDeleteWithoutRecovery=True)


# Redirects


def moved(url):
    return {"status": 307, "headers": {"Location": url}}


def test_a_login_follows_nobody_to_another_host(shared, ecs, network, private):
    layer = images.layer({"/own": os.urandom(16)})
    image = Image([BUSYBOX, layer])
    blob = image.blob(layer)
    private.serve({**image.answers(), blob: moved(private.url("/elsewhere?Signature=s3cret", 5001))}, login="me:secret")
    private.serve({"/elsewhere": {"body": encoded(layer)}}, port=5001)
    right = credentials(shared, "private/moved", '{"username": "me", "password": "secret"}')
    app = container(image=private.name, command="exit 7", repositoryCredentials={"credentialsParameter": right})
    _, ended = result(ecs, network, app, executionRoleArn=ROLE)
    assert ended["app"]["exitCode"] == 7
    assert [one for one in private.asked() if one[0] == 5001] == [(5001, "GET", "/elsewhere?Signature=s3cret", None)]
    shared.client("secretsmanager").delete_secret(SecretId=right, ForceDeleteWithoutRecovery=True)


def test_who_was_sent_on_to_somebody_gives_them_no_login(shared, ecs, network, private):
    image = Image([images.layer({"/other": b"other"})])
    (layer,) = image.layers
    private.serve({**image.answers(), image.blob(layer): moved(private.url("/elsewhere", 5001))}, login="me:secret")
    greedy = f'Bearer realm="{private.url("/token", 5001)}",service="s"'
    private.serve({"/elsewhere": {"body": encoded(layer)}}, port=5001, login="a:b", token="t1", challenge=greedy)
    right = credentials(shared, "private/greedy", '{"username": "me", "password": "secret"}')
    app = container(image=private.name, repositoryCredentials={"credentialsParameter": right})
    assert fails(shared, ecs, network, app, executionRoleArn=ROLE) == (
        COPY.format(1) + f"httpReaderSeeker: failed open: unexpected status code {private.url(image.blob(layer))}: 401 Unauthorized"
    )
    assert [one for one in private.asked() if one[0] == 5001] == [(5001, "GET", "/elsewhere", None)]
    shared.client("secretsmanager").delete_secret(SecretId=right, ForceDeleteWithoutRecovery=True)


def test_redirects_in_a_circle_end(shared, ecs, network, private):
    there, back = "/v2/there", private.url(MANIFEST)
    private.serve({MANIFEST: moved(there), there: moved(back)})
    reason = fails(shared, ecs, network, container(image=private.name))
    assert reason == RESOLVE.format(5) + f'failed to do request: Head "{private.url(there)}": stopped after 10 redirects'


def test_a_redirect_to_where_nothing_is_secret_is_not_followed(shared, ecs, network, private):
    private.serve({MANIFEST: moved(f"http://{INTERNET}:5000/?token=t")})
    reason = fails(shared, ecs, network, container(image=private.name))
    assert reason == RESOLVE.format(5) + f'failed to do request: Head "http://{INTERNET}:5000/": unsupported protocol scheme "http"'


# Content that is not what it should be


def test_a_layer_of_another_digest(shared, ecs, network, private):
    layer = images.layer({"/app": b"right"})
    image, other = Image([layer]), layer.replace(b"right", b"wrong")
    private.serve({**image.answers(), image.blob(layer): {"body": encoded(other)}})
    assert fails(shared, ecs, network, container(image=private.name)) == (
        COPY.format(1) + f'failed commit on ref "layer-{digest(layer)}": unexpected commit digest {digest(other)}, expected {digest(layer)}: '
        "failed precondition"
    )


def test_a_configuration_of_another_digest(shared, ecs, network, private):
    image = Image([images.layer({"/app": b"x"})])
    other = image.config.replace(b"PATH", b"HTAP")
    private.serve({**image.answers(), image.blob(image.config): {"body": encoded(other)}})
    assert fails(shared, ecs, network, container(image=private.name)) == (
        COPY.format(1) + f'failed commit on ref "config-{digest(image.config)}": unexpected commit digest {digest(other)}, expected '
        f"{digest(image.config)}: failed precondition"
    )


def test_a_layer_that_always_breaks_off(shared, ecs, network, private):
    layer = images.layer({"/app": os.urandom(50_000)})
    image = Image([layer])
    private.serve({**image.answers(), image.blob(layer): {"body": encoded(layer), "cut": 10_000}})
    reason = fails(shared, ecs, network, container(image=private.name))
    assert reason == COPY.format(5) + f"after 10000 of {len(layer)} bytes of {digest(layer)}: unexpected EOF"


def test_a_layer_that_unpacks_to_very_much(shared, ecs, network, private):
    packed, unpacked = bomb(1200 << 20), "sha256:" + 64 * "a"
    private.serve(Image([packed], [unpacked]).answers())
    assert fails(shared, ecs, network, container(image=private.name), seconds=120) == EXTRACT.format(unpacked) + "it unpacks to over 200 times its size"


HOSTILE = {
    "a way up": ([("../evil", {}, b"x")], 'refused entry "../evil": its path has `..`'),
    "a way up and down": ([("a/../../evil", {}, b"x")], 'refused entry "a/../../evil": its path has `..`'),
    "a hard link up": (
        [("a", {"type": tarfile.LNKTYPE, "linkname": "../../etc/passwd"}, b"")],
        'refused entry "/a": hard link: refused entry "../../etc/passwd": its path has `..`',
    ),
    "a hard link to the host": (
        [("a", {"type": tarfile.LNKTYPE, "linkname": "/proc/1/environ"}, b"")],
        'refused entry "/a": hard link to /proc/1/environ: open /proc/1: no such file or directory',
    ),
    "a circle of links": (
        [("a", {"type": tarfile.SYMTYPE, "linkname": "b"}, b""), ("b", {"type": tarfile.SYMTYPE, "linkname": "a"}, b""), ("a/x", {}, b"")],
        "open /a: too many levels of symbolic links",
    ),
}


@pytest.mark.parametrize("what", HOSTILE)
def test_a_layer_that_wants_out(shared, ecs, network, private, what):
    entries, expected = HOSTILE[what]
    layer = tar(*entries)
    private.serve(Image([layer]).answers())
    assert fails(shared, ecs, network, container(image=private.name)) == EXTRACT.format(digest(layer)) + expected


def test_a_layer_that_looks_as_if_stays_inside(ecs, network, private, tmp_path):
    """Absolute paths, links that lead out and device nodes are of the container's own file system, where they do nothing."""
    outside = tmp_path / "outside"
    outside.mkdir()
    device = {"type": tarfile.CHRTYPE, "devmajor": 1, "devminor": 1, "mode": 0o666}
    disk = {"type": tarfile.BLKTYPE, "devmajor": 7, "devminor": 0, "mode": 0o666}
    layer = tar(
        ("/etc/absolute", {}, b"inside"),
        ("out", {"type": tarfile.SYMTYPE, "linkname": str(outside)}, b""),
        ("out/evil", {}, b"inside"),
        ("memory", device, b""),
        ("disk", disk, b""),
        ("shadow", {"type": tarfile.SYMTYPE, "linkname": "/etc/shadow"}, b""),
    )
    private.serve(Image([BUSYBOX, layer]).answers())
    check = f"test $(cat /etc/absolute) = inside && test $(cat {outside}/evil) = inside && ! cat /shadow && ! dd if=/memory count=1 && ! dd if=/disk count=1"
    _, ended = result(ecs, network, container(image=private.name, command=check))
    assert ended["app"].get("exitCode") == 0, ended
    assert os.listdir(outside) == []


# Registries that are slow


@pytest.fixture(scope="module")
def hasty(request, tmp_path_factory, archives):
    """A region that waits for nobody."""
    region = Region(request.config.getoption("--neargate"), tmp_path_factory.mktemp("hasty"), ["--answer-timeout", "0.3"])
    region.up()
    execution_role(region)
    yield region
    region.down()
    assert region.leftovers() == []


@pytest.fixture
def hurried(hasty, tmp_path):
    """A registry of that region, its ECS and a network."""
    networks = Networks(hasty)
    ecs, subnet = hasty.client("ecs"), networks.ec2.describe_subnets()["Subnets"][0]["SubnetId"]
    ecs.create_cluster(clusterName="default")
    yield Private(networks, tmp_path), ecs, public(subnet)
    networks.clear()


def test_a_registry_that_never_answers(hasty, hurried):
    private, ecs, network = hurried
    private.serve({MANIFEST: {"silent": True}})
    reason = fails(hasty, ecs, network, container(image=private.name))
    assert reason == RESOLVE.format(5) + f'failed to do request: Head "{private.url(MANIFEST)}": net/http: timeout awaiting response headers'


def test_a_registry_that_sends_a_byte_now_and_then(hasty, hurried):
    private, ecs, network = hurried
    layer = images.layer({"/app": b"x"})
    image = Image([layer])
    private.serve({**image.answers(), image.blob(layer): {"body": encoded(layer), "every": 0.02, "ranges": True}})
    reason = fails(hasty, ecs, network, container(image=private.name))
    assert re.sub("after [0-9]+ of", "after N of", reason) == COPY.format(5) + f"after N of {len(layer)} bytes of {digest(layer)}: i/o timeout"


@pytest.mark.parametrize("slow", [{"silent": True}, {"every": 0.05}])
def test_nobody_waits_for_a_slow_registry_once_the_task_is_to_stop(shared, ecs, network, private, slow):
    layer = images.layer({"/app": os.urandom(20_000)})
    image = Image([layer])
    private.serve({**image.answers(), image.blob(layer): {"body": encoded(layer), **slow}})
    arn = run(ecs, network, define(ecs, container(image=private.name)))
    until(lambda: any(path == image.blob(layer) for _, _, path, _ in private.asked()), what="a pull")
    begun = time.monotonic()
    ecs.stop_task(task=arn, reason="enough")
    task = reaches(ecs, arn, "STOPPED")
    assert (task["stopCode"], task["stoppedReason"]) == ("UserInitiated", "enough")
    until(lambda: leaves_nothing(shared, arn), 5, "a clean machine")
    assert time.monotonic() - begun < 5
    if "silent" in slow:
        until(lambda: private.machine.left() == [image.blob(layer)], 5, "the end of the connection")
