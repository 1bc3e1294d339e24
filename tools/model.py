"""AWS's service models, as pinned botocore ships them, cut down to the operations neargate lists."""

import pathlib
import re

import botocore.loaders

HERE = pathlib.Path(__file__).resolve().parent
SERVICES = [
    "ecs", "ec2", "sts", "iam", "logs", "ecr", "ssm", "secretsmanager", "elbv2", "acm", "cloudwatch",
    "application-autoscaling", "servicediscovery", "route53",
]

# An enum with more values than this is read as text: the type would be all table and no use.
ENUM_LIMIT = 120


class Model:
    """One service: its model, the operations listed in `operations/NAME.txt`, and the shapes they reach."""

    def __init__(self, service):
        self.service = service
        self.raw = botocore.loaders.Loader().load_service_model(service, "service-2")
        self.metadata = self.raw["metadata"]
        # Of several protocols botocore speaks JSON first; a service that has queries as well answers both (`aws::api::QUERIED`).
        protocols = self.metadata.get("protocols", [])
        self.protocol = "json" if "json" in protocols else self.metadata["protocol"]
        self.shapes = self.raw["shapes"]
        self.operations = (HERE / "operations" / f"{service}.txt").read_text().split()
        unknown = set(self.operations) - set(self.raw["operations"])
        if unknown:
            raise SystemExit(f"operations/{service}.txt lists what the model does not have: {sorted(unknown)}")
        self.unlisted = sorted(set(self.raw["operations"]) - set(self.operations))
        self.roles = {}
        for name in self.operations:
            operation = self.raw["operations"][name]
            for role, key in (("in", "input"), ("out", "output")):
                if key in operation:
                    self._walk(operation[key]["shape"], role)
        self.boxed = {name for name in self.roles if self._holds_itself(name)}

    def errors(self):
        """Code → HTTP status, of every exception the model describes."""
        found = {}
        for name, shape in self.shapes.items():
            if shape.get("exception"):
                error = shape.get("error", {})
                found[error.get("code", name)] = error.get("httpStatusCode", 500 if shape.get("fault") else 400)
        return dict(sorted(found.items()))

    def request_only(self, name):
        return self.roles[name] == {"in"}

    def wire_names(self, owner, member, reference):
        """How a member is called when read from a request and when written to a reply (or None: the same).

        EC2's requests go by queryName, else by locationName with its first letter raised. What stands outside of a body is called by its
        member's name; where it stands, `routes` says."""
        if "location" in reference:
            return member, None
        written = reference.get("locationName", member)
        read = written
        if self.protocol == "ec2":
            read = reference.get("queryName") or written[0].upper() + written[1:]
        if self.roles[owner] == {"in"}:
            return read, None
        if "in" not in self.roles[owner] or read == written:
            return written, None
        return read, written

    def routes(self):
        """How each operation is called, listed or not, where that is by method and path (`aws::rest::Route`)."""
        if self.protocol != "rest-xml":
            return []
        return [self._route(name, operation) for name, operation in sorted(self.raw["operations"].items())]

    def _route(self, name, operation):
        members = self._located(operation.get("input"))
        path = operation["http"]["requestUri"].split("?")[0]
        for member, reference in members:
            if reference["location"] == "uri":
                path = path.replace("{" + reference["locationName"] + "}", "{" + member + "}")
        return {
            "operation": name,
            "method": operation["http"]["method"],
            "path": path,
            "root": operation.get("input", {}).get("locationName", ""),
            "query": [(reference["locationName"], member) for member, reference in members if reference["location"] == "querystring"],
            "status": operation["http"].get("responseCode", 200),
            "headers": [
                (member, reference["locationName"].lower())
                for member, reference in self._located(operation.get("output"))
                if reference["location"] == "header"
            ],
        }

    def _located(self, reference):
        members = self.shapes[reference["shape"]].get("members", {}) if reference else {}
        return [(member, inner) for member, inner in members.items() if "location" in inner]

    def items(self):
        """The names of lists and of their items, where those are not the same for all."""
        if self.protocol != "rest-xml":
            return []
        found = {}
        for owner in self.roles:
            for member, reference in self.shapes[owner].get("members", {}).items():
                shape = self.shapes[reference["shape"]]
                if shape["type"] == "map" or shape.get("flattened"):
                    raise SystemExit(f"{self.service} {owner}.{member}: no map and no flattened list goes over this protocol yet")
                item = shape.get("member", {}).get("locationName", "member")
                if shape["type"] == "list" and found.setdefault(member, item) != item:
                    raise SystemExit(f"{self.service} {owner}.{member}: two lists of this name have items of different names")
        return sorted(found.items())

    def xml_namespace(self):
        """The namespace of replies; REST services have it with their requests."""
        inputs = [operation.get("input", {}) for operation in self.raw["operations"].values()]
        named = [reference["xmlNamespace"]["uri"] for reference in inputs if "xmlNamespace" in reference]
        return self.metadata.get("xmlNamespace", named[0] if named else "")

    def _walk(self, name, role):
        if role in self.roles.setdefault(name, set()):
            return
        self.roles[name].add(role)
        shape = self.shapes[name]
        for reference in shape.get("members", {}).values():
            self._walk(reference["shape"], role)
        for part in ("member", "key", "value"):
            if part in shape:
                self._walk(shape[part]["shape"], role)

    def _holds_itself(self, name):
        """Whether a structure reaches itself through structures alone, with no list between."""
        seen, queue = set(), [name]
        while queue:
            for reference in self.shapes[queue.pop()].get("members", {}).values():
                inner = reference["shape"]
                if inner == name:
                    return True
                if self.shapes[inner]["type"] == "structure" and inner not in seen:
                    seen.add(inner)
                    queue.append(inner)
        return False


def snake(name):
    """A Rust field or function name."""
    name = re.sub(r"([A-Z]+)([A-Z][a-z])", r"\1_\2", name)
    name = re.sub(r"([a-z0-9])([A-Z])", r"\1_\2", name)
    name = re.sub(r"[^a-zA-Z0-9]+", "_", name).lower().strip("_")
    return "r#" + name if name in KEYWORDS else name


def camel(value):
    """A Rust variant name for an enum's wire value."""
    words = [word for word in re.split(r"[^A-Za-z0-9]+", value) if word]
    name = "".join(w[0].upper() + (w[1:].lower() if w.isupper() or w.islower() else w[1:]) for w in words) or "Empty"
    if name[0].isdigit():
        name = "V" + name
    return "Self_" if name == "Self" else name


KEYWORDS = set(
    "abstract as async await become box break const continue crate do dyn else enum extern false final fn for gen if "
    "impl in let loop macro match mod move mut override priv pub ref return self static struct super trait true try "
    "type typeof unsafe unsized use virtual where while yield".split()
)
