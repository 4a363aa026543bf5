"""Requests that are no HTTP, or that two servers could read differently: each is refused."""

from __future__ import annotations

HOST = b"Host: x\r\n"
JSON = b"Content-Type: application/json\r\n"
GET = b"GET /healthz HTTP/1.1\r\n" + HOST
POST = b"POST /v1/breaks HTTP/1.1\r\n" + HOST + JSON
SMUGGLED = b"GET /v1/smuggled HTTP/1.1\r\n" + HOST + b"\r\n"
"""A request inside the body of another one: whoever answers it was deceived."""


def _lines() -> dict[str, bytes]:
    """Request lines."""
    rest = b"\r\n" + HOST + b"\r\n"
    found = {
        "words": b"nonsense",
        "no-version": b"GET /healthz",
        "no-target": b"GET HTTP/1.1",
        "only-method": b"GET",
        "http-0.9": b"GET /healthz HTTP/0.9",
        "http-1.2": b"GET /healthz HTTP/1.2",
        "http-2.0": b"GET /healthz HTTP/2.0",
        "http-3": b"GET /healthz HTTP/3.0",
        "http-1": b"GET /healthz HTTP/1",
        "http-11": b"GET /healthz HTTP/11",
        "http-1.10": b"GET /healthz HTTP/1.10",
        "http-minus": b"GET /healthz HTTP/-1.1",
        "http-letters": b"GET /healthz HTTP/x.y",
        "small-http": b"GET /healthz http/1.1",
        "two-spaces": b"GET  /healthz HTTP/1.1",
        "two-spaces-after": b"GET /healthz  HTTP/1.1",
        "tab": b"GET\t/healthz\tHTTP/1.1",
        "leading-space": b" GET /healthz HTTP/1.1x",
        "two-versions": b"GET /healthz HTTP/1.1 HTTP/1.1",
        "space-in-target": b"GET /health z HTTP/1.1",
        "colon-method": b"GE:T /healthz HTTP/1.1",
        "paren-method": b"GE(T /healthz HTTP/1.1",
        "nul-method": b"GE\0T /healthz HTTP/1.1",
        "bytes-method": b"G\xc3\x89T /healthz HTTP/1.1",
        "nul-target": b"GET /health\0z HTTP/1.1",
        "cr-target": b"GET /health\rz HTTP/1.1",
        "tls-hello": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        "binary": bytes(range(128, 256)),
        "long-line": b"GET /" + b"a" * 70_000 + b" HTTP/1.1",
        "long-method": b"A" * 70_000 + b" / HTTP/1.1",
        "socks": b"\x05\x01\x00",
        "ssh": b"SSH-2.0-OpenSSH_9.2",
        "preface": b"PRI * HTTP/2.0",
        "quoted": b'"GET" /healthz HTTP/1.1',
        "comma": b"GET, /healthz HTTP/1.1",
        "empty-method": b" /healthz HTTP/1.1",
    }
    return {f"line-{name}": line + rest for name, line in found.items()}


def _heads() -> dict[str, bytes]:
    """Fields of the head."""
    found = {
        "no-colon": b"Accept\r\n",
        "space-before-colon": b"Accept : text/html\r\n",
        "tab-before-colon": b"Accept\t: text/html\r\n",
        "space-in-name": b"Acc ept: text/html\r\n",
        "empty-name": b": text/html\r\n",
        "folded": b"Accept: text/html,\r\n text/plain\r\n",
        "folded-tab": b"Accept: text/html,\r\n\ttext/plain\r\n",
        "folded-length": b"Content-Length:\r\n 5\r\n",
        "paren-name": b"Acc(ept): x\r\n",
        "quote-name": b'"Accept": x\r\n',
        "at-name": b"A@b: x\r\n",
        "bracket-name": b"A[b]: x\r\n",
        "slash-name": b"A/b: x\r\n",
        "nul-name": b"Acc\0ept: x\r\n",
        "nul-value": b"Accept: text\0html\r\n",
        "cr-value": b"Accept: text\rhtml\r\n",
        "cr-before-name": b"\rAccept: x\r\n",
        "bytes-name": b"Acc\xc3\xa9pt: x\r\n",
        "two-hosts": b"Host: y\r\n",
        "same-host-twice": b"Host: x\r\n",
        "small-host-twice": b"host: y\r\n",
        "folded-host": b"X: y\r\n Host: z\r\n",
        "large-field": b"A: " + b"a" * 70_000 + b"\r\n",
        "many-fields": b"".join(b"A%d: %s\r\n" % (k, b"b" * 60) for k in range(1500)),
        "two-lengths": b"Content-Length: 1\r\nContent-Length: 2\r\n",
        "same-length-twice": b"Content-Length: 0\r\nContent-Length: 0\r\n",
        "length-list": b"Content-Length: 1, 1\r\n",
        "length-minus": b"Content-Length: -1\r\n",
        "length-plus": b"Content-Length: +1\r\n",
        "length-hex": b"Content-Length: 0x1\r\n",
        "length-words": b"Content-Length: one\r\n",
        "length-point": b"Content-Length: 1.0\r\n",
        "length-space": b"Content-Length: 1 0\r\n",
        "length-under": b"Content-Length: 1_0\r\n",
        "length-huge": b"Content-Length: " + b"9" * 400 + b"\r\n",
        "length-arabic": "Content-Length: ١\r\n".encode(),
        "chunked-get": b"Transfer-Encoding: chunked\r\n",
        "chunked-and-length": b"Transfer-Encoding: chunked\r\nContent-Length: 5\r\n",
        "length-and-chunked": b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n",
        "chunked-twice": b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n",
        "chunked-list": b"Transfer-Encoding: chunked, chunked\r\n",
        "chunked-identity": b"Transfer-Encoding: chunked, identity\r\n",
        "identity": b"Transfer-Encoding: identity\r\n",
        "gzip-chunked": b"Transfer-Encoding: gzip, chunked\r\n",
        "unknown-encoding": b"Transfer-Encoding: x\r\n",
        "encoding-tab": b"Transfer-Encoding:\tchunked\r\n",
        "encoding-vertical": b"Transfer-Encoding: \x0bchunked\r\n",
        "encoding-space-name": b"Transfer-Encoding : chunked\r\n",
        "encoding-caps": b"TRANSFER-ENCODING: CHUNKED\r\n",
        "encoding-quoted": b'Transfer-Encoding: "chunked"\r\n',
    }
    return {f"head-{name}": GET + fields + b"\r\n" for name, fields in found.items()}


def _hosts() -> dict[str, bytes]:
    """The Host."""
    found = {
        "missing": b"",
        "space": b"Host: a b\r\n",
        "slash": b"Host: a/b\r\n",
        "user": b"Host: a@b\r\n",
        "query": b"Host: a?b\r\n",
        "fragment": b"Host: a#b\r\n",
        "comma": b"Host: a,b\r\n",
        "angle": b"Host: <a>\r\n",
        "backslash": b"Host: a\\b\r\n",
        "nul": b"Host: a\0b\r\n",
        "percent": b"Host: a%00b\r\n",
        "quote": b'Host: "a"\r\n',
    }
    return {f"host-{name}": b"GET /healthz HTTP/1.1\r\n" + line + b"\r\n" for name, line in found.items()}


def _bodies() -> dict[str, bytes]:
    """Bodies whose end two readers would see in different places, with a request inside."""
    chunk = b"%x\r\n%s\r\n0\r\n\r\n" % (len(SMUGGLED), SMUGGLED)
    found = {
        "chunks": b"Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n" + SMUGGLED,
        "cl-te": b"Content-Length: 6\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nX" + SMUGGLED,
        "te-cl": b"Transfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\n" + chunk,
        "te-te": b"Transfer-Encoding: chunked\r\nTransfer-Encoding: x\r\n\r\n" + chunk,
        "te-space": b"Transfer-Encoding : chunked\r\n\r\n" + chunk,
        "te-folded": b"Transfer-Encoding:\r\n chunked\r\n\r\n" + chunk,
        "cl-cl": b"Content-Length: 0\r\nContent-Length: %d\r\n\r\n" % len(SMUGGLED) + SMUGGLED,
        "cl-list": b"Content-Length: 0, %d\r\n\r\n" % len(SMUGGLED) + SMUGGLED,
        "large": b"Content-Length: 2000000\r\n\r\n{",
    }
    return {f"body-{name}": POST + rest for name, rest in found.items()}


MALFORMED = {**_lines(), **_heads(), **_hosts(), **_bodies()}
"""Every request by a name that says what is wrong with it."""

STATUS = {"body-chunks": 411, "body-large": 413, "head-chunked-get": 411, "line-http-1.2": 505}
"""What the service answers alone; everything else is 400, 411, 414, 431, 501 or 505."""

REFUSED = (400, 404, 405, 408, 411, 413, 414, 431, 494, 501, 505)
"""What nginx may answer in the service's place."""
