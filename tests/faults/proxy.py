"""nginx as deploy/nginx/tradebreaks.conf sets it up, on loopback, before services that a test started."""

from __future__ import annotations

import re
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

CONFIGURATION = Path(__file__).parents[2] / "deploy" / "nginx" / "tradebreaks.conf"

AROUND = """
daemon off;
master_process off;
pid {place}/nginx.pid;
error_log {place}/error.log info;
events {{ worker_connections 4096; }}
http {{
    access_log off;
    client_body_temp_path {place}/body;
    proxy_temp_path {place}/proxy;
    fastcgi_temp_path {place}/fastcgi;
    uwsgi_temp_path {place}/uwsgi;
    scgi_temp_path {place}/scgi;
    include {place}/tradebreaks.conf;
}}
"""
"""What Debian's nginx.conf has around a site, with every file in the directory of the test."""


@dataclass(frozen=True)
class Proxy:
    """A running nginx."""

    port: int
    tls_port: int
    certificate: Path


@contextmanager
def nginx(place: Path, ports: list[int], **numbers: str) -> Iterator[Proxy]:
    """Run nginx before the services at `ports`.

    Parameters
    ----------
    place : Path
    ports : list of int
    **numbers
        Directives of the configuration that the test gives another value.
    """
    place.mkdir(exist_ok=True)
    port, tls_port = _free(), _free()
    certificate, key = place / "tradebreaks.pem", place / "tradebreaks.key"
    command = (
        "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=localhost"
    )
    subprocess.run(
        [*command.split(), "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", key, "-out", certificate],
        check=True,
        capture_output=True,
    )
    text = CONFIGURATION.read_text(encoding="utf-8")
    servers = "\n".join(f"    server 127.0.0.1:{each};" for each in ports)
    text = re.sub(r"^    server 127\.0\.0\.1:8000 .*$", servers, text, flags=re.MULTILINE)
    text = text.replace("listen 80 ", f"listen 127.0.0.1:{port} ")
    text = text.replace("listen 443 ", f"listen 127.0.0.1:{tls_port} ")
    text = text.replace("/etc/ssl/tradebreaks.pem", str(certificate))
    text = text.replace("/etc/ssl/tradebreaks.key", str(key))
    for name, value in numbers.items():
        text, count = re.subn(rf"\b{name} [^;]+;", f"{name} {value};", text)
        assert count, name
    (place / "tradebreaks.conf").write_text(text, encoding="utf-8")
    (place / "nginx.conf").write_text(AROUND.format(place=place), encoding="utf-8")
    process = subprocess.Popen(
        ["nginx", "-p", str(place), "-c", str(place / "nginx.conf")],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        until = time.monotonic() + 20
        while True:
            try:
                socket.create_connection(("127.0.0.1", port), timeout=1).close()
                break
            except OSError:
                assert process.poll() is None, (place / "error.log").read_text()
                assert time.monotonic() < until, "nginx does not answer"
                time.sleep(0.05)
        yield Proxy(port, tls_port, certificate)
    finally:
        process.terminate()
        process.wait(10)


def _free() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])
