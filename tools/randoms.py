"""Random values of a botocore shape, hard ones among them, within the constraints our tables check."""

import datetime
import random

TEXTS = [
    "abc", "", "0123", "true", "1", " a b ", "a b&c<d>\"e\"'f'", "é✓ ü 🦀", "x=y;z+1%25", "line\nbreak\ttab\rreturn",
    "{\"a\": [1]}", "]]>", "a.b.1", "\\", "null",
]  # fmt: skip


class Random:
    """A source for one job. The same seed gives the same values."""

    def __init__(self, seed, protocol):
        self.random = random.Random(seed)
        self.protocol = protocol
        self.sent = False

    def asking(self):
        """For a request: its constraints must hold, and it must be such that the protocol can say it."""
        self.sent = True
        return self

    def answering(self):
        self.sent = False
        return self

    def text(self):
        text = self.random.choice(TEXTS)
        # botocore sends the ends of lines in XML as they are, and whoever reads XML takes all of them for one character (section 2.11).
        return text.replace("\r", "") if self.sent and self.protocol == "rest-xml" else text

    def value(self, shape, depth=0):
        make = getattr(self, "_" + shape.type_name)
        return make(shape, depth)

    def _structure(self, shape, depth):
        if shape.is_document_type:
            return {"a": [1, "x", None, True, 0.5], "b": {"c": {}}}
        members = list(shape.members.items())
        if shape.is_tagged_union:
            members = [self.random.choice(members)]
        wanted = [
            (name, inner)
            for name, inner in members
            if shape.is_tagged_union or name in shape.required_members or (depth < 5 and self.random.random() < 0.7)
        ]
        # A form can't say that a structure is there and empty.
        if not wanted and self.sent and self.protocol != "json":
            wanted = members[:1]
        return {name: self._member(inner, depth + 1) for name, inner in wanted}

    def _member(self, shape, depth):
        value, location = self.value(shape, depth), shape.serialization.get("location")
        # A path can't say that a member is there and empty; a header field holds one line of plain characters.
        return "abc" if location == "uri" and value == "" or location == "header" else value

    def _list(self, shape, depth):
        low, high = self._bounds(shape, 0, 3)
        # EC2's forms can't say that a list is there and empty.
        if self.sent and self.protocol == "ec2":
            low = max(low, 1)
        if depth > 6:
            high = max(low, 1)
        return [self.value(shape.member, depth + 1) for _ in range(self.random.randint(low, max(low, min(high, 3))))]

    def _map(self, shape, depth):
        low, high = self._bounds(shape, 0, 3)
        # A form can't say that a map is there and empty.
        if self.sent and self.protocol != "json":
            low = max(low, 1)
        count = self.random.randint(low, max(low, min(high, 3)))
        keys = getattr(shape.key, "enum", None) or ["k0", "1", "a.b c", "é"]
        keys = self.random.sample(keys, min(count, len(keys)))
        return {key: self.value(shape.value, depth + 1) for key in keys}

    def _string(self, shape, depth):
        if shape.enum:
            return self.random.choice(shape.enum)
        low, high = self._bounds(shape, 0, 1000)
        if self.sent and shape.metadata.get("pattern"):
            return "1" * self.random.randint(low, min(high, low + 5)) or "1"
        text = self.text()
        text += "ü" * (low - len(text))
        return text[:high]

    def _integer(self, shape, depth):
        low, high = self._bounds(shape, -(2**31), 2**31 - 1)
        return self.random.choice([low, high, self.random.randint(low, high)])

    def _long(self, shape, depth):
        low, high = self._bounds(shape, -(2**63), 2**63 - 1)
        return self.random.choice([low, high, self.random.randint(low, high)])

    def _double(self, shape, depth):
        low, high = self._bounds(shape, -10, 10)
        return self.random.choice([float(low), low + 0.25, float(high)])

    _float = _double

    def _boolean(self, shape, depth):
        return self.random.choice([True, False])

    def _timestamp(self, shape, depth):
        # botocore sends whole seconds; services answer milliseconds.
        micros = 0 if self.sent else self.random.choice([0, 1000, 123000, 999000])
        second, day = self.random.randint(0, 59), self.random.randint(1, 28)
        return datetime.datetime(2026, 1, day, 12, 0, second, micros, tzinfo=datetime.timezone.utc)

    def _blob(self, shape, depth):
        low, high = self._bounds(shape, 0, 9)
        return self.random.randbytes(self.random.randint(low, min(high, low + 9)))

    def _bounds(self, shape, low, high):
        if not self.sent:
            return low, high
        return int(shape.metadata.get("min", low)), int(shape.metadata.get("max", high))
