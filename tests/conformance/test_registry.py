"""The four workflows of the OCI distribution specification 1.1 (pull, push, content discovery, content management), each with its
error codes."""

import json
import uuid

import pytest
from registry import OCI_CONFIG, OCI_INDEX, OCI_LAYER, OCI_MANIFEST, Registry, descriptor, digest, index, next_page


@pytest.fixture(scope="module")
def registry(shared):
    return Registry(shared)


@pytest.fixture
def name(shared):
    """A repository of the test's own."""
    ecr, name = shared.client("ecr"), f"oci/{uuid.uuid4().hex[:12]}"
    ecr.create_repository(repositoryName=name)
    yield name
    ecr.delete_repository(repositoryName=name, force=True)


ABSENT = digest(b"nobody has this")


# Pull


def test_the_api_is_there_for_who_brings_a_token(registry):
    answer = registry.request("GET", "/v2/")
    assert answer.status == 200 and answer.headers["Docker-Distribution-Api-Version"] == "registry/2.0"
    refused = registry.request("GET", "/v2/", authorization=False)
    assert refused.status == 401 and refused.body == b"Not Authorized\n"
    realm = 'Basic realm="https://123456789012.dkr.ecr.us-east-1.amazonaws.com/",service="ecr.amazonaws.com"'
    assert refused.headers["WWW-Authenticate"] == realm
    wrong = registry.request("GET", "/v2/", headers={"Authorization": "Basic QVdTOnNlY3JldA=="})
    assert (wrong.status, wrong.json["errors"][0]["message"]) == (400, "Your Authorization Token is invalid.")


def test_a_manifest_is_pulled_by_tag_and_by_digest(registry, name):
    pushed = registry.push_image(name, "v1")
    for target in ("v1", pushed):
        answer = registry.request("GET", f"/v2/{name}/manifests/{target}", headers={"Accept": OCI_MANIFEST})
        assert answer.status == 200 and digest(answer.body) == pushed
        assert answer.headers["Docker-Content-Digest"] == pushed and answer.headers["Content-Type"] == OCI_MANIFEST
        head = registry.request("HEAD", f"/v2/{name}/manifests/{target}")
        assert (head.status, head.body, head.headers["Content-Length"]) == (200, b"", str(len(answer.body)))
        assert head.headers["Docker-Content-Digest"] == pushed
    assert registry.request("GET", f"/v2/{name}/manifests/none").refusal == (404, "MANIFEST_UNKNOWN")
    assert registry.request("GET", f"/v2/{name}/manifests/{ABSENT}").refusal == (404, "MANIFEST_UNKNOWN")
    assert registry.request("HEAD", f"/v2/{name}/manifests/none").status == 404
    assert registry.request("GET", f"/v2/{name}/manifests/sha256:12").refusal == (400, "DIGEST_INVALID")


def test_a_manifest_comes_to_who_accepts_it(registry, name):
    registry.push_image(name, "v1")
    path = f"/v2/{name}/manifests/v1"
    assert registry.request("GET", path, headers={"Accept": f"text/html, {OCI_MANIFEST};q=0.5"}).status == 200
    assert registry.request("GET", path, headers={"Accept": OCI_INDEX}).refusal == (404, "MANIFEST_UNKNOWN")


def test_a_blob_is_pulled_whole_and_in_parts(registry, name):
    path = f"/v2/{name}/blobs/{registry.push_blob(name, b'0123456789')}"
    whole = registry.request("GET", path)
    assert (whole.status, whole.body) == (200, b"0123456789")
    assert whole.headers["Docker-Content-Digest"] == digest(b"0123456789")
    head = registry.request("HEAD", path)
    assert (head.status, head.headers["Content-Length"], head.body) == (200, "10", b"")
    for asked, body, told in [("bytes=2-4", b"234", "bytes 2-4/10"), ("bytes=7-", b"789", "bytes 7-9/10"), ("bytes=-3", b"789", "bytes 7-9/10")]:
        part = registry.request("GET", path, headers={"Range": asked})
        assert (part.status, part.body, part.headers["Content-Range"]) == (206, body, told)
    assert registry.request("GET", path, headers={"Range": "bytes=10-"}).status == 416
    assert registry.request("GET", f"/v2/{name}/blobs/{ABSENT}").refusal == (404, "BLOB_UNKNOWN")
    assert registry.request("GET", f"/v2/{name}/blobs/sha256:12").refusal == (400, "DIGEST_INVALID")


def test_a_repository_that_is_not_there_is_named(registry):
    message = "The repository with name 'not/there' does not exist in the registry with id '123456789012'"
    for method, rest in [
        ("GET", "manifests/v1"),
        ("PUT", "manifests/v1"),
        ("GET", f"blobs/{ABSENT}"),
        ("POST", "blobs/uploads/"),
        ("GET", "tags/list"),
        ("GET", f"referrers/{ABSENT}"),
        ("DELETE", f"blobs/{ABSENT}"),
    ]:
        answer = registry.request(method, f"/v2/not/there/{rest}", b"{}" if method == "PUT" else None)
        assert answer.refusal == (404, "NAME_UNKNOWN") and answer.json["errors"][0]["message"] == message, rest
    assert registry.request("GET", "/v2/Not_There/tags/list").refusal == (400, "NAME_INVALID")


def test_a_blob_of_another_repository_is_not_here(registry, name, shared):
    other = f"{name}-other"
    shared.client("ecr").create_repository(repositoryName=other)
    blob = registry.push_blob(other, b"of the other")
    assert registry.request("GET", f"/v2/{name}/blobs/{blob}").refusal == (404, "BLOB_UNKNOWN")
    shared.client("ecr").delete_repository(repositoryName=other, force=True)


# Push


def test_a_blob_is_pushed_in_one_request(registry, name):
    content = uuid.uuid4().bytes
    answer = registry.request("POST", f"/v2/{name}/blobs/uploads/?digest={digest(content)}", content)
    assert answer.status == 201 and answer.headers["Location"] == f"/v2/{name}/blobs/{digest(content)}"
    assert answer.headers["Docker-Content-Digest"] == digest(content)
    assert registry.request("GET", answer.headers["Location"]).body == content
    wrong = registry.request("POST", f"/v2/{name}/blobs/uploads/?digest={ABSENT}", content)
    assert wrong.refusal == (400, "DIGEST_INVALID")
    assert registry.request("HEAD", f"/v2/{name}/blobs/{ABSENT}").status == 404


def test_a_blob_is_pushed_in_chunks_in_order(registry, name):
    chunks = [b"a" * 1000, b"b" * 2000, b"c" * 3]
    location, sent = registry.begin(name), 0
    for chunk in chunks[:2]:
        field = {"Content-Range": f"{sent}-{sent + len(chunk) - 1}", "Content-Type": "application/octet-stream"}
        answer = registry.request("PATCH", location, chunk, field)
        sent += len(chunk)
        assert (answer.status, answer.headers["Range"]) == (202, f"0-{sent - 1}"), answer.body
        location = answer.headers["Location"]
    again = registry.request("PATCH", location, chunks[0], {"Content-Range": "0-999"})
    assert again.refusal == (416, "BLOB_UPLOAD_INVALID") and again.headers["Range"] == f"0-{sent - 1}"
    gap = registry.request("PATCH", location, b"x", {"Content-Range": f"{sent + 5}-{sent + 5}"})
    assert gap.status == 416
    short = registry.request("PATCH", location, b"xy", {"Content-Range": f"{sent}-{sent}"})
    assert short.status == 416
    status = registry.request("GET", location)
    assert (status.status, status.headers["Range"], status.headers["Location"]) == (204, f"0-{sent - 1}", location)
    whole = b"".join(chunks)
    done = registry.request("PUT", f"{location}?digest={digest(whole)}", chunks[2], {"Content-Range": f"{sent}-{sent + 2}"})
    assert done.status == 201, done.body
    assert registry.request("GET", done.headers["Location"]).body == whole
    assert registry.request("GET", location).refusal == (404, "BLOB_UPLOAD_UNKNOWN")


def test_a_blob_is_streamed_without_a_length(registry, name):
    pieces = [bytes([n]) * 70_000 for n in range(20)]
    location = registry.begin(name)
    answer = registry.request("PATCH", location, pieces, {"Transfer-Encoding": "chunked"})
    assert answer.status == 202 and answer.headers["Range"] == f"0-{20 * 70_000 - 1}"
    whole = b"".join(pieces)
    assert registry.request("PUT", f"{location}?digest={digest(whole)}").status == 201
    assert registry.request("GET", f"/v2/{name}/blobs/{digest(whole)}").body == whole


def test_an_upload_can_be_given_up(registry, name):
    location = registry.begin(name)
    assert registry.request("DELETE", location).status == 204
    for method in ("GET", "PATCH", "DELETE"):
        assert registry.request(method, location).refusal == (404, "BLOB_UPLOAD_UNKNOWN")
    assert registry.request("PUT", f"{registry.begin(name)}").refusal == (400, "DIGEST_INVALID")


def test_a_wrong_digest_leaves_no_blob(registry, name):
    location = registry.begin(name)
    assert registry.request("PUT", f"{location}?digest={ABSENT}", b"something else").refusal == (400, "DIGEST_INVALID")
    assert registry.request("HEAD", f"/v2/{name}/blobs/{ABSENT}").status == 404
    assert registry.request("HEAD", f"/v2/{name}/blobs/{digest(b'something else')}").status == 404


def test_a_blob_is_mounted_from_a_repository_that_has_it(registry, name, shared):
    source, content = f"{name}-source", uuid.uuid4().bytes
    shared.client("ecr").create_repository(repositoryName=source)
    blob = registry.push_blob(source, content)
    mounted = registry.request("POST", f"/v2/{name}/blobs/uploads/?mount={blob}&from={source}")
    assert mounted.status == 201 and mounted.headers["Location"] == f"/v2/{name}/blobs/{blob}"
    shared.client("ecr").delete_repository(repositoryName=source, force=True)
    assert registry.request("GET", f"/v2/{name}/blobs/{blob}").body == content
    otherwise = registry.request("POST", f"/v2/{name}/blobs/uploads/?mount={ABSENT}&from={name}")
    assert otherwise.status == 202 and "/blobs/uploads/" in otherwise.headers["Location"]


def test_a_manifest_needs_its_blobs(registry, name):
    missing = descriptor(b"not pushed", OCI_LAYER)
    document = {**registry.image(name), "layers": [missing]}
    content = json.dumps(document).encode()
    put = lambda target, content, kind=OCI_MANIFEST: registry.request("PUT", f"/v2/{name}/manifests/{target}", content, {"Content-Type": kind})
    refused = put("v1", content)
    assert refused.refusal == (400, "MANIFEST_BLOB_UNKNOWN")
    assert refused.json["errors"][0]["message"] == (
        f"Layers with digests '[{missing['digest']}]' required for pushing image into repository with name '{name}' in the registry with id '123456789012' do not exist"
    )
    assert put("v1", json.dumps(index(document)).encode(), OCI_INDEX).refusal == (400, "MANIFEST_BLOB_UNKNOWN")
    assert put("v1", b"no json").refusal == (400, "MANIFEST_INVALID")
    good = json.dumps(registry.image(name)).encode()
    assert put("v1", good, "text/plain").refusal == (400, "MANIFEST_INVALID")
    assert put("v1", good, OCI_INDEX).refusal == (400, "MANIFEST_INVALID")
    assert put(ABSENT, good).refusal == (400, "DIGEST_INVALID")
    assert put("-v1", good).refusal == (400, "TAG_INVALID")
    lying = json.loads(good)
    lying["layers"][0]["size"] += 1
    assert put("v1", json.dumps(lying).encode()).refusal == (400, "MANIFEST_INVALID")
    assert registry.request("GET", f"/v2/{name}/tags/list").json["tags"] == []
    both = {**registry.image(name), "manifests": []}
    assert put("v1", json.dumps(both).encode()).refusal == (400, "MANIFEST_INVALID")


def test_an_immutable_tag_is_not_moved(registry, name, shared):
    ecr = shared.client("ecr")
    ecr.put_image_tag_mutability(repositoryName=name, imageTagMutability="IMMUTABLE")
    first = registry.push_image(name, "v1")
    second = json.dumps(registry.image(name, [b"other"])).encode()
    refused = registry.request("PUT", f"/v2/{name}/manifests/v1", second, {"Content-Type": OCI_MANIFEST})
    assert refused.refusal == (400, "TAG_INVALID")
    assert refused.json["errors"][0]["message"] == (
        f"The image tag 'v1' already exists in the '{name}' repository and cannot be overwritten because the tag is immutable."
    )
    assert registry.request("HEAD", f"/v2/{name}/manifests/v1").headers["Docker-Content-Digest"] == first
    ecr.put_image_tag_mutability(repositoryName=name, imageTagMutability="MUTABLE")


def test_a_multi_platform_index_is_pushed_and_pulled(registry, name):
    images = [registry.image(name, [platform.encode()]) for platform in ("amd64", "arm64")]
    for one in images:
        registry.push_manifest(name, None, one)
    pushed = registry.push_manifest(name, "v1", index(*images))
    answer = registry.request("GET", f"/v2/{name}/manifests/v1", headers={"Accept": f"{OCI_INDEX}, {OCI_MANIFEST}"})
    assert (answer.headers["Docker-Content-Digest"], answer.headers["Content-Type"]) == (pushed, OCI_INDEX)
    for one in answer.json["manifests"]:
        assert registry.request("GET", f"/v2/{name}/manifests/{one['digest']}").status == 200


# Content discovery


def test_tags_are_listed_in_order_and_in_pages(registry, name):
    for tag in ("c", "a", "b", "d.1", "D"):
        registry.push_image(name, tag)
    assert registry.request("GET", f"/v2/{name}/tags/list").json == {"name": name, "tags": ["D", "a", "b", "c", "d.1"]}
    seen, path = [], f"/v2/{name}/tags/list?n=2"
    while path:
        answer = registry.request("GET", path)
        seen.append(answer.json["tags"])
        path = next_page(answer)
    assert seen == [["D", "a"], ["b", "c"], ["d.1"]]
    assert registry.request("GET", f"/v2/{name}/tags/list?last=b").json["tags"] == ["c", "d.1"]
    nothing = registry.request("GET", f"/v2/{name}/tags/list?n=0")
    assert nothing.json["tags"] == [] and not nothing.headers["Link"]
    assert registry.request("GET", f"/v2/{name}/tags/list?n=x").status == 400


def test_repositories_are_listed(registry, name):
    seen, path = [], "/v2/_catalog?n=1"
    while path:
        answer = registry.request("GET", path)
        seen += answer.json["repositories"]
        path = next_page(answer)
    assert name in seen and seen == sorted(seen)


def test_referrers_are_listed_with_their_types_and_annotations(registry, name):
    subject = registry.image(name)
    about = descriptor(json.dumps(subject).encode(), OCI_MANIFEST)
    path = f"/v2/{name}/referrers/{about['digest']}"
    empty = registry.request("GET", path)
    assert (empty.status, empty.headers["Content-Type"], empty.json["manifests"]) == (200, OCI_INDEX, [])
    # Before its subject is there: the specification wants it accepted.
    signature = registry.image(name, [b"signature"], artifactType="application/x.signature", subject=about, annotations={"who": "me"})
    content = json.dumps(signature).encode()
    answer = registry.request("PUT", f"/v2/{name}/manifests/{digest(content)}", content, {"Content-Type": OCI_MANIFEST})
    assert answer.status == 201 and answer.headers["OCI-Subject"] == about["digest"]
    registry.push_manifest(name, "v1", subject)
    bill = registry.image(name, [b"bill"], subject=about)
    registry.push_manifest(name, None, bill)
    found = {one["digest"]: one for one in registry.request("GET", path).json["manifests"]}
    assert found[digest(content)] == {
        "mediaType": OCI_MANIFEST,
        "digest": digest(content),
        "size": len(content),
        "artifactType": "application/x.signature",
        "annotations": {"who": "me"},
    }
    assert found[digest(json.dumps(bill).encode())]["artifactType"] == OCI_CONFIG and len(found) == 2
    filtered = registry.request("GET", f"{path}?artifactType=application%2Fx.signature")
    assert [one["digest"] for one in filtered.json["manifests"]] == [digest(content)]
    assert filtered.headers["OCI-Filters-Applied"] == "artifactType"
    first = registry.request("GET", f"{path}?n=1")
    rest = registry.request("GET", next_page(first))
    assert {first.json["manifests"][0]["digest"], rest.json["manifests"][0]["digest"]} == set(found)
    assert registry.request("GET", f"/v2/{name}/referrers/what").refusal == (400, "DIGEST_INVALID")


# Content management


def test_a_tag_is_deleted_and_its_manifest_stays(registry, name):
    pushed = registry.push_image(name, "v1")
    assert registry.request("DELETE", f"/v2/{name}/manifests/v1").status == 202
    assert registry.request("GET", f"/v2/{name}/manifests/v1").refusal == (404, "MANIFEST_UNKNOWN")
    assert registry.request("GET", f"/v2/{name}/manifests/{pushed}").status == 200
    assert registry.request("DELETE", f"/v2/{name}/manifests/v1").refusal == (404, "MANIFEST_UNKNOWN")


def test_a_manifest_is_deleted_with_its_tags_then_its_blobs(registry, name):
    layer = b"only here"
    pushed = registry.push_image(name, "v1", [layer])
    registry.push_image(name, "v2", [layer])
    blob = f"/v2/{name}/blobs/{digest(layer)}"
    assert registry.request("DELETE", blob).refusal == (403, "DENIED")
    assert registry.request("DELETE", f"/v2/{name}/manifests/{pushed}").status == 202
    assert registry.request("GET", f"/v2/{name}/tags/list").json["tags"] == []
    assert registry.request("DELETE", f"/v2/{name}/manifests/{pushed}").refusal == (404, "MANIFEST_UNKNOWN")
    assert registry.request("DELETE", blob).status == 202
    assert registry.request("GET", blob).refusal == (404, "BLOB_UNKNOWN")
    assert registry.request("DELETE", blob).refusal == (404, "BLOB_UNKNOWN")


def test_an_index_keeps_its_manifests(registry, name):
    image = registry.image(name)
    child = registry.push_manifest(name, None, image)
    parent = registry.push_manifest(name, "v1", index(image))
    refused = registry.request("DELETE", f"/v2/{name}/manifests/{child}")
    assert refused.refusal == (403, "DENIED") and parent in refused.json["errors"][0]["message"]
    for one in (parent, child):
        assert registry.request("DELETE", f"/v2/{name}/manifests/{one}").status == 202


def test_what_is_not_part_of_the_api_is_unsupported(registry, name):
    assert registry.request("POST", f"/v2/{name}/manifests/v1", b"{}").refusal == (405, "UNSUPPORTED")
    assert registry.request("PUT", f"/v2/{name}/tags/list", b"{}").refusal == (405, "UNSUPPORTED")
    assert registry.request("GET", f"/v2/{name}/what").refusal == (404, "UNSUPPORTED")
