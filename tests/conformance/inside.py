"""What a test's machine at a vantage point does: a line of JSON says what, a line of JSON says what came of it. See machine.py.

It runs where `neargate from` puts it, with the standard library alone. Times are CLOCK_MONOTONIC's, which all processes share.
"""

import itertools
import json
import os
import random
import select
import socket
import struct
import subprocess
import sys
import threading
import time

from fake_registry import asked, left, registry  # noqa: F401

heard, flows, streams, captures, watches = [], {}, {}, {}, {}
# How long nothing must come for nothing to have come.
SILENCE = 0.4


def serve(udp=(), tcp=()):
    """Answers at ports: whoever sends something is told from which address it came. What came is kept for `listen`."""
    for port in udp:
        at = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        at.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8 << 20)
        at.bind(("0.0.0.0", port))
        threading.Thread(target=answer_datagrams, args=(at, port), daemon=True).start()
    for port in tcp:
        at = socket.create_server(("0.0.0.0", port), backlog=512)
        threading.Thread(target=accept, args=(at, port), daemon=True).start()


def answer_datagrams(at, port):
    while True:
        data, peer = at.recvfrom(2048)
        heard.append(("udp", port, peer[0], data.decode(), time.monotonic()))
        try:
            at.sendto(peer[0].encode(), peer)
        except OSError:
            pass  # the way back is closed


def accept(at, port):
    while True:
        connection, peer = at.accept()
        heard.append(("tcp", port, peer[0], "", time.monotonic()))
        threading.Thread(target=echo, args=(connection, peer), daemon=True).start()


def echo(connection, peer):
    """Says who the other end is and, of what that says, what begins with a question mark. The rest is taken and forgotten."""
    try:
        connection.sendall(peer[0].encode())
        while data := connection.recv(1 << 16):
            if data.startswith(b"?"):
                connection.sendall(data)
        connection.close()
    except OSError:
        pass


def listen():
    """What was heard since the last time, as kind, port, sender, text, time."""
    said, heard[:] = list(heard), []
    return said


def udp(to, port, wait=SILENCE, source=0, text="probe"):
    """What a datagram is answered: the address it came from, `refused` for ICMP's port unreachable, or nothing."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as at:
        at.bind(("0.0.0.0", source))
        return datagram(at, to, port, wait, text)


def datagram(at, to, port, wait, text):
    at.settimeout(wait)
    try:
        at.connect((to, port))
        at.send(text.encode())
        return at.recv(2048).decode()
    except ConnectionRefusedError:
        return "refused"
    except OSError:
        return None


def many(to, port, times):
    """The distinct answers to datagrams of as many flows."""
    return sorted({udp(to, port) or "nothing" for _ in range(times)})


def tcp(to, port, wait=SILENCE):
    """What a connection is greeted with: the address it came from, `connected` for silence, `refused`, or nothing."""
    try:
        with socket.create_connection((to, port), wait) as at:
            at.settimeout(wait)
            try:
                return at.recv(64).decode() or "connected"
            except TimeoutError:
                return "connected"
    except ConnectionRefusedError:
        return "refused"
    except OSError:
        return None


def ping(to, wait=SILENCE):
    """Whether an echo request is answered."""
    with socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP) as at:
        name = random.randrange(1 << 16)
        total = 0x0800 + name + 1
        checksum = ~((total & 0xFFFF) + (total >> 16)) & 0xFFFF
        try:
            at.sendto(struct.pack("!BBHHH", 8, 0, checksum, name, 1), (to, 0))
        except OSError:
            return False
        end = time.monotonic() + wait
        while (left := end - time.monotonic()) > 0:
            if not select.select([at], [], [], left)[0]:
                return False
            packet = at.recv(256)
            if packet[20] == 0 and packet[24:26] == struct.pack("!H", name):
                return True
        return False


def begin(flow, kind, to, port):
    """Begins a flow that `goes_on` looks after; whether it came about."""
    at = socket.socket(socket.AF_INET, socket.SOCK_STREAM if kind == "tcp" else socket.SOCK_DGRAM)
    at.settimeout(SILENCE)
    flows[flow] = at
    try:
        at.connect((to, port))
        if kind == "udp":
            at.send(b"?")
        return bool(at.recv(64))
    except OSError:
        return False


def goes_on(flow):
    """Whether a flow's next packets are answered."""
    try:
        flows[flow].send(b"?")
        return bool(flows[flow].recv(64))
    except OSError:
        return False


def push(to, port, seconds):
    """Megabits a second that a connection takes, after a beginning that fills what there is of buffers."""
    with socket.create_connection((to, port), 2) as at:
        at.recv(64)
        at.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 64 << 10)
        data, sent, begun = bytes(32 << 10), 0, time.monotonic()
        while time.monotonic() < begun + 0.5:
            at.send(data)
        begun = time.monotonic()
        while time.monotonic() < begun + seconds:
            sent += at.send(data)
        return sent * 8 / (time.monotonic() - begun) / 1e6


def stream(name, to, port, every=0.0005, fresh=True):
    """Sends numbered datagrams until `cease`, all of one flow or each of one that never was: from the next port."""
    stop, sent = threading.Event(), []

    def run():
        at = None
        for number in itertools.count():
            if stop.is_set():
                return
            if at is None or fresh:
                at = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
                at.bind(("0.0.0.0", 10_000 + number % 50_000 if fresh else 0))
            try:
                at.sendto(f"{name} {number}".encode(), (to, port))
                sent.append(number)
            except OSError:
                pass
            if fresh:
                at.close()
            time.sleep(every)

    thread = threading.Thread(target=run, daemon=True)
    streams[name] = (stop, thread, sent)
    thread.start()


def cease(name):
    """Ends a stream; how many datagrams it sent."""
    stop, thread, sent = streams.pop(name)
    stop.set()
    thread.join()
    return len(sent)


def capture():
    """Begins to note the source and destination of every packet at every interface here."""
    at = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(0x0003))
    stop, seen = threading.Event(), set()

    def run():
        while not stop.is_set():
            if select.select([at], [], [], 0.05)[0]:
                packet, link = at.recvfrom(2048)
                if link[1] == 0x0800:
                    seen.add((socket.inet_ntoa(packet[12:16]), socket.inet_ntoa(packet[16:20])))

    thread = threading.Thread(target=run, daemon=True)
    captures["it"] = (stop, thread, seen)
    thread.start()


def captured():
    """Ends `capture`: the pairs that were seen."""
    stop, thread, seen = captures.pop("it")
    stop.set()
    thread.join()
    return sorted(seen)


def resolve(name):
    """The addresses of a name, as programs here learn them."""
    try:
        return sorted({found[4][0] for found in socket.getaddrinfo(name, None, socket.AF_INET)})
    except OSError:
        return []


def reverse(address):
    """The name of an address."""
    try:
        return socket.gethostbyaddr(address)[0]
    except OSError:
        return None


def ask(server, name, over="udp", wait=SILENCE):
    """Asks one DNS server for a name's addresses; nothing if it is silent, else how many records the answer has."""
    labels = b"".join(bytes([len(label)]) + label.encode() for label in name.split("."))
    question = struct.pack("!6H", 7, 0x0100, 1, 0, 0, 0) + labels + struct.pack("!BHH", 0, 1, 1)
    kind = socket.SOCK_DGRAM if over == "udp" else socket.SOCK_STREAM
    try:
        with socket.socket(socket.AF_INET, kind) as at:
            at.settimeout(wait)
            at.connect((server, 53))
            at.send(question if over == "udp" else struct.pack("!H", len(question)) + question)
            answer = at.recv(4096)
            return struct.unpack("!6H", answer[2 * (over == "tcp") :][:12])[3]
    except OSError:
        return None


KINDS = {"A": 1, "NS": 2, "CNAME": 5, "SOA": 6, "PTR": 12, "MX": 15, "TXT": 16, "AAAA": 28, "SRV": 33, "CAA": 257}


def query(server, name, kind="A", wait=SILENCE):
    """What one DNS server says of a name: the answer's code and its records, as (type, seconds, data); nothing if it is silent."""
    labels = b"".join(bytes([len(label)]) + label.encode() for label in name.split("."))
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as at:
        at.settimeout(wait)
        at.connect((server, 53))
        number = random.randrange(65536)
        at.send(struct.pack("!6H", number, 0x0100, 1, 0, 0, 0) + labels + struct.pack("!BHH", 0, KINDS[kind], 1))
        try:
            answer = at.recv(4096)
        except TimeoutError:
            return None
    _, flags, _, answers, authorities, more = struct.unpack("!6H", answer[:12])
    _, place = read_name(answer, 12)
    place += 4
    found = []
    for _ in range(answers + authorities + more):
        _, place = read_name(answer, place)
        of, _, ttl, length = struct.unpack("!HHIH", answer[place : place + 10])
        place += 10
        found.append((of, ttl, read_data(answer, place, of, length)))
        place += length
    kinds = {number: name for name, number in KINDS.items()}
    records = [[kinds.get(of, str(of)), ttl, data] for of, ttl, data in found]
    return {
        "code": flags & 15,
        "answers": records[:answers],
        "authorities": records[answers : answers + authorities],
        "more": records[answers + authorities :],
    }


def read_name(packet, place):
    """The name at a place of a packet, and where it ends."""
    labels, end = [], None
    while packet[place]:
        if packet[place] >= 192:
            end = end or place + 2
            place = (packet[place] & 63) << 8 | packet[place + 1]
        else:
            labels.append(packet[place + 1 : place + 1 + packet[place]].decode())
            place += 1 + packet[place]
    return ".".join(labels), end or place + 1


def read_data(packet, place, kind, length):
    if kind == KINDS["A"]:
        return socket.inet_ntoa(packet[place : place + 4])
    if kind == KINDS["AAAA"]:
        return socket.inet_ntop(socket.AF_INET6, packet[place : place + 16])
    if kind in (KINDS["TXT"], KINDS["CAA"]):
        return packet[place : place + length].decode("latin-1")
    if kind == KINDS["MX"]:
        (number,) = struct.unpack("!H", packet[place : place + 2])
        return f"{number} {read_name(packet, place + 2)[0]}"
    if kind == KINDS["SRV"]:
        numbers = struct.unpack("!3H", packet[place : place + 6])
        return " ".join(map(str, numbers)) + " " + read_name(packet, place + 6)[0]
    return read_name(packet, place)[0]


def watch(server, name, pause=0.05):
    """Asks for a name's addresses again and again until `watched`."""
    stop, seen = threading.Event(), []

    def run():
        while not stop.wait(pause):
            answer = query(server, name)
            if answer:
                seen.append((time.time(), [data for kind, _, data in answer["answers"] if kind == "A"]))

    thread = threading.Thread(target=run, daemon=True)
    watches[name] = (stop, thread, seen)
    thread.start()


def watched(name):
    """Ends `watch`: when each answer came, and what it named."""
    stop, thread, seen = watches.pop(name)
    stop.set()
    thread.join()
    return seen


def flood(server, name, count):
    """Asks so many questions at once, and says how many were answered, and how long it took to ask.

    Answers are taken between questions, as a kernel may not have room for all of them.
    """
    labels = b"".join(bytes([len(label)]) + label.encode() for label in name.split("."))
    question = struct.pack("!5H", 0x0100, 1, 0, 0, 0) + labels + struct.pack("!BHH", 0, 1, 1)
    answered = 0
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as at:
        at.connect((server, 53))
        began = time.time()
        for number in range(count):
            at.send(struct.pack("!H", number % 65536) + question)
            try:
                while True:
                    at.recv(4096, socket.MSG_DONTWAIT)
                    answered += 1
            except BlockingIOError:
                pass
        took = time.time() - began
        at.settimeout(1)
        try:
            while True:
                at.recv(4096)
                answered += 1
        except TimeoutError:
            return answered, took


def run(command, environment):
    """What a program of this machine prints, and how it ends."""
    done = subprocess.run(command, env={**os.environ, **environment}, capture_output=True, text=True)
    return done.returncode, done.stdout, done.stderr


if __name__ == "__main__":
    for line in sys.stdin:
        what, arguments, options = json.loads(line)
        print(json.dumps(globals()[what](*arguments, **options)), flush=True)
