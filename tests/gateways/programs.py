"""The gateways as processes: their configurations, and start, restart and stop by process id.

A configuration is written into a folder of the test's own; nothing of the system's configuration is read, and no service of
the system runs. A test that needs a program that is missing is skipped, with the name of its Debian package.
"""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

import pytest

IDLE = 0.05
"""Seconds after which a gateway closes an idle connection in the tests of kept connections; squid counts whole seconds."""

STARTUP = 20.0
_PATH = os.pathsep.join([os.environ.get("PATH", ""), "/usr/sbin", "/usr/local/sbin"])
_MODULES = Path("/usr/lib/apache2/modules")


@dataclass(frozen=True)
class Setup:
    """Settings of a gateway.

    Attributes:
        port: The port that it listens on.
        upstream: The port of the server behind it.
        folder: A folder for its files.
        idle: Seconds for which it keeps an idle connection.
        gzip: Whether it compresses answers.
        buffering: Whether it may collect an answer before it sends it on.
        password: The password that a forward proxy asks for (user "alice"), or None. Squid takes any: its helper cannot read
            the folder, which belongs to the user who runs the tests.
    """

    port: int
    upstream: int
    folder: Path
    idle: float = 60.0
    gzip: bool = False
    buffering: bool = False
    password: str | None = None


def _nginx(s: Setup) -> tuple[str, list[str]]:
    compression = "gzip on; gzip_min_length 1; gzip_proxied any; gzip_types *;" if s.gzip else ""
    folders = " ".join(
        f"{name}_temp_path {s.folder}/{name};" for name in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    user = "user root;" if os.geteuid() == 0 else ""
    text = f"""
{user} daemon off; worker_processes 1; pid {s.folder}/pid; error_log {s.folder}/log;
events {{ worker_connections 1024; }}
http {{
    access_log off; {folders} {compression}
    keepalive_timeout {round(s.idle * 1000)}ms; keepalive_requests 100000;
    upstream dify {{ server 127.0.0.1:{s.upstream}; keepalive 32; }}
    server {{
        listen 127.0.0.1:{s.port};
        client_max_body_size 64m;
        location / {{
            proxy_pass http://dify; proxy_http_version 1.1; proxy_set_header Connection "";
            proxy_buffering {"on" if s.buffering else "off"};
            proxy_request_buffering {"on" if s.buffering else "off"};
        }}
    }}
}}
"""
    return text, ["nginx", "-e", f"{s.folder}/log", "-c", "{file}"]


def _haproxy(s: Setup) -> tuple[str, list[str]]:
    compression = "compression algo gzip\n    compression type application/json text/event-stream" if s.gzip else ""
    text = f"""
global
    maxconn 1024
defaults
    mode http
    timeout connect 5s
    timeout client 30s
    timeout server 30s
    timeout http-keep-alive {round(s.idle * 1000)}ms
    {"option http-buffer-request" if s.buffering else ""}
frontend people
    bind 127.0.0.1:{s.port}
    {compression}
    default_backend dify
backend dify
    server one 127.0.0.1:{s.upstream}
"""
    return text, ["haproxy", "-db", "-q", "-f", "{file}"]


def _apache(s: Setup) -> tuple[str, list[str]]:
    names = ["mpm_event", "authz_core", "proxy", "proxy_http", "deflate", "filter"]
    modules = "\n".join(f"LoadModule {name}_module {_MODULES}/mod_{name}.so" for name in names)
    text = f"""
{modules}
ServerRoot {s.folder}
DefaultRuntimeDir {s.folder}
ServerName 127.0.0.1
PidFile {s.folder}/pid
ErrorLog {s.folder}/log
LogLevel warn
Listen 127.0.0.1:{s.port}
{"User www-data" if os.geteuid() == 0 else ""}
{"Group www-data" if os.geteuid() == 0 else ""}
StartServers 1
ThreadsPerChild 64
MaxRequestWorkers 128
KeepAlive On
KeepAliveTimeout {round(s.idle * 1000)}ms
MaxKeepAliveRequests 0
{"SetOutputFilter DEFLATE" if s.gzip else ""}
ProxyPass / http://127.0.0.1:{s.upstream}/ {"" if s.buffering else "flushpackets=on"}
"""
    return text, ["apache2", "-D", "FOREGROUND", "-f", "{file}"]


def _caddy(s: Setup) -> tuple[str, list[str]]:
    text = f"""
{{
    admin off
    auto_https off
    servers {{
        timeouts {{
            idle {round(s.idle * 1000)}ms
        }}
    }}
}}
http://127.0.0.1:{s.port} {{
    bind 127.0.0.1
    {"encode {" if s.gzip else ""}
    {"gzip" if s.gzip else ""}
    {"minimum_length 1" if s.gzip else ""}
    {"match header Content-Type *" if s.gzip else ""}
    {"}" if s.gzip else ""}
    reverse_proxy 127.0.0.1:{s.upstream} {{
        {"" if s.buffering else "flush_interval -1"}
        {"buffer_requests" if s.buffering else ""}
    }}
}}
"""
    return text, ["caddy", "run", "--adapter", "caddyfile", "--config", "{file}"]


_SQUID = """
visible_hostname localhost
pid_filename none
cache_log /dev/null
access_log none
cache deny all
memory_cache_shared off
netdb_filename none
pinger_enable off
coredump_dir /
shutdown_lifetime 0 seconds
max_filedescriptors 2048
client_idle_pconn_timeout {idle} seconds
via off
"""


def _squid_reverse(s: Setup) -> tuple[str, list[str]]:
    text = f"""
{_SQUID.format(idle=max(1, round(s.idle)))}
http_port 127.0.0.1:{s.port} accel defaultsite=127.0.0.1
cache_peer 127.0.0.1 parent {s.upstream} 0 no-query originserver name=dify
http_access allow all
never_direct allow all
"""
    return text, ["squid", "-N", "-f", "{file}"]


def _squid_forward(s: Setup) -> tuple[str, list[str]]:
    access = "http_access allow all"
    if s.password is not None:
        access = """
auth_param basic program /usr/lib/squid/basic_fake_auth
auth_param basic children 1
auth_param basic realm proxy
acl known proxy_auth REQUIRED
http_access allow known
http_access deny all
"""
    text = f"""
{_SQUID.format(idle=max(1, round(s.idle)))}
http_port 127.0.0.1:{s.port}
{access}
"""
    return text, ["squid", "-N", "-f", "{file}"]


def _tinyproxy(s: Setup, mode: str) -> tuple[str, list[str]]:
    password = "" if s.password is None else f"BasicAuth alice {s.password}"
    text = f"""
Port {s.port}
Listen 127.0.0.1
Timeout 30
MaxClients 200
LogFile "{s.folder}/log"
LogLevel Error
{password}
{mode}
"""
    return text, ["tinyproxy", "-d", "-c", "{file}"]


def _tinyproxy_reverse(s: Setup) -> tuple[str, list[str]]:
    return _tinyproxy(s, f'ReverseOnly Yes\nReversePath "/" "http://127.0.0.1:{s.upstream}/"')


def _tinyproxy_forward(s: Setup) -> tuple[str, list[str]]:
    return _tinyproxy(s, "")


@dataclass(frozen=True)
class Kind:
    """A program: its Debian package and the configuration that makes a gateway of it."""

    package: str
    configuration: Callable[[Setup], tuple[str, list[str]]]


REVERSE = {
    "nginx": Kind("nginx", _nginx),
    "haproxy": Kind("haproxy", _haproxy),
    "apache2": Kind("apache2", _apache),
    "caddy": Kind("caddy", _caddy),
    "squid": Kind("squid", _squid_reverse),
    "tinyproxy": Kind("tinyproxy", _tinyproxy_reverse),
}
"""Gateways in front of the server."""

FORWARD = {"squid": Kind("squid", _squid_forward), "tinyproxy": Kind("tinyproxy", _tinyproxy_forward)}
"""Proxies on the client's side."""


@dataclass
class Gateway:
    """A running gateway."""

    name: str
    kind: Kind
    setup: Setup
    command: list[str] = field(default_factory=list[str])
    process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """The base URL of the API behind it."""
        return f"http://127.0.0.1:{self.setup.port}/v1"

    @property
    def proxy(self) -> str:
        """The address of a forward proxy, with the password where it asks for one."""
        user = "" if self.setup.password is None else f"alice:{self.setup.password}@"
        return f"http://{user}127.0.0.1:{self.setup.port}"

    def start(self) -> Self:
        """Start the program, and wait until it listens."""
        environment = os.environ | {"HOME": str(self.setup.folder), "XDG_DATA_HOME": str(self.setup.folder)}
        with (self.setup.folder / "output").open("ab") as output:
            self.process = subprocess.Popen(
                self.command,
                cwd=self.setup.folder,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )
        end = time.monotonic() + STARTUP
        while True:
            with suppress(OSError), socket.create_connection(("127.0.0.1", self.setup.port), timeout=1):
                return self
            if self.process.poll() is not None or time.monotonic() > end:
                raise RuntimeError(f"{self.name} did not start: {self._words()}")
            time.sleep(0.01)  # no program of these tells when it listens

    def stop(self) -> None:
        """End the program and its workers, at once: connections are cut."""
        process, self.process = self.process, None
        if process is None:
            return
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait(STARTUP)
        with suppress(OSError):
            while True:  # workers that die after their parent share its port
                socket.create_connection(("127.0.0.1", self.setup.port), timeout=1).close()
                time.sleep(0.005)

    def restart(self) -> None:
        """Stop the program, and start it again at the same port."""
        self.stop()
        self.start()

    def _words(self) -> str:
        files = [self.setup.folder / "output", self.setup.folder / "log"]
        return " ".join(file.read_text(errors="replace")[-2000:] for file in files if file.exists())


@contextmanager
def running(
    name: str,
    kind: Kind,
    upstream: int,
    folder: Path,
    *,
    idle: float = 60.0,
    gzip: bool = False,
    buffering: bool = False,
    password: str | None = None,
) -> Generator[Gateway]:
    """Run a gateway in front of a port of 127.0.0.1 while the block lasts; skip the test where the program is missing."""
    program = shutil.which(kind.package, path=_PATH)  # each package has its program's name
    if program is None:
        pytest.skip(f"{name} is missing: apt-get install {kind.package}")
    setup = Setup(_free_port(), upstream, folder, idle, gzip, buffering, password)
    text, command = kind.configuration(setup)
    file = folder / "configuration"
    file.write_text(text)
    gateway = Gateway(name, kind, setup, [program, *(word.replace("{file}", str(file)) for word in command[1:])])
    try:
        yield gateway.start()
    finally:
        gateway.stop()


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])
