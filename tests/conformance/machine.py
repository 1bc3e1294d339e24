"""Machines of a test's at vantage points: a process at each that does what inside.py has words for.

    client, server = Machine(region, "eni-…"), Machine(region, "internet")
    server.serve(udp=[9])
    assert client.udp(INTERNET, 9) == "198.18.0.4"
"""

import json
import pathlib
import subprocess
import sys

# The address of `neargate from internet`.
INTERNET = "203.0.113.10"
INSIDE = pathlib.Path(__file__).with_name("inside.py")


class Machine:
    def __init__(self, region, place):
        self.place = place
        command = [region.binary, "from", "--data-dir", str(region.data), place, "--", sys.executable, str(INSIDE)]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    def __getattr__(self, what):
        if what.startswith("_"):
            raise AttributeError(what)
        return lambda *arguments, **options: self.do(what, arguments, options)

    def do(self, what, arguments, options):
        """Has one thing done there and returns what came of it."""
        try:
            self.process.stdin.write(json.dumps([what, arguments, options]) + "\n")
            self.process.stdin.flush()
            line = self.process.stdout.readline()
        except BrokenPipeError:
            line = ""
        assert line, f"{what} at {self.place}: {self.process.stderr.read()}"
        return json.loads(line)

    def close(self):
        self.process.stdin.close()
        self.process.wait(timeout=10)
        self.process.stdout.close()
        self.process.stderr.close()
