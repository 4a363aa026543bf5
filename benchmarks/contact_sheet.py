"""One picture of every page, wide, dark and on a phone: `make contact-sheet` writes docs/pages.jpg."""

from __future__ import annotations

import base64
import sys
import tempfile
import threading
from html import escape
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, sync_playwright
from werkzeug.serving import make_server

from service.app import create_app
from service.settings import Settings
from service.views.script import script
from tests.e2e import browser
from tests.e2e.test_every_page import PAGES, draw_all

TARGET = Path(__file__).parents[1] / "docs" / "pages.jpg"
VIEWS = (("wide", 1400, "light", 250), ("dark", 1400, "dark", 250), ("phone", 360, "light", 64))
"""Name, width of the window, theme, width in the picture."""
HEIGHT, PHONE_HEIGHT = 1000, 1000
SECONDS = 600_000
"""Milliseconds that a page may take: full evidence is slow beside other work."""
MOST_BYTES = 400_000
STYLE = (
    "body{margin:12px;width:1208px;font:13px sans-serif;background:#e8eaed;display:grid;"
    "grid-template-columns:1fr 1fr;gap:14px 12px}figure{margin:0}img{vertical-align:top;margin-right:6px}"
)


def shots(chromium: Browser, address: str) -> dict[str, list[tuple[int, bytes]]]:
    """Return the pictures of every page, each with its width."""
    found: dict[str, list[tuple[int, bytes]]] = {name: [] for name in PAGES}
    for view, width, theme, shown in VIEWS:
        height = PHONE_HEIGHT if view == "phone" else HEIGHT
        context = chromium.new_context(
            viewport={"width": width, "height": height}, color_scheme=theme, reduced_motion="reduce"
        )
        context.set_default_timeout(SECONDS)
        page = context.new_page()
        for name, path in PAGES.items():
            page.goto(address + path, wait_until="networkidle")
            draw_all(page)
            found[name].append((shown, page.screenshot(type="jpeg", quality=80)))
        context.close()
    return found


def sheet(chromium: Browser, found: dict[str, list[tuple[int, bytes]]]) -> bytes:
    """Return all pictures on one."""
    figures = "".join(
        f"<figure><figcaption>{escape(name)} <code>{escape(PAGES[name])}</code></figcaption>"
        + "".join(
            f'<img width="{width}" src="data:image/jpeg;base64,{base64.b64encode(raw).decode()}">'
            for width, raw in pictures
        )
        + "</figure>"
        for name, pictures in found.items()
    )
    page: Any = chromium.new_page(viewport={"width": 1232, "height": 400})
    page.set_content(f"<!doctype html><style>{STYLE}</style>{figures}")
    return bytes(page.screenshot(type="jpeg", quality=60, full_page=True))


def main(target: Path = TARGET) -> None:
    """Draw the picture."""
    path = browser.find_or_install()
    if path is None:
        raise SystemExit(f"there is no Chromium: {browser.COMMAND}")
    script()
    with tempfile.TemporaryDirectory() as place:
        app = create_app(Settings(workers=0, database_url=f"sqlite:///{place}/records.sqlite"))
        server = make_server("127.0.0.1", 0, app, threaded=True)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        with sync_playwright() as playwright:
            chromium = playwright.chromium.launch(executable_path=path, args=list(browser.FLAGS))
            picture = sheet(chromium, shots(chromium, f"http://127.0.0.1:{server.server_port}"))
        server.shutdown()
    if len(picture) > MOST_BYTES:
        raise SystemExit(f"the picture has {len(picture):,} bytes, more than {MOST_BYTES:,}")
    target.write_bytes(picture)


if __name__ == "__main__":
    main(*(Path(name) for name in sys.argv[1:2]))
