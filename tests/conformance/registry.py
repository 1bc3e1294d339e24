"""The region's registry as tests speak to it: HTTP, one request a call, with the password of an authorization token."""

import base64
import hashlib
import http.client
import json
import re

OCI_MANIFEST = "application/vnd.oci.image.manifest.v1+json"
OCI_INDEX = "application/vnd.oci.image.index.v1+json"
OCI_CONFIG = "application/vnd.oci.image.config.v1+json"
OCI_LAYER = "application/vnd.oci.image.layer.v1.tar"


def digest(content):
    return "sha256:" + hashlib.sha256(content).hexdigest()


class Answer:
    def __init__(self, response):
        self.status, self.headers, self.body = response.status, response.headers, response.read()

    @property
    def json(self):
        return json.loads(self.body)

    @property
    def code(self):
        """The error code of the OCI distribution specification."""
        return self.json["errors"][0]["code"]

    @property
    def refusal(self):
        return self.status, self.code


class Registry:
    def __init__(self, region):
        self.region = region
        token = region.client("ecr").get_authorization_token()["authorizationData"][0]
        self.authorization = token["authorizationToken"]
        self.user, self.password = base64.b64decode(self.authorization).decode().split(":", 1)

    @property
    def credentials(self):
        return f"{self.user}:{self.password}"

    @property
    def host(self):
        return f"127.0.0.1:{self.region.port}"

    def request(self, method, path, body=None, headers=None, authorization=True):
        """One request. A list as body is sent in chunks."""
        connection = http.client.HTTPConnection("127.0.0.1", self.region.port, timeout=60)
        headers = dict(headers or {})
        if authorization:
            headers.setdefault("Authorization", f"Basic {self.authorization}")
        chunked = isinstance(body, list)
        connection.request(method, path, iter(body) if chunked else body, headers, encode_chunked=chunked)
        try:
            return Answer(connection.getresponse())
        finally:
            connection.close()

    def begin(self, name):
        begun = self.request("POST", f"/v2/{name}/blobs/uploads/")
        assert begun.status == 202, begun.body
        return begun.headers["Location"]

    def push_blob(self, name, content):
        location = self.begin(name)
        put = self.request("PUT", f"{location}?digest={digest(content)}", content)
        assert put.status == 201, put.body
        return digest(content)

    def push_manifest(self, name, target, document):
        content = json.dumps(document).encode()
        answer = self.request("PUT", f"/v2/{name}/manifests/{target or digest(content)}", content, {"Content-Type": document["mediaType"]})
        assert answer.status == 201, answer.body
        return digest(content)

    def push_image(self, name, target, layers=(b"layer",), **more):
        document = self.image(name, layers, **more)
        return self.push_manifest(name, target, document)

    def image(self, name, layers=(b"layer",), config=b"{}", **more):
        """A manifest whose blobs are pushed."""
        for blob in (config, *layers):
            self.push_blob(name, blob)
        return {
            "schemaVersion": 2,
            "mediaType": OCI_MANIFEST,
            "config": descriptor(config, OCI_CONFIG),
            "layers": [descriptor(layer, OCI_LAYER) for layer in layers],
            **more,
        }


def descriptor(content, media_type, **more):
    return {"mediaType": media_type, "digest": digest(content), "size": len(content), **more}


def index(*manifests, **more):
    """An index of documents."""
    described = [descriptor(json.dumps(one).encode(), one["mediaType"]) for one in manifests]
    return {"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": described, **more}


def next_page(answer):
    """The path of the next page, by the `Link` field."""
    link = answer.headers["Link"]
    return link and re.fullmatch(r'<(.+)>; rel="next"', link).group(1)
