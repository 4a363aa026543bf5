"""Questions asked by keyboard, reproduced by address, and answered on a reader's own data."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.e2e

FAST = "series=dprk.total.a&from=2014&to=2018"
OWN = "period,value\n" + "\n".join(
    f"{year},{100 + 5 * (year - 1990) - (60 if year >= 2010 else 0) + year * 7 % 5}"
    for year in range(1990, 2024)
)
BAN = "id,title,effective\nban,A ban,2010-01-01"
MOST_STOPS = 200
PAGE_WEIGHT = 150_000
"""Bytes of the overview without the script of the charts."""


def focused(page: Any) -> str:
    return str(
        page.evaluate(
            "(() => { const e = document.activeElement;"
            " return e.id || e.getAttribute('href') || e.tagName; })()"
        )
    )


def numbers(page: Any) -> list[str]:
    return list(page.locator("td.n").all_inner_texts())


def test_the_explorer_is_used_by_keyboard_alone(open_page: Callable[..., Any]) -> None:
    page = open_page(f"/explore?{FAST}&lens=timing")
    page.keyboard.press("Tab")
    assert focused(page) == "#content", "the first stop skips the navigation"
    page.keyboard.press("Enter")
    assert focused(page) == "content"
    for _ in range(MOST_STOPS):
        page.keyboard.press("Tab")
        if focused(page) == "f-to":
            break
    assert focused(page) == "f-to"
    page.keyboard.press("Control+a")
    page.keyboard.type("2017")
    page.keyboard.press("Enter")
    page.wait_for_url("**to=2017**")
    assert "2014 to 2017" in page.locator("h1").inner_text()


def test_every_control_of_the_explorer_is_a_stop_and_shows_its_focus(open_page: Callable[..., Any]) -> None:
    page = open_page(f"/explore?{FAST}&without=unscr_2321")
    wanted = page.evaluate(
        "[...document.querySelectorAll("
        "'a[href], button, input, select, textarea, summary, [tabindex=\"0\"]')]"
        ".filter((e) => e.checkVisibility()).length"
    )
    seen = 0
    for _ in range(MOST_STOPS):
        page.keyboard.press("Tab")
        state = page.evaluate(
            "(() => { const e = document.activeElement;"
            " if (e === document.body || e.dataset.seen) { return null; }"
            " e.dataset.seen = 'yes';"
            " return getComputedStyle(e).outlineStyle; })()"
        )
        if state is None:
            break
        seen += 1
        assert state != "none", f"stop {seen} ({focused(page)}) does not show its focus"
    assert seen == wanted


def test_the_address_reproduces_the_view(open_page: Callable[..., Any]) -> None:
    page = open_page(f"/explore?{FAST}")
    page.get_by_label("Lens").select_option("timing")
    page.get_by_text("Method, vintage, and events on or off").click()
    page.get_by_label("Events marked on charts").select_option("none")
    page.get_by_role("checkbox", name="UN 2321").check()
    page.get_by_role("button", name="Show").click()
    page.wait_for_url("**without=unscr_2321**")
    again = open_page("/" + page.url.split("/", 3)[3])
    assert numbers(again) == numbers(page)
    assert again.get_by_role("checkbox", name="UN 2321").is_checked()
    assert again.get_by_label("Lens").input_value() == "timing"
    assert again.get_by_label("Events marked on charts").input_value() == "none"


@pytest.mark.parametrize("script", [True, False])
def test_a_bad_upload_is_shown_where_it_is_wrong(
    script: bool, open_page: Callable[..., Any], tmp_path: Path, keep: Callable[[Any, str], None]
) -> None:
    bad = tmp_path / "bad.csv"
    bad.write_text(OWN.replace("2003,", "2003,about "), encoding="utf-8")
    page = open_page("/own", script=script, width=320)
    page.get_by_label("or a file").first.set_input_files(bad)
    page.get_by_label("Your events as CSV").fill(BAN)
    page.get_by_label("From", exact=True).fill("2005..2008")
    page.get_by_label("To", exact=True).fill("2012..2015")
    page.get_by_role("button", name="Show").click()
    alert = page.get_by_role("alert")
    alert.wait_for()
    assert "row 15 of your series" in alert.inner_text()
    assert page.locator("#f-csv").get_attribute("aria-invalid") == "true"
    assert "2003,about" in page.locator("#f-csv").input_value(), "what was sent is there to be mended"
    assert page.get_by_label("From", exact=True).input_value() == "2005..2008"
    keep(page, f"own-bad-{'script' if script else 'plain'}")


def test_an_own_series_is_answered_with_drawn_charts(
    open_page: Callable[..., Any], keep: Callable[[Any, str], None]
) -> None:
    page = open_page("/own")
    page.get_by_label("Your series as CSV, with a header").fill(OWN)
    page.get_by_label("Your events as CSV").fill(BAN)
    page.get_by_label("From", exact=True).fill("2005..2008")
    page.get_by_label("To", exact=True).fill("2012..2015")
    page.get_by_role("button", name="Show").click()
    page.get_by_text("Nothing of this was stored.").wait_for()
    page.locator("figure.plot .behind").first.wait_for(state="attached")
    assert page.locator("figure[data-still]").count() == 0
    keep(page, "own-answer")


def test_an_attribution_becomes_a_record_with_a_citation(
    open_page: Callable[..., Any], keep: Callable[[Any, str], None]
) -> None:
    page = open_page(f"/attribution?{FAST}")
    page.get_by_role("button", name="Make a citable record").click()
    page.wait_for_url("**/v1/estimates/*.html")
    assert "Cite this record" in page.content()
    keep(page, "record")


def test_two_clicks_from_the_opening_page_copy_an_answer(open_page: Callable[..., Any]) -> None:
    page = open_page("/")
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.get_by_role("link", name="Sanctions 2014–18").click()
    page.get_by_role("button", name="Copy the answer").click()
    page.get_by_role("button", name="Copied").wait_for()
    copied = page.evaluate("navigator.clipboard.readText()")
    assert copied.startswith(page.locator(".answer p").first.inner_text().replace("\u00a0", " "))
    assert "tradebreaks attribute dprk.total.a --from 2014 --to 2018" in copied


def test_the_overview_is_light(open_page: Callable[..., Any]) -> None:
    page = open_page("/")
    sizes = page.evaluate(
        "[...performance.getEntriesByType('navigation'), ...performance.getEntriesByType('resource')]"
        ".map((e) => [e.name, e.transferSize])"
    )
    weight = {name: size for name, size in sizes if "/scripts/" not in name}
    assert sum(weight.values()) < PAGE_WEIGHT, weight
