"""Amazon S3, as boto3 and plain HTTP meet it."""

import hashlib
import io
import json
import random
import urllib.error
import urllib.request
import uuid

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError


@pytest.fixture(scope="module")
def s3(shared):
    return shared.client("s3")


@pytest.fixture
def bucket(s3):
    """A bucket of the test's own, gone with it."""
    name = f"t-{uuid.uuid4().hex[:12]}"
    s3.create_bucket(Bucket=name)
    yield name
    for page in s3.get_paginator("list_objects_v2").paginate(Bucket=name):
        for item in page.get("Contents", []):
            s3.delete_object(Bucket=name, Key=item["Key"])
    s3.delete_bucket(Bucket=name)


def refused(call, **request):
    with pytest.raises(ClientError) as error:
        call(**request)
    said = error.value.response
    return said["Error"]["Code"], said["ResponseMetadata"]["HTTPStatusCode"]


def test_buckets(s3, bucket):
    assert bucket in [b["Name"] for b in s3.list_buckets()["Buckets"]]
    assert [b["Name"] for b in s3.list_buckets(Prefix=bucket)["Buckets"]] == [bucket]
    assert s3.head_bucket(Bucket=bucket)["BucketRegion"] == "us-east-1"
    assert s3.get_bucket_location(Bucket=bucket)["LocationConstraint"] is None
    assert refused(s3.head_bucket, Bucket="t-none") == ("404", 404)
    assert refused(s3.list_objects_v2, Bucket="t-none") == ("NoSuchBucket", 404)
    assert refused(s3.create_bucket, Bucket="192.168.5.4") == ("InvalidBucketName", 400)
    constraint = {"LocationConstraint": "eu-west-1"}
    assert refused(s3.create_bucket, Bucket="t-elsewhere", CreateBucketConfiguration=constraint) == ("InvalidLocationConstraint", 400)
    s3.put_object(Bucket=bucket, Key="a", Body=b"")
    assert refused(s3.delete_bucket, Bucket=bucket) == ("BucketNotEmpty", 409)


def test_an_object_comes_back_as_it_went(s3, bucket):
    content = bytes(range(256)) * 5000
    put = s3.put_object(
        Bucket=bucket, Key="a b/ü+c", Body=content, ContentType="text/x", ContentEncoding="gzip", Metadata={"who": "me"}
    )
    etag = f'"{hashlib.md5(content).hexdigest()}"'
    assert put["ETag"] == etag and put["ChecksumCRC32"]
    got = s3.get_object(Bucket=bucket, Key="a b/ü+c")
    assert got["Body"].read() == content
    assert (got["ContentType"], got["ContentEncoding"], got["Metadata"], got["ETag"]) == ("text/x", "gzip", {"who": "me"}, etag)
    part = s3.get_object(Bucket=bucket, Key="a b/ü+c", Range="bytes=300-301")
    assert (part["Body"].read(), part["ContentRange"]) == (bytes([44, 45]), f"bytes 300-301/{len(content)}")
    head = s3.head_object(Bucket=bucket, Key="a b/ü+c")
    assert head["ContentLength"] == len(content) and abs((head["LastModified"] - got["LastModified"]).total_seconds()) == 0
    assert refused(s3.get_object, Bucket=bucket, Key="a b/ü+c", Range="bytes=9999999-") == ("InvalidRange", 416)
    assert refused(s3.get_object, Bucket=bucket, Key="a b/ü+c", IfNoneMatch=etag) == ("304", 304)
    assert refused(s3.put_object, Bucket=bucket, Key="a b/ü+c", Body=b"x", IfNoneMatch="*") == ("PreconditionFailed", 412)
    assert refused(s3.get_object, Bucket=bucket, Key="none") == ("NoSuchKey", 404)
    assert refused(s3.head_object, Bucket=bucket, Key="none") == ("404", 404)
    s3.delete_object(Bucket=bucket, Key="a b/ü+c")
    s3.delete_object(Bucket=bucket, Key="a b/ü+c")
    assert refused(s3.get_object, Bucket=bucket, Key="a b/ü+c") == ("NoSuchKey", 404)


def test_what_a_new_bucket_has_is_told_and_nothing_else_is_set(s3, bucket):
    assert "Status" not in s3.get_bucket_versioning(Bucket=bucket)
    (rule,) = s3.get_bucket_encryption(Bucket=bucket)["ServerSideEncryptionConfiguration"]["Rules"]
    assert rule["ApplyServerSideEncryptionByDefault"] == {"SSEAlgorithm": "AES256"}
    assert s3.get_bucket_acl(Bucket=bucket)["Grants"][0]["Permission"] == "FULL_CONTROL"
    assert s3.get_bucket_request_payment(Bucket=bucket)["Payer"] == "BucketOwner"
    assert refused(s3.get_bucket_cors, Bucket=bucket) == ("NoSuchCORSConfiguration", 404)
    assert refused(s3.get_bucket_website, Bucket=bucket) == ("NoSuchWebsiteConfiguration", 404)
    assert refused(s3.get_bucket_lifecycle_configuration, Bucket=bucket) == ("NoSuchLifecycleConfiguration", 404)
    assert refused(s3.get_bucket_replication, Bucket=bucket) == ("ReplicationConfigurationNotFoundError", 404)
    assert refused(s3.get_object_lock_configuration, Bucket=bucket) == ("ObjectLockConfigurationNotFoundError", 404)
    assert refused(s3.get_bucket_versioning, Bucket="t-none") == ("NoSuchBucket", 404)
    enabled = {"Status": "Enabled"}
    assert refused(s3.put_bucket_versioning, Bucket=bucket, VersioningConfiguration=enabled) == ("NotImplemented", 501)
    assert refused(s3.put_bucket_acl, Bucket=bucket, AccessControlPolicy={}) == ("AccessControlListNotSupported", 400)

    all_on = {name: True for name in ("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets")}
    assert s3.get_public_access_block(Bucket=bucket)["PublicAccessBlockConfiguration"] == all_on
    less = {**all_on, "BlockPublicPolicy": False}
    assert refused(s3.put_public_access_block, Bucket=bucket, PublicAccessBlockConfiguration=less) == ("NotImplemented", 501)
    s3.delete_public_access_block(Bucket=bucket)
    assert refused(s3.get_public_access_block, Bucket=bucket) == ("NoSuchPublicAccessBlockConfiguration", 404)
    s3.put_public_access_block(Bucket=bucket, PublicAccessBlockConfiguration=all_on)
    assert s3.get_public_access_block(Bucket=bucket)["PublicAccessBlockConfiguration"] == all_on


def test_tags(s3, bucket):
    def tags(answer):
        return {tag["Key"]: tag["Value"] for tag in answer["TagSet"]}

    assert refused(s3.get_bucket_tagging, Bucket=bucket) == ("NoSuchTagSet", 404)
    s3.put_bucket_tagging(Bucket=bucket, Tagging={"TagSet": [{"Key": "a b", "Value": "1 + 2"}]})
    assert tags(s3.get_bucket_tagging(Bucket=bucket)) == {"a b": "1 + 2"}
    s3.delete_bucket_tagging(Bucket=bucket)
    assert refused(s3.get_bucket_tagging, Bucket=bucket) == ("NoSuchTagSet", 404)

    made = s3.put_object(Bucket=bucket, Key="a", Body=b"hello", Tagging="x=1&y=2%203", ContentType="text/x")
    assert tags(s3.get_object_tagging(Bucket=bucket, Key="a")) == {"x": "1", "y": "2 3"}
    assert s3.head_object(Bucket=bucket, Key="a")["ResponseMetadata"]["HTTPHeaders"]["x-amz-tagging-count"] == "2"
    s3.put_object_tagging(Bucket=bucket, Key="a", Tagging={"TagSet": [{"Key": "z", "Value": ""}]})
    assert tags(s3.get_object_tagging(Bucket=bucket, Key="a")) == {"z": ""}
    got = s3.get_object(Bucket=bucket, Key="a")
    assert (got["Body"].read(), got["ETag"], got["ContentType"], got["TagCount"]) == (b"hello", made["ETag"], "text/x", 1)
    s3.delete_object_tagging(Bucket=bucket, Key="a")
    assert tags(s3.get_object_tagging(Bucket=bucket, Key="a")) == {}
    assert refused(s3.put_object, Bucket=bucket, Key="a", Body=b"", Tagging="aws:x=1") == ("InvalidTag", 400)
    assert refused(s3.get_object_tagging, Bucket=bucket, Key="none") == ("NoSuchKey", 404)


def test_each_object_has_one_version(s3, bucket):
    for key in ("a", "b/1", "b/2"):
        s3.put_object(Bucket=bucket, Key=key, Body=key.encode())
    pages = s3.get_paginator("list_object_versions").paginate(Bucket=bucket, PaginationConfig={"PageSize": 2})
    found = [(item["Key"], item["VersionId"], item["IsLatest"]) for page in pages for item in page["Versions"]]
    assert found == [("a", "null", True), ("b/1", "null", True), ("b/2", "null", True)]
    assert s3.get_object(Bucket=bucket, Key="a", VersionId="null")["Body"].read() == b"a"
    assert refused(s3.get_object, Bucket=bucket, Key="a", VersionId="other") == ("InvalidArgument", 400)
    gone = [{"Key": key, "VersionId": "null"} for key in ("a", "b/1")]
    assert "Errors" not in s3.delete_objects(Bucket=bucket, Delete={"Objects": gone})
    s3.delete_object(Bucket=bucket, Key="b/2", VersionId="null")
    assert "Versions" not in s3.list_object_versions(Bucket=bucket)


@pytest.mark.parametrize("algorithm", ["CRC32", "SHA1", "SHA256"])
def test_a_content_is_held_to_its_checksum(s3, bucket, algorithm):
    s3.put_object(Bucket=bucket, Key="a", Body=b"hello", ChecksumAlgorithm=algorithm)
    attribute = f"Checksum{algorithm}"
    right = s3.head_object(Bucket=bucket, Key="a", ChecksumMode="ENABLED")[attribute]
    wrong = s3.put_object(Bucket=bucket, Key="b", Body=b"other", ChecksumAlgorithm=algorithm)[attribute]
    assert refused(s3.put_object, Bucket=bucket, Key="a", Body=b"hello", **{attribute: wrong}) == ("BadDigest", 400)
    assert s3.put_object(Bucket=bucket, Key="a", Body=b"hello", **{attribute: right})[attribute] == right
    assert refused(s3.put_object, Bucket=bucket, Key="a", Body=b"x", ContentMD5="XUFAKrxLKna5cZ2REBfFkg==") == ("BadDigest", 400)


def test_lists(s3, bucket):
    keys = ["a", "b/1", "b/2", "b/x/1", "c d", "d/1"]
    for key in keys:
        s3.put_object(Bucket=bucket, Key=key, Body=key.encode())
    for size in (1, 2, 1000):
        pages = list(s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, PaginationConfig={"PageSize": size}))
        assert [item["Key"] for page in pages for item in page["Contents"]] == keys
        pages = list(s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Delimiter="/", PaginationConfig={"PageSize": size}))
        assert [item["Key"] for page in pages for item in page.get("Contents", [])] == ["a", "c d"]
        assert [item["Prefix"] for page in pages for item in page.get("CommonPrefixes", [])] == ["b/", "d/"]
    inside = s3.list_objects_v2(Bucket=bucket, Prefix="b/", Delimiter="/", StartAfter="b/1")
    assert [item["Key"] for item in inside["Contents"]] == ["b/2"]
    assert [item["Prefix"] for item in inside["CommonPrefixes"]] == ["b/x/"]
    gone = s3.delete_objects(Bucket=bucket, Delete={"Objects": [{"Key": "a"}, {"Key": "none"}]})
    assert [item["Key"] for item in gone["Deleted"]] == ["a", "none"]
    assert s3.list_objects_v2(Bucket=bucket)["KeyCount"] == 5


def test_lists_of_the_first_version(s3, bucket):
    keys = ["a", "b/1", "b/2", "c d", "d/1"]
    for key in keys:
        s3.put_object(Bucket=bucket, Key=key, Body=key.encode())
    for size in (1, 2, 1000):
        pages = list(s3.get_paginator("list_objects").paginate(Bucket=bucket, PaginationConfig={"PageSize": size}))
        assert [item["Key"] for page in pages for item in page["Contents"]] == keys
        pages = list(s3.get_paginator("list_objects").paginate(Bucket=bucket, Delimiter="/", PaginationConfig={"PageSize": size}))
        assert [item["Key"] for page in pages for item in page.get("Contents", [])] == ["a", "c d"]
        assert [item["Prefix"] for page in pages for item in page.get("CommonPrefixes", [])] == ["b/", "d/"]


def test_an_upload_in_parts(s3, bucket):
    parts = [bytes([n]) * (5 << 20) for n in range(2)] + [b"the last may be short"]
    upload = s3.create_multipart_upload(Bucket=bucket, Key="big", ContentType="text/x", Metadata={"who": "me"})
    request = {"Bucket": bucket, "Key": "big", "UploadId": upload["UploadId"]}
    assert [item["Key"] for item in s3.list_multipart_uploads(Bucket=bucket)["Uploads"]] == ["big"]
    s3.upload_part(**request, PartNumber=2, Body=b"replaced")
    put = [s3.upload_part(**request, PartNumber=n, Body=part)["ETag"] for n, part in enumerate(parts, 1)]
    assert put == [f'"{hashlib.md5(part).hexdigest()}"' for part in parts]
    pages = s3.get_paginator("list_parts").paginate(**request, PaginationConfig={"PageSize": 2})
    assert [(part["PartNumber"], part["Size"]) for page in pages for part in page["Parts"]] == [(1, 5 << 20), (2, 5 << 20), (3, 21)]
    chosen = [{"PartNumber": n, "ETag": etag} for n, etag in enumerate(put, 1)]

    def completing(parts):
        return refused(s3.complete_multipart_upload, **request, MultipartUpload={"Parts": parts})

    assert completing(chosen[::-1]) == ("InvalidPartOrder", 400)
    assert completing([{"PartNumber": 1, "ETag": put[1]}]) == ("InvalidPart", 400)
    assert completing([chosen[2], {"PartNumber": 4, "ETag": put[0]}]) == ("InvalidPart", 400)
    small = s3.upload_part(**request, PartNumber=4, Body=b"more")["ETag"]
    assert completing([*chosen, {"PartNumber": 4, "ETag": small}]) == ("EntityTooSmall", 400)
    done = s3.complete_multipart_upload(**request, MultipartUpload={"Parts": chosen})
    etag = hashlib.md5(b"".join(hashlib.md5(part).digest() for part in parts)).hexdigest()
    assert done["ETag"] == f'"{etag}-3"' and done["ChecksumType"] == "FULL_OBJECT"
    got = s3.get_object(Bucket=bucket, Key="big")
    assert got["Body"].read() == b"".join(parts) and (got["ContentType"], got["Metadata"]) == ("text/x", {"who": "me"})
    assert refused(s3.upload_part, **request, PartNumber=1, Body=b"") == ("NoSuchUpload", 404)
    other = s3.create_multipart_upload(Bucket=bucket, Key="none")
    s3.abort_multipart_upload(Bucket=bucket, Key="none", UploadId=other["UploadId"])
    assert "Uploads" not in s3.list_multipart_uploads(Bucket=bucket)


def test_files_of_any_size_go_up_and_down(shared, s3, bucket, tmp_path):
    """boto3 and the AWS CLI send what is longer than 8 MB in parts, each with its checksum."""
    content = random.Random(1).randbytes(20_000_000)
    (tmp_path / "up").write_bytes(content)
    s3.upload_file(str(tmp_path / "up"), bucket, "by boto3")
    shared.aws("s3", "cp", tmp_path / "up", f"s3://{bucket}/by cli")
    for key in ("by boto3", "by cli"):
        assert s3.head_object(Bucket=bucket, Key=key, ChecksumMode="ENABLED")["ETag"].endswith('-3"')
        s3.download_file(bucket, key, str(tmp_path / "down"))
        assert (tmp_path / "down").read_bytes() == content
    shared.aws("s3", "cp", f"s3://{bucket}/by cli", tmp_path / "down by cli")
    assert (tmp_path / "down by cli").read_bytes() == content
    assert len(shared.aws("s3", "ls", f"s3://{bucket}/").splitlines()) == 2


def test_policies(s3, bucket):
    assert refused(s3.get_bucket_policy, Bucket=bucket) == ("NoSuchBucketPolicy", 404)
    statement = {"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": f"arn:aws:s3:::{bucket}/*"}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    s3.put_bucket_policy(Bucket=bucket, Policy=policy)
    assert s3.get_bucket_policy(Bucket=bucket)["Policy"] == policy
    other = policy.replace(bucket, "others")
    assert refused(s3.put_bucket_policy, Bucket=bucket, Policy=other) == ("MalformedPolicy", 400)
    s3.delete_bucket_policy(Bucket=bucket)
    assert refused(s3.get_bucket_policy, Bucket=bucket) == ("NoSuchBucketPolicy", 404)


def test_hosts_streams_and_links(shared, s3, bucket):
    config = Config(s3={"addressing_style": "virtual"})
    port = shared.endpoint.rsplit(":", 1)[1]
    virtual = boto3.client(
        "s3", endpoint_url=f"http://localhost:{port}", region_name="us-east-1", aws_access_key_id="a", aws_secret_access_key="b",
        config=config,
    )
    # The name below localhost resolves to nothing everywhere, so the request is only looked at.
    link = virtual.generate_presigned_url("get_object", Params={"Bucket": bucket, "Key": "big"})
    assert link.startswith(f"http://{bucket}.localhost:{port}/big?")
    content = b"0123456789" * 300_000
    s3.upload_fileobj(io.BytesIO(content), bucket, "big")
    request = urllib.request.Request(link.replace(f"{bucket}.localhost", "127.0.0.1", 1), headers={"Host": f"{bucket}.localhost:{port}"})
    with urllib.request.urlopen(request, timeout=10) as answer:
        assert answer.read() == content
    over = virtual.generate_presigned_url("get_object", Params={"Bucket": bucket, "Key": "big"}, ExpiresIn=-1)
    with pytest.raises(urllib.error.HTTPError) as expired:
        urllib.request.urlopen(over.replace(f"{bucket}.localhost", "127.0.0.1", 1).replace("/big?", f"/{bucket}/big?"), timeout=10)
    assert expired.value.code == 403 and b"<Message>Request has expired</Message>" in expired.value.read()
    chunked = b"5;chunk-signature=0\r\nhello\r\n0;chunk-signature=0\r\n\r\n"
    headers = {
        "Authorization": "AWS4-HMAC-SHA256 Credential=a/20260101/us-east-1/s3/aws4_request, SignedHeaders=host, Signature=0",
        "x-amz-content-sha256": "STREAMING-AWS4-HMAC-SHA256-PAYLOAD", "x-amz-decoded-content-length": "5",
        "Content-Encoding": "aws-chunked",
    }
    put = urllib.request.Request(f"{shared.endpoint}/{bucket}/chunked", data=chunked, headers=headers, method="PUT")
    with urllib.request.urlopen(put, timeout=10) as answer:
        assert answer.status == 200
    got = s3.get_object(Bucket=bucket, Key="chunked")
    assert got["Body"].read() == b"hello" and "ContentEncoding" not in got


def test_objects_are_there_after_a_restart(fresh):
    s3 = fresh.client("s3")
    s3.create_bucket(Bucket="t-kept")
    s3.put_object(Bucket="t-kept", Key="a", Body=b"hello")
    request = {"Bucket": "t-kept", "Key": "parts"}
    request["UploadId"] = s3.create_multipart_upload(**request)["UploadId"]
    part = s3.upload_part(**request, PartNumber=1, Body=b"half")["ETag"]
    fresh.kill()
    fresh.up()
    assert s3.get_object(Bucket="t-kept", Key="a")["Body"].read() == b"hello"
    s3.complete_multipart_upload(**request, MultipartUpload={"Parts": [{"PartNumber": 1, "ETag": part}]})
    assert s3.get_object(Bucket="t-kept", Key="parts")["Body"].read() == b"half"
