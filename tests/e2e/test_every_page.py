"""Every page in a browser: accessible, within its width, drawn under the policy, whole without script."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe

pytestmark = pytest.mark.e2e

FAST = "series=dprk.total.a&from=2014&to=2018"
PAGES = {
    "overview": "/",
    "explorer": f"/explore?{FAST}",
    "attribution": "/attribution?series=dprk.exports.china.coal.a&from=2009&to=2024&evidence=full",
    "breaks": "/breaks?series=dprk.total.a",
    "events": "/events",
    "event": "/events/unscr_2375",
    "series-list": "/series",
    "series": "/series/dprk.total.a",
    "claims": "/claims",
    "methods": "/methods",
    "glossary": "/glossary",
    "method": "/methods/decomposition",
    "own": "/own",
    "api": "/docs",
    "not-found": "/events/nothing",
}
NARROW, WIDE = 320, 1400
SIDEWAYS = """[...document.querySelectorAll("main *")]
  .filter((e) => e.scrollWidth > e.clientWidth + 1)
  .filter((e) => ["auto", "scroll"].includes(getComputedStyle(e).overflowX))
  .filter((e) => !e.matches("textarea, select, input") && !e.querySelector("table"))
  .map((e) => e.outerHTML.slice(0, 120))"""
DRAWN = "figure.plot:not(:has(.behind)):not([data-still])"


def wait_until(page: Any, condition: str) -> None:
    """Ask again and again: Playwright's own waiting evaluates text in the page, which the policy forbids."""
    for _ in range(900):
        if page.evaluate(condition):
            return
        page.wait_for_timeout(100)
    pytest.fail(f"never came true: {condition}")


def draw_all(page: Any) -> None:
    """Bring every chart into view and wait until the script has drawn it."""
    for figure in page.locator("figure.plot").all():
        figure.scroll_into_view_if_needed()
    wait_until(page, f"document.querySelectorAll('{DRAWN}').length === 0")
    page.evaluate("window.scrollTo(0, 0)")


def wrong_by_axe(page: Any) -> list[str]:
    found = Axe().run(page).response["violations"]
    return [f"{item['id']}: {node['html'][:160]}" for item in found for node in item["nodes"]]


@pytest.mark.parametrize("name", list(PAGES))
def test_a_page_fits_is_drawn_and_passes_axe(
    name: str, open_page: Callable[..., Any], keep: Callable[[Any, str], None]
) -> None:
    page = open_page(PAGES[name], width=WIDE)
    draw_all(page)
    assert page.locator("figure[data-still]").count() == 0, "every chart is drawn under the policy"
    assert wrong_by_axe(page) == []
    keep(page, f"{name}-wide")
    page.set_viewport_size({"width": NARROW, "height": 800})
    overflow = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    assert overflow <= 0, "nothing makes a narrow page scroll sideways"
    assert page.evaluate(SIDEWAYS) == [], "nothing but a table scrolls sideways"
    assert wrong_by_axe(page) == []
    keep(page, f"{name}-narrow")


@pytest.mark.parametrize("name", ["overview", "explorer", "own"])
def test_a_dark_page_passes_axe(
    name: str, open_page: Callable[..., Any], keep: Callable[[Any, str], None]
) -> None:
    page = open_page(PAGES[name], theme="dark")
    draw_all(page)
    assert wrong_by_axe(page) == []
    keep(page, f"{name}-dark")


@pytest.mark.parametrize("name", ["overview", "explorer", "attribution", "breaks", "series"])
def test_a_page_is_whole_without_script(
    name: str, open_page: Callable[..., Any], keep: Callable[[Any, str], None]
) -> None:
    page = open_page(PAGES[name], script=False)
    assert page.locator("h1").count() == 1
    images = page.locator("figure.plot img")
    assert images.count() >= 1
    for image in images.all():
        box = image.bounding_box()
        assert box is not None
        assert box["height"] > 100, "the drawing is there"
    assert page.locator("div.drawn").count() == 0
    keep(page, f"{name}-without-script")
