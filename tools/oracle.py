#!/usr/bin/env python
"""botocore as oracle: random values of every listed operation go through botocore and through crates/aws, both ways.

    python tools/oracle.py [--rounds 20] [--seed 1]

Requests: botocore writes, we identify and read, the typed value must be what was sent. Replies: we write a typed value,
botocore must read the same. Refusals: botocore must read our code, message, status and request id. Exits 1 on a mismatch.
"""

import argparse
import base64
import collections
import datetime
import json
import subprocess
import sys
import urllib.parse

from botocore import model as botocore_model
from botocore import parsers, serialize
from botocore.awsrequest import HeadersDict

from model import HERE, SERVICES, Model
from randoms import Random

ORACLE = ["cargo", "run", "--quiet", "--package", "aws", "--example", "oracle"]
REQUEST_ID = "the-request-id"


class Service:
    """One service as botocore knows it, with the names our tables give its members."""

    def __init__(self, name):
        self.model = Model(name)
        self.botocore = botocore_model.ServiceModel(self.model.raw, name)
        self.writer = serialize.create_serializer(self.model.protocol, include_validation=False)
        self.reader = parsers.create_parser(self.model.protocol)

    def stored(self, shape, value):
        """A value of botocore's as our stored form has it."""
        kind = shape.type_name
        if kind == "structure" and not shape.is_document_type:
            members = self.model.shapes[shape.name]["members"]
            stored = {}
            for member, inner in value.items():
                read, written = self.model.wire_names(shape.name, member, members[member])
                stored[written or read] = self.stored(shape.members[member], inner)
            return stored
        if kind == "list":
            return [self.stored(shape.member, inner) for inner in value]
        if kind == "map":
            return {key: self.stored(shape.value, inner) for key, inner in value.items()}
        if kind == "blob":
            return base64.b64encode(value).decode()
        return value.timestamp() if kind == "timestamp" else value

    def request(self, operation, random):
        """A job, and the stored form our side must answer."""
        shape = operation.input_shape
        value = random.value(shape) if shape else {}
        sent = self.writer.serialize_to_request(value, operation)
        body = sent["body"]
        if isinstance(body, dict):
            body = urllib.parse.urlencode(body)
        elif isinstance(body, bytes):
            body = body.decode()
        scope = f"AKIA/20260131/us-east-1/{self.model.metadata.get('signingName', self.model.metadata['endpointPrefix'])}"
        headers = {name.lower(): text for name, text in sent["headers"].items()}
        headers["authorization"] = f"AWS4-HMAC-SHA256 Credential={scope}/aws4_request, SignedHeaders=host, Signature=0"
        path, query = sent["url_path"].split("?")[0], urllib.parse.urlencode(sent["query_string"] or {})
        job = {"kind": "request", "method": sent["method"], "path": path, "query": query, "headers": headers, "body": body}
        return job, lambda answer: (self.stored(shape, value) if shape else None, answer)

    def reply(self, operation, random):
        shape = operation.output_shape
        value = random.value(shape) if shape else {}
        job = {"kind": "reply", "result": self.stored(shape, value) if shape else None}
        status = operation.http.get("responseCode", 200) if self.model.protocol == "rest-xml" else 200
        return job, lambda answer: (value, self.parse(answer, shape, status))

    def refusal(self, code, status, random):
        # botocore reads an empty text as none.
        message = random.text() or "a message"
        fields = {"field": "A_REASON"} if self.model.protocol == "json" else {}
        job = {"kind": "refusal", "code": code, "message": message, **fields}

        def both(answer):
            error = self.reader.parse({"status_code": answer["status"], "headers": answer["headers"], "body": answer["body"].encode()}, None)
            seen = error["ResponseMetadata"]
            got = (error["Error"]["Code"], error["Error"]["Message"], seen["HTTPStatusCode"], seen["RequestId"])
            return (code, message, status, REQUEST_ID), got

        return job, both

    def parse(self, answer, shape, status):
        body = answer["body"].encode()
        parsed = self.reader.parse({"status_code": answer["status"], "headers": HeadersDict(answer["headers"]), "body": body}, shape)
        seen = parsed.pop("ResponseMetadata")
        if (seen["HTTPStatusCode"], seen["RequestId"]) != (status, REQUEST_ID):
            raise ValueError(f"status or request id: {seen}")
        return parsed


def jobs(rounds, seed):
    for name in SERVICES:
        service = Service(name)
        for operation in service.model.operations:
            known = service.botocore.operation_model(operation)
            for turn in range(rounds):
                random = Random(f"{seed} {name} {operation} {turn}", service.model.protocol)
                for job, expect in (service.request(known, random.asking()), service.reply(known, random.answering())):
                    yield {"service": name, "operation": operation, **job}, expect
        for code, status in {**service.model.errors(), "SomethingElse": 400}.items():
            job, expect = service.refusal(code, status, Random(f"{seed} {name} {code}", service.model.protocol))
            yield {"service": name, "operation": code, **job}, expect


def plain(value):
    """In a form where equal means equal."""
    if isinstance(value, dict):
        return {key: plain(inner) for key, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(inner) for inner in value]
    if isinstance(value, datetime.datetime):
        value = value.timestamp()
    return round(value, 3) if isinstance(value, float) else value


def differences(want, got, path=""):
    if isinstance(want, dict) and isinstance(got, dict):
        for key in sorted(set(want) | set(got)):
            yield from differences(want.get(key), got.get(key), f"{path}.{key}")
    elif isinstance(want, list) and isinstance(got, list) and len(want) == len(got):
        for index, (one, other) in enumerate(zip(want, got)):
            yield from differences(one, other, f"{path}.{index}")
    elif want != got:
        yield f"{path or '.'}: sent {want!r}, got {got!r}"


def compare(answer, expect):
    if "error" in answer:
        return [answer["error"]]
    try:
        want, got = expect(answer["ok"])
    except Exception as error:  # botocore's parser could not read it
        return [repr(error)]
    return list(differences(plain(want), plain(got)))


def main():
    arguments = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    arguments.add_argument("--rounds", type=int, default=20)
    arguments.add_argument("--seed", type=int, default=1)
    options = arguments.parse_args()
    asked = list(jobs(options.rounds, options.seed))
    lines = "".join(json.dumps(job) + "\n" for job, _ in asked)
    ran = subprocess.run(ORACLE, input=lines, stdout=subprocess.PIPE, text=True, check=True, cwd=HERE.parent)
    answers = [json.loads(line) for line in ran.stdout.splitlines()]
    if len(answers) != len(asked):
        raise SystemExit(f"{len(asked)} jobs, {len(answers)} answers")
    counted, wrong = collections.Counter(), 0
    for (job, expect), answer in zip(asked, answers):
        counted[job["kind"]] += 1
        found = compare(answer, expect)
        wrong += bool(found)
        if found and wrong <= 20:
            print(f"{job['service']} {job['operation']} {job['kind']}: {'; '.join(found[:3])[:500]}", file=sys.stderr)
    operations = len({(job["service"], job["operation"]) for job, _ in asked if job["kind"] == "request"})
    print(f"{operations} operations, {dict(counted)}, {wrong} mismatches (seed {options.seed})")
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
