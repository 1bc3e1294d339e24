"""Amazon ECR with the clients people use: boto3, the AWS CLI, skopeo and buildah."""

import base64
import json
import os
import subprocess
import time
import urllib.error
import urllib.request
import uuid

import images
import pytest
from botocore.exceptions import ClientError
from registry import OCI_INDEX, OCI_MANIFEST, Registry, descriptor, digest


@pytest.fixture(scope="module")
def ecr(shared):
    return shared.client("ecr")


@pytest.fixture(scope="module")
def registry(shared):
    return Registry(shared)


@pytest.fixture
def name(ecr):
    """A repository of the test's own."""
    name = f"team/{uuid.uuid4().hex[:12]}"
    ecr.create_repository(repositoryName=name)
    yield name
    ecr.delete_repository(repositoryName=name, force=True)


def program(*arguments, check=True, **options):
    done = subprocess.run([str(one) for one in arguments], capture_output=True, text=True, timeout=300, **options)
    assert not check or done.returncode == 0, done.stderr
    return done


@pytest.fixture
def skopeo(registry, tmp_path):
    """Runs skopeo, logged in as `aws ecr get-login-password | skopeo login` does."""
    authorizations = tmp_path / "auth.json"
    login = ["login", "--tls-verify=false", "--username", "AWS", "--password-stdin", f"--authfile={authorizations}", registry.host]
    password = registry.region.aws("ecr", "get-login-password").strip()
    program("skopeo", *login, input=password)

    def run(*arguments, check=True):
        insecure = {"copy": ["--src-tls-verify=false", "--dest-tls-verify=false"]}.get(arguments[0], ["--tls-verify=false"])
        return program("skopeo", arguments[0], *insecure, f"--authfile={authorizations}", *arguments[1:], check=check)

    return run


@pytest.fixture
def archive(tmp_path):
    """A docker archive of an image with three layers."""
    layers = [images.layer({f"/www/{n}": os.urandom(100_000)}) for n in range(3)]
    images.save(tmp_path / "app.tar", "app:latest", layers, {"Cmd": ["/app"]})
    return f"docker-archive:{tmp_path / 'app.tar'}"


def refused(call, **arguments):
    with pytest.raises(ClientError) as error:
        call(**arguments)
    return error.value.response["Error"]


# skopeo and buildah


def test_what_skopeo_pushes_it_pulls_back_to_the_byte(skopeo, registry, ecr, name, archive, tmp_path):
    place = f"docker://{registry.host}/{name}"
    for kind, media_type in (("oci", OCI_MANIFEST), ("v2s2", "application/vnd.docker.distribution.manifest.v2+json")):
        skopeo("copy", "--format", kind, archive, f"{place}:{kind}")
        skopeo("copy", f"{place}:{kind}", f"dir:{tmp_path / kind}")
        pulled = digest((tmp_path / kind / "manifest.json").read_bytes())
        (detail,) = ecr.describe_images(repositoryName=name, imageIds=[{"imageTag": kind}])["imageDetails"]
        assert (detail["imageDigest"], detail["imageManifestMediaType"]) == (pulled, media_type)
        assert detail["lastRecordedPullTime"] >= detail["imagePushedAt"]
        manifest = json.loads((tmp_path / kind / "manifest.json").read_bytes())
        assert detail["imageSizeInBytes"] == sum(one["size"] for one in (manifest["config"], *manifest["layers"]))
        for one in (manifest["config"], *manifest["layers"]):
            assert digest((tmp_path / kind / one["digest"].removeprefix("sha256:")).read_bytes()) == one["digest"]
    assert json.loads(skopeo("list-tags", place).stdout)["Tags"] == ["oci", "v2s2"]
    assert json.loads(skopeo("inspect", f"{place}:oci").stdout)["Digest"] == ecr.describe_images(
        repositoryName=name, imageIds=[{"imageTag": "oci"}]
    )["imageDetails"][0]["imageDigest"]


def test_skopeo_mounts_what_another_repository_has(skopeo, registry, ecr, name, archive):
    other = f"{name}-copy"
    ecr.create_repository(repositoryName=other)
    skopeo("copy", archive, f"docker://{registry.host}/{name}:v1")
    skopeo("copy", f"docker://{registry.host}/{name}:v1", f"docker://{registry.host}/{other}:v1")
    one, two = (ecr.batch_get_image(repositoryName=r, imageIds=[{"imageTag": "v1"}])["images"][0] for r in (name, other))
    assert one["imageManifest"] == two["imageManifest"]
    ecr.delete_repository(repositoryName=other, force=True)


def test_a_multi_platform_image_is_copied_whole(skopeo, registry, ecr, name, tmp_path):
    layout = oci_layout(tmp_path / "layout", ["amd64", "arm64"])
    place = f"docker://{registry.host}/{name}:v1"
    skopeo("copy", "--all", "--preserve-digests", f"oci:{tmp_path / 'layout'}:v1", place)
    (image,) = ecr.batch_get_image(repositoryName=name, imageIds=[{"imageTag": "v1"}])["images"]
    assert (image["imageId"]["imageDigest"], image["imageManifestMediaType"]) == (layout, OCI_INDEX)
    skopeo("copy", "--all", "--preserve-digests", place, f"oci:{tmp_path / 'back'}:v1")
    blobs = lambda directory: sorted(os.listdir(tmp_path / directory / "blobs/sha256"))
    assert blobs("back") == blobs("layout")
    assert len(ecr.list_images(repositoryName=name, filter={"tagStatus": "UNTAGGED"})["imageIds"]) == 2
    sizes = {d["imageDigest"]: d["imageSizeInBytes"] for d in ecr.describe_images(repositoryName=name)["imageDetails"]}
    assert sizes.pop(layout) == max(sizes.values())


def oci_layout(directory, platforms):
    """An OCI image layout with an index of one image a platform; returns the index's digest."""
    blobs = directory / "blobs/sha256"
    blobs.mkdir(parents=True)

    def blob(content, kind, **more):
        content = content if isinstance(content, bytes) else json.dumps(content).encode()
        (blobs / digest(content).removeprefix("sha256:")).write_bytes(content)
        return descriptor(content, f"application/vnd.oci.image.{kind}", **more)

    manifests = []
    for platform in platforms:
        layer = images.layer({"/platform": platform.encode() * 100})
        config = {"architecture": platform, "os": "linux", "config": {}, "rootfs": {"type": "layers", "diff_ids": [digest(layer)]}}
        described = [blob(config, "config.v1+json"), blob(layer, "layer.v1.tar")]
        image = {"schemaVersion": 2, "mediaType": OCI_MANIFEST, "config": described[0], "layers": [described[1]]}
        manifests.append(blob(image, "manifest.v1+json", platform={"architecture": platform, "os": "linux"}))
    index = blob({"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": manifests}, "index.v1+json")
    index["annotations"] = {"org.opencontainers.image.ref.name": "v1"}
    (directory / "oci-layout").write_text('{"imageLayoutVersion": "1.0.0"}')
    (directory / "index.json").write_text(json.dumps({"schemaVersion": 2, "manifests": [index]}))
    return index["digest"]


def test_buildah_builds_pushes_and_pulls(registry, ecr, name, tmp_path):
    store = ["--root", tmp_path / "store", "--runroot", tmp_path / "run", "--storage-driver", "vfs"]
    (tmp_path / "Containerfile").write_text('FROM scratch\nCOPY hello /hello\nCMD ["/hello"]\n')
    (tmp_path / "hello").write_text("hello")
    place, access = f"{registry.host}/{name}:built", ["--tls-verify=false", "--creds", registry.credentials]
    buildah = lambda *arguments: program("buildah", *store, *arguments)
    buildah("bud", "--isolation", "chroot", "--tag", place, tmp_path)
    buildah("push", *access, "--digestfile", tmp_path / "digest", place, f"docker://{place}")
    pushed = (tmp_path / "digest").read_text().strip()
    assert ecr.list_images(repositoryName=name)["imageIds"] == [{"imageDigest": pushed, "imageTag": "built"}]
    buildah("rmi", place)
    buildah("pull", *access, f"docker://{place}")
    shown = json.loads(buildah("inspect", "--type", "image", place).stdout)
    assert shown["OCIv1"]["config"]["Cmd"] == ["/hello"] and shown["FromImageDigest"] == pushed
    program("umount", tmp_path / "store" / "vfs", check=False)


def test_pushes_that_can_not_be_say_why(skopeo, registry, ecr, name, archive, tmp_path):
    nowhere = skopeo("copy", archive, f"docker://{registry.host}/no/such:v1", check=False)
    assert "name unknown: The repository with name 'no/such' does not exist in the registry with id '123456789012'" in nowhere.stderr
    ecr.put_image_tag_mutability(repositoryName=name, imageTagMutability="IMMUTABLE")
    place = f"docker://{registry.host}/{name}:v1"
    skopeo("copy", archive, place)
    images.save(tmp_path / "other.tar", "other:latest", [images.layer({"/other": b"other"})])
    again = skopeo("copy", f"docker-archive:{tmp_path / 'other.tar'}", place, check=False)
    assert f"The image tag 'v1' already exists in the '{name}' repository and cannot be overwritten" in again.stderr
    ecr.put_image_tag_mutability(repositoryName=name, imageTagMutability="MUTABLE")
    stranger = program("skopeo", "inspect", "--tls-verify=false", "--no-creds", place, check=False)
    assert stranger.returncode != 0 and "unauthorized" in stranger.stderr.lower(), stranger.stderr


# The API


def test_a_layer_is_uploaded_in_parts_and_an_image_put(ecr, name):
    layer, config = os.urandom(11 << 20), b"{}"
    begun = ecr.initiate_layer_upload(repositoryName=name)
    size, upload = begun["partSize"], begun["uploadId"]
    assert size == 10 << 20
    part = lambda first, last: dict(repositoryName=name, uploadId=upload, partFirstByte=first, partLastByte=last, layerPartBlob=layer[first : last + 1])
    assert ecr.upload_layer_part(**part(0, size - 1))["lastByteReceived"] == size - 1
    with pytest.raises(ecr.exceptions.InvalidLayerPartException) as error:
        ecr.upload_layer_part(**part(0, 99))
    assert int(error.value.response["lastValidByteReceived"]) == size - 1
    ecr.upload_layer_part(**part(size, len(layer) - 1))
    done = ecr.complete_layer_upload(repositoryName=name, uploadId=upload, layerDigests=[digest(layer)])
    assert done["layerDigest"] == digest(layer)
    small = ecr.initiate_layer_upload(repositoryName=name)["uploadId"]
    assert refused(ecr.complete_layer_upload, repositoryName=name, uploadId=small, layerDigests=[digest(b"")])["Code"] == "EmptyUploadException"
    ecr.upload_layer_part(repositoryName=name, uploadId=small, partFirstByte=0, partLastByte=1, layerPartBlob=config)
    wrong = refused(ecr.complete_layer_upload, repositoryName=name, uploadId=small, layerDigests=[digest(b"other")])
    assert wrong["Code"] == "InvalidLayerException"
    assert refused(ecr.complete_layer_upload, repositoryName=name, uploadId=small, layerDigests=[digest(config)])["Code"] == "UploadNotFoundException"
    manifest = json.dumps(
        {
            "schemaVersion": 2,
            "mediaType": OCI_MANIFEST,
            "config": descriptor(config, "application/vnd.oci.image.config.v1+json"),
            "layers": [descriptor(layer, "application/vnd.oci.image.layer.v1.tar")],
        }
    )
    missing = refused(ecr.put_image, repositoryName=name, imageManifest=manifest, imageTag="v1")
    assert missing["Code"] == "LayersNotFoundException" and digest(config) in missing["Message"]
    again = ecr.initiate_layer_upload(repositoryName=name)["uploadId"]
    ecr.upload_layer_part(repositoryName=name, uploadId=again, partFirstByte=0, partLastByte=1, layerPartBlob=config)
    ecr.complete_layer_upload(repositoryName=name, uploadId=again, layerDigests=[digest(config)])
    checked = ecr.batch_check_layer_availability(repositoryName=name, layerDigests=[digest(layer), digest(b"no")])
    assert [one["layerAvailability"] for one in checked["layers"]] == ["AVAILABLE", "UNAVAILABLE"]
    image = ecr.put_image(repositoryName=name, imageManifest=manifest, imageTag="v1")["image"]
    assert image["imageId"] == {"imageDigest": digest(manifest.encode()), "imageTag": "v1"}
    twice = refused(ecr.put_image, repositoryName=name, imageManifest=manifest, imageTag="v1")
    assert twice["Code"] == "ImageAlreadyExistsException" and twice["Message"] == (
        f"Image with digest '{digest(manifest.encode())}' and tag 'v1' already exists in the repository with name '{name}' in registry with id '123456789012'"
    )
    other = refused(ecr.put_image, repositoryName=name, imageManifest=manifest, imageDigest=digest(b"other"))
    assert other["Code"] == "ImageDigestDoesNotMatchException"


def test_an_image_is_tagged_again_by_its_manifest(ecr, registry, name):
    registry.push_image(name, "v1")
    manifest = ecr.batch_get_image(repositoryName=name, imageIds=[{"imageTag": "v1"}])["images"][0]["imageManifest"]
    ecr.put_image(repositoryName=name, imageManifest=manifest, imageTag="stable")
    (detail,) = ecr.describe_images(repositoryName=name)["imageDetails"]
    assert detail["imageTags"] == ["stable", "v1"]
    got = ecr.batch_get_image(repositoryName=name, imageIds=[{"imageTag": "v1"}, {"imageTag": "no"}], acceptedMediaTypes=[OCI_MANIFEST])
    assert len(got["images"]) == 1 and got["failures"][0]["failureCode"] == "ImageNotFound"


def test_a_layer_of_an_image_is_downloaded(ecr, registry, name):
    layer = os.urandom(1000)
    registry.push_image(name, "v1", [layer])
    got = ecr.get_download_url_for_layer(repositoryName=name, layerDigest=digest(layer))
    assert got["layerDigest"] == digest(layer)
    # Here at the region's own address; in a VPC at S3's.
    assert got["downloadUrl"].startswith(f"{registry.region.endpoint}/prod-us-east-1-starport-layer-bucket/")
    assert urllib.request.urlopen(got["downloadUrl"], timeout=10).read() == layer
    part = urllib.request.Request(got["downloadUrl"], headers={"Range": "bytes=990-"})
    with urllib.request.urlopen(part, timeout=10) as answer:
        assert (answer.status, answer.read()) == (206, layer[990:])
    with pytest.raises(urllib.error.HTTPError) as error:
        urllib.request.urlopen(got["downloadUrl"].replace("X-Amz-Expires=3600", "X-Amz-Expires=7200"), timeout=10)
    assert error.value.code == 403 and b"<Code>SignatureDoesNotMatch</Code>" in error.value.read()
    loose = registry.push_blob(name, os.urandom(10))
    for wrong, code in [(loose, "LayerInaccessibleException"), (digest(b"no"), "LayersNotFoundException"), ("what", "InvalidParameterException")]:
        assert refused(ecr.get_download_url_for_layer, repositoryName=name, layerDigest=wrong)["Code"] == code


def test_the_token_is_awss(shared, ecr):
    data = ecr.get_authorization_token()["authorizationData"][0]
    user, password = base64.b64decode(data["authorizationToken"]).decode().split(":")
    assert user == "AWS" and data["proxyEndpoint"] == "https://123456789012.dkr.ecr.us-east-1.amazonaws.com"
    hours = (data["expiresAt"].timestamp() - time.time()) / 3600
    assert 11.9 < hours <= 12
    assert shared.aws("ecr", "get-login-password").strip()
    assert refused(ecr.get_authorization_token, registryIds=["000000000000"])["Code"] == "InvalidParameterException"


def test_a_lifecycle_policy_expires_what_it_says(ecr, registry, name):
    for tag in ("v1", "v2", "v3"):
        registry.push_image(name, tag, [tag.encode()])
    rule = {"rulePriority": 1, "selection": {"tagStatus": "any", "countType": "imageCountMoreThan", "countNumber": 2}, "action": {"type": "expire"}}
    text = json.dumps({"rules": [rule]})
    ecr.start_lifecycle_policy_preview(repositoryName=name, lifecyclePolicyText=text)
    ecr.get_waiter("lifecycle_policy_preview_complete").wait(repositoryName=name)
    preview = ecr.get_lifecycle_policy_preview(repositoryName=name)
    assert [one["imageTags"] for one in preview["previewResults"]] == [["v1"]]
    ecr.put_lifecycle_policy(repositoryName=name, lifecyclePolicyText=text)
    tags = lambda: sorted(one["imageTag"] for one in ecr.list_images(repositoryName=name)["imageIds"])
    assert tags() == ["v2", "v3"]
    registry.push_image(name, "v4", [b"v4"])
    assert tags() == ["v3", "v4"]


def test_pages_come_through_the_clients_paginators(ecr, registry, name):
    pushed = {registry.push_image(name, f"v{n}", [bytes([n])]) for n in range(5)}
    pages = ecr.get_paginator("describe_images").paginate(repositoryName=name, PaginationConfig={"PageSize": 2})
    assert {one["imageDigest"] for page in pages for one in page["imageDetails"]} == pushed


def test_what_is_not_supported_is_refused_by_name(ecr, name):
    for call, arguments in [
        (ecr.create_repository, {"repositoryName": "kms", "encryptionConfiguration": {"encryptionType": "KMS"}}),
        (ecr.put_registry_scanning_configuration, {"scanType": "ENHANCED"}),
    ]:
        assert "is not supported" in refused(call, **arguments)["Message"]
    assert refused(ecr.put_replication_configuration, replicationConfiguration={"rules": []})["Code"] == "NotImplemented"


# Crashes


def test_images_and_tokens_survive_a_kill(fresh, tmp_path):
    fresh.client("ecr").create_repository(repositoryName="app")
    registry = Registry(fresh)
    pushed = registry.push_image("app", "v1", [os.urandom(1 << 20)])
    half = registry.begin("app")
    assert registry.request("PATCH", half, os.urandom(1 << 20)).status == 202
    fresh.kill()
    fresh.up()
    answer = registry.request("GET", "/v2/app/manifests/v1")
    assert digest(answer.body) == pushed, "the token from before holds"
    for one in (answer.json["config"], *answer.json["layers"]):
        assert digest(registry.request("GET", f"/v2/app/blobs/{one['digest']}").body) == one["digest"]
    assert registry.request("GET", half).refusal == (404, "BLOB_UPLOAD_UNKNOWN")
    assert os.listdir(fresh.data / "registry/tmp") == []


def test_a_reset_empties_the_registry(fresh):
    fresh.client("ecr").create_repository(repositoryName="app")
    registry = Registry(fresh)
    registry.push_image("app", "v1")
    assert os.listdir(fresh.data / "registry/blobs/sha256")
    urllib.request.urlopen(urllib.request.Request(fresh.endpoint + "/_neargate/reset", method="POST"), timeout=60).close()
    assert os.listdir(fresh.data / "registry/blobs/sha256") == []
    assert fresh.client("ecr").describe_repositories()["repositories"] == []
    fresh.client("ecr").create_repository(repositoryName="app")
    assert registry.request("GET", "/v2/app/manifests/v1").refusal == (404, "MANIFEST_UNKNOWN")
