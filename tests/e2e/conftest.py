"""A real Chromium against the service on loopback; without one the tests are left out, or fail under CI=1."""

from __future__ import annotations

import importlib.util
import os
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from werkzeug.serving import make_server

HERE = Path(__file__).parent
ARTEFACTS = HERE / "artefacts"
WIDTHS = {"narrow": 320, "wide": 1400}
HEIGHT = 900
SECONDS = 90_000
"""Milliseconds that a page may take: two series are fitted for the first one."""

_spec = importlib.util.spec_from_file_location("tradebreaks_e2e_browser", HERE / "browser.py")
assert _spec is not None
assert _spec.loader is not None
browser_tools = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(browser_tools)

MISSING = pytest.StashKey[bool]()

WATCH = """
window.violations = [];
document.addEventListener("securitypolicyviolation", (event) => {
  window.violations.push(event.violatedDirective + " " + event.blockedURI + " " + event.sourceFile);
});
"""


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave the tests of this directory out where there is no Chromium, unless CI says that there must be."""
    own = [item for item in items if HERE in item.path.parents]
    if not own or os.environ.get("CI") or browser_tools.find_or_install():
        return
    config.stash[MISSING] = True
    items[:] = [item for item in items if item not in own]
    config.hook.pytest_deselected(items=own)


def pytest_unconfigure(config: pytest.Config) -> None:
    """Say in one line what was left out."""
    if config.stash.get(MISSING, False):
        reporter = config.pluginmanager.get_plugin("terminalreporter")
        if reporter is not None:
            reporter.write_line(
                f"The end-to-end tests did not run: there is no Chromium. Install it: {browser_tools.COMMAND}"
            )


@pytest.fixture(scope="session")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The service on a free port of loopback, computing in its own process."""
    from service.app import create_app
    from service.settings import Settings
    from service.views.script import script

    script()
    records = tmp_path_factory.mktemp("records") / "records.sqlite"
    app = create_app(Settings(workers=0, writes_per_minute=100_000, database_url=f"sqlite:///{records}"))
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture(scope="session")
def chromium() -> Iterator[Any]:
    """A headless Chromium."""
    from playwright.sync_api import sync_playwright

    path = browser_tools.find_or_install()
    if path is None:
        pytest.fail(f"there is no Chromium: {browser_tools.COMMAND}")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=list(browser_tools.FLAGS))
        yield browser
        browser.close()


@pytest.fixture
def open_page(chromium: Any, address: str) -> Iterator[Callable[..., Any]]:
    """Open pages that are watched: another host, an error or a violated policy fails the test."""
    opened: list[tuple[Any, Any, bool]] = []
    wrong: list[str] = []

    def open_one(path: str, *, width: int = 1400, theme: str = "light", script: bool = True) -> Any:
        context = chromium.new_context(
            viewport={"width": width, "height": HEIGHT},
            color_scheme=theme,
            java_script_enabled=script,
            reduced_motion="reduce",
        )
        context.set_default_timeout(SECONDS)
        page = context.new_page()
        page.add_init_script(WATCH)
        page.on("request", lambda request: _note_foreign(request.url, address, wrong))
        page.on("response", lambda response: _note_refused(response, wrong))
        page.on("pageerror", lambda error: wrong.append(f"error: {error}"))
        page.on("console", lambda message: _note_console(message, wrong))
        opened.append((context, page, script))
        page.goto(address + path, wait_until="networkidle")
        return page

    yield open_one
    for context, page, script in opened:
        if script:
            wrong += [f"policy: {line}" for line in page.evaluate("window.violations")]
        context.close()
    assert not wrong, "\n".join(wrong)


def _note_foreign(url: str, address: str, wrong: list[str]) -> None:
    if urlsplit(url).scheme not in ("data", "blob") and not url.startswith(address + "/"):
        wrong.append(f"request to {url}")


def _note_refused(response: Any, wrong: list[str]) -> None:
    # A page may say that something is not there or cannot be read; what a page loads must be there.
    if response.status >= 400 and (response.status >= 500 or not response.request.is_navigation_request()):
        wrong.append(f"{response.status} for {response.url}")


def _note_console(message: Any, wrong: list[str]) -> None:
    # What the network refuses is judged by its response.
    if message.type in ("error", "warning") and not message.text.startswith("Failed to load resource"):
        wrong.append(f"console: {message.text}")


@pytest.fixture
def keep() -> Callable[..., None]:
    """Keep a screenshot for people to look at; of a drawing, which is no page, what the window shows."""

    def keep_one(page: Any, name: str, *, whole: bool = True) -> None:
        ARTEFACTS.mkdir(exist_ok=True)
        page.screenshot(path=ARTEFACTS / f"{name}.png", full_page=whole, timeout=SECONDS)

    return keep_one
