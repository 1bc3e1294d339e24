#!/usr/bin/env python
"""Writes crates/resourcetypes/schemas/: what CloudFormation's registry publishes of the types in resourcetypes.txt, and all types' names.

    python tools/resourcetypes.py          write the schemas
    python tools/resourcetypes.py --check  exit 1 if the checked-in schemas are not what would be written

Needs tools/requirements.txt: cfn-lint ships the published schemas. It has patched them for its own rules, with limits of the services' APIs
among others. That is undone (resourcetypes.undo.txt), so that what CloudFormation leaves to a service is refused in the service's words.
No documentation text of AWS is copied: names, types and constraints only.
"""

import json
import pathlib
import re
import sys

import cfnlint

HERE = pathlib.Path(__file__).resolve().parent
SCHEMAS = HERE.parent / "crates" / "resourcetypes" / "schemas"
PUBLISHED = pathlib.Path(cfnlint.__file__).parent / "data" / "schemas"
REGION = "us-east-1"

# What is kept of a type. The rest is documentation, permissions, links, and how a property is written differently when it is read.
TOP = (
    "additionalProperties", "anyOf", "conditionalCreateOnlyProperties", "createOnlyProperties", "definitions", "oneOf",
    "patternProperties", "primaryIdentifier", "properties", "readOnlyProperties", "replacementStrategy", "required",
    "writeOnlyProperties",
)
# What is kept of a property. Not `format`, `insertionOrder`, `default` and `dependencies`: they refuse nothing, or what the service itself
# refuses in its own words.
KEPT = (
    "additionalProperties", "anyOf", "const", "enum", "items", "maxItems", "maxLength", "maxProperties", "maximum", "minItems",
    "minLength", "minProperties", "minimum", "multipleOf", "oneOf", "pattern", "patternProperties", "properties", "required", "type",
    "uniqueItems",
)
# Patterns that Java understands and Rust's `regex` does not: look-around, back references. A value is not held to them here; the service
# refuses it. They are listed in schemas/left-out.txt, with the alternatives (`anyOf`, `oneOf`) of which only the widest is kept.
FOREIGN = re.compile(r"\(\?(=|!|<=|<!)|\\[1-9]|[*+?]\+|[0-9,]\}\+|\\p\{(Print|Graph|Punct|Alnum|ASCII)\}")
# "Fn::GetAtt" of these answers with any of their properties, which the registry does not say ("Resource attributes", AWS CloudFormation
# User Guide, and each type's "Return values").
GETS_PROPERTIES = {
    "AWS::EC2::SecurityGroup", "AWS::EC2::Subnet", "AWS::EC2::VPC", "AWS::EFS::MountTarget",
    "AWS::ElasticLoadBalancingV2::LoadBalancer", "AWS::SNS::Topic", "AWS::SQS::Queue", "AWS::SSM::Parameter",
}
# The same, for single properties.
GETS = {"AWS::ServiceDiscovery::Service": ["/properties/Name"]}


# Java's classes are of ASCII; those of `regex` are not.
ASCII = {"d": "0-9", "w": "0-9A-Z_a-z", "s": "\\t\\n\\x0B\\f\\r "}


def rust(pattern):
    """A pattern in the words of Rust's `regex`: classes of ASCII, a bracket in a class for itself alone, `\\z` for the end."""
    result, index, in_class = [], 0, False
    while index < len(pattern):
        one = pattern[index]
        escape = pattern[index + 1:index + 2] if one == "\\" else ""
        if escape in ASCII:
            one = ASCII[escape] if in_class else f"[{ASCII[escape]}]"
        elif escape:
            one += "z" if escape == "Z" else escape
        elif one == "[":
            one, in_class = ("\\[", True) if in_class else ("[", True)
        elif one == "]":
            in_class = False
        result.append(one)
        index += 2 if escape else 1
    return "".join(result)


def original(kind, schema):
    """The schema without what cfn-lint has added for its own rules."""
    for pointer, before in UNDONE.get(kind, []):
        *path, last = [name.replace("~1", "/").replace("~0", "~") for name in pointer.split("/")[1:]]
        holder = schema
        for name in path:
            holder = holder.get(name, {})
        if before is None:
            holder.pop(last, None)
        elif last in holder or last in KEPT:
            holder[last] = before
    return schema


def undone():
    """The lines of resourcetypes.undo.txt, by type."""
    lines = (HERE / "resourcetypes.undo.txt").read_text().splitlines()
    result = {}
    for kind, pointer, *before in (line.split(" ", 2) for line in lines if not line.startswith("#")):
        result.setdefault(kind, []).append((pointer, json.loads(before[0]) if before else None))
    return result


UNDONE = undone()


class Reduced:
    """One type's schema, cut down to what is used."""

    def __init__(self, kind, schema):
        self.kind, self.schema, self.left_out = kind, schema, []

    def top(self):
        result = {k: v for k, v in self.schema.items() if k in TOP}
        self.alternatives(result, "#")
        for part in ("definitions", "properties", "patternProperties"):
            if part in result:
                result[part] = self.nodes(part, result[part], "#")
        if self.kind == "AWS::CloudFormation::CustomResource":
            # Anything is a custom resource's property and attribute; `Id` is cfn-lint's.
            result = {"additionalProperties": True, "primaryIdentifier": [], "required": result["required"],
                      "createOnlyProperties": result["createOnlyProperties"],
                      "properties": {k: v for k, v in result["properties"].items() if k == "ServiceToken"}}
        value = {"type": "object"} | {k: result.pop(k) for k in KEPT if k in result}
        result |= {"value": value} | self.tagging() | self.timeouts()
        if self.kind in GETS_PROPERTIES:
            result["getsProperties"] = True
        if self.kind in GETS:
            result["gets"] = GETS[self.kind]
        result["primaryIdentifier"] = [p.removeprefix("/properties/").replace("/", ".") for p in result["primaryIdentifier"]]
        for key in result:
            if key.endswith("Properties") and isinstance(result[key], list) or key == "gets":
                result[key] = sorted(result[key])
        self.drop_unreached(result)
        return result

    def nodes(self, part, nodes, path):
        named = rust if part == "patternProperties" else str
        return {named(name): self.node(node, f"{path}/{name}") for name, node in nodes.items()}

    def node(self, node, path):
        if isinstance(node, bool):
            return {}
        if "$ref" in node:
            # Draft 7: what stands beside a reference says nothing.
            return {"$ref": node["$ref"]}
        result = {k: v for k, v in node.items() if k in KEPT}
        self.alternatives(result, path)
        if "const" in result:
            result["enum"] = [result.pop("const")]
        if FOREIGN.search(result.get("pattern", "")):
            self.left_out.append(f"{path} pattern")
            del result["pattern"]
        elif "pattern" in result:
            result["pattern"] = rust(result["pattern"])
        if result.get("uniqueItems") is False:
            del result["uniqueItems"]
        for key in ("minLength", "minItems", "minProperties"):
            if result.get(key) == 0:
                del result[key]
        for part in ("properties", "patternProperties"):
            if part in result:
                result[part] = self.nodes(part, result[part], path)
        if "items" in result:
            result["items"] = self.node(result["items"], f"{path}/*")
        if isinstance(result.get("additionalProperties"), dict):
            result.setdefault("patternProperties", {})[""] = self.node(result.pop("additionalProperties"), f"{path}/*")
        if result.get("type") != "object" and "properties" not in result and "patternProperties" not in result:
            result.pop("additionalProperties", None)
        return result

    def alternatives(self, result, path):
        """Keeps `anyOf` and `oneOf` where they are about what is required; else the widest alternative that says what the value is."""
        for key in ("anyOf", "oneOf"):
            options = result.pop(key, None)
            if options is None:
                continue
            if all(set(option) == {"required"} for option in options):
                result[key] = [sorted(option["required"]) for option in options]
                continue
            self.left_out.append(f"{path} {key}")
            wide = [o for o in options if ("type" in o or "$ref" in o) and "enum" not in o and o.get("format") != "json"]
            if wide and "type" not in result:
                result.update(self.node(wide[0], path))

    def tagging(self):
        """Where tags of a stack go: `tags` is the property, `tagsList` whether it is a list of Key and Value."""
        tagging = self.schema.get("tagging", {})
        pointer = tagging.get("tagProperty", "/properties/Tags")
        name = pointer.removeprefix("/properties/")
        if not tagging.get("taggable", name in self.schema["properties"]) or name not in self.schema["properties"]:
            return {}
        node = self.schema["properties"][name]
        if "$ref" in node:
            node = self.schema["definitions"][node["$ref"].rsplit("/", 1)[1]]
        return {"tags": name, "tagsList": node["type"] == "array", "systemTags": tagging.get("cloudFormationSystemTags", True)}

    def timeouts(self):
        """How long an operation may take, in minutes, and whether there is an update at all."""
        handlers = self.schema.get("handlers")
        if handlers is None:
            return {}
        minutes = {n: h["timeoutInMinutes"] for n, h in handlers.items() if "timeoutInMinutes" in h and n in ("create", "update", "delete")}
        return ({"timeoutInMinutes": minutes} if minutes else {}) | ({} if "update" in handlers else {"immutable": True})

    def drop_unreached(self, result):
        """Leaves out the definitions that no property leads to, and refuses references elsewhere."""
        definitions, reached = result.pop("definitions", {}), set()

        def walk(node):
            if isinstance(node, dict):
                reference = node.get("$ref")
                if isinstance(reference, str):
                    name = reference.removeprefix("#/definitions/")
                    if name not in definitions:
                        raise SystemExit(f"{self.kind}: a reference to {reference}")
                    if name not in reached:
                        reached.add(name)
                        walk(definitions[name])
                for inner in node.values():
                    walk(inner)

        walk(result["value"])
        if reached:
            result["definitions"] = {name: definitions[name] for name in sorted(reached)}


def files():
    """Each file's name and text."""
    index = json.loads((PUBLISHED / "providers" / f"{REGION}.json").read_text())
    yield "published.txt", "".join(f"{kind}\n" for kind in sorted(index))
    services, left_out = {}, []
    for kind in (HERE / "resourcetypes.txt").read_text().split():
        if kind not in index:
            raise SystemExit(f"resourcetypes.txt lists what is not published: {kind}")
        schema = json.loads((PUBLISHED / "resources" / f"{index[kind]}.json").read_text())
        reduced = Reduced(kind, original(kind, schema))
        services.setdefault(kind.split("::")[1].lower(), {})[kind] = reduced.top()
        left_out += [f"{kind} {what}\n" for what in reduced.left_out]
    yield "left-out.txt", "".join(left_out)
    for service, kinds in sorted(services.items()):
        yield f"{service}.json", json.dumps(kinds, indent=1, sort_keys=True) + "\n"


def main():
    stale, written = [], set()
    for name, text in files():
        path = SCHEMAS / name
        written.add(path)
        if "--check" not in sys.argv[1:]:
            path.write_text(text)
        elif not path.exists() or path.read_text() != text:
            stale.append(path)
    stale += set(SCHEMAS.iterdir()) - written
    if stale:
        raise SystemExit(f"not what tools/resourcetypes.py writes (run it): {', '.join(sorted(p.name for p in stale))}")


if __name__ == "__main__":
    main()
