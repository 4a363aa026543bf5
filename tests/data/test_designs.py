"""The design of a flow holds the resolutions that the enforcement calendar binds it by, and no other."""

import pytest

from analysis import catalogue
from analysis.attribution.accounting.codes import Scope, parse_codes
from analysis.domain import UN_RESOLUTION

FLOWS = {"dprk.exports.china.m": "dprk_exports", "dprk.imports.china.m": "dprk_imports"}
PRODUCTS = {
    "coal": "2701",
    "iron_ore": "2601",
    "seafood": "03",
    "apparel_knitted": "61",
    "apparel_woven": "62",
}


def resolutions(series_id: str) -> set[str]:
    return {event.id for event in catalogue.events(series=series_id) if event.kind == UN_RESOLUTION}


def bound(flow: str, code: str | None = None) -> set[str]:
    found = set()
    for row in catalogue.enforcement_calendar():
        if not row.binding or flow not in row.flow.split(";") or "all" in row.hs_codes:
            continue
        if code is None or Scope((code,)).named(parse_codes(row.hs_codes), code) == "whole":
            found.add(row.event_id)
    return found


@pytest.mark.parametrize("series_id", FLOWS)
def test_a_flow_has_the_resolutions_that_bind_it(series_id):
    assert resolutions(series_id) == bound(FLOWS[series_id])


@pytest.mark.parametrize("name", PRODUCTS)
def test_a_product_has_the_resolutions_that_name_its_codes(name):
    assert resolutions(f"dprk.exports.china.{name}.a") == bound("dprk_exports", PRODUCTS[name])
