"""Dossiers: every section of an event, with what is unverified marked to the screen."""

from __future__ import annotations

import json
import re

import pytest
from click.testing import CliRunner

from analysis import catalogue
from analysis.attribution.dossier import Dossier, compose_dossier
from analysis.attribution.dossier.published import published_beside
from analysis.attribution.dossier.windows import series_of, years_around
from analysis.attribution.study import Study
from analysis.cli.catalogue import events
from analysis.domain import canonical_json
from analysis.errors import NotFoundError

FORBIDDEN = re.compile(r"\b(caused by|due to|violat\w*|illicit|smuggl\w*)\b", re.IGNORECASE)


@pytest.fixture(scope="module")
def kaesong() -> Dossier:
    return compose_dossier("kic_closure_2016")


@pytest.fixture(scope="module")
def named() -> Dossier:
    """The dossier of a resolution on the yearly headline alone."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("analysis.attribution.dossier.windows.SHOWN", ("dprk.total.a",))
        return compose_dossier("unscr_2371")


@pytest.mark.parametrize(
    ("event", "years"),
    [
        ("unscr_2270", (2015, 2016)),
        ("unscr_2321", (2016, 2017)),
        ("unscr_2371", (2016, 2018)),
        ("unscr_2375", (2016, 2018)),
        ("unscr_2397", (2017, 2018)),
        ("covid_border_closure", (2019, 2020)),
        ("kic_closure_2016", (2015, 2016)),
    ],
)
def test_years_before_and_after(event, years):
    assert years_around(catalogue.events()[event]) == years


def test_the_closure_of_kaesong(kaesong):
    views = {view.series: view for view in kaesong.views}
    assert set(views) == {"dprk.total.a", "interkorean.total.a"}
    own = views["interkorean.total.a"]
    assert own.row is not None
    assert own.row.first_binding is not None
    assert own.row.first_binding.estimate == pytest.approx(-2372.6)
    assert [found["first_after"] for found in own.breaks] == ["2016"]
    assert views["dprk.total.a"].row is not None
    assert views["dprk.total.a"].row.event_ids == ("kic_closure_2016",)
    assert views["dprk.total.a"].row.timing.estimate == pytest.approx(-2372.6)
    assert {claim.id for claim in kaesong.claims} == {"kaesong-2016"}


def test_goods_named_and_what_binds_them_first(named):
    goods = {item.goods.code: item for item in named.goods}
    assert goods["03"].binding.key == "unscr_2371"
    assert goods["2701"].binding.key == "unscr_2321", "named by it, and bound before"
    assert goods["2701"].goods.values[2016] == 1_186_694_700
    assert goods["S15"].binding.key == "partly_named"
    assert "6704" not in goods
    assert [order.id for order in named.orders] == ["cn_mofcom_2017_40", "cn_jv_2017_08"]


def test_what_is_unverified_reaches_the_screen(named):
    text = named.summary()
    row = next(line for line in text.splitlines() if line.startswith("2371-9"))
    assert row.endswith("paragraph, hs")
    assert "190.3*" in text, "a copy that no print confirms"
    assert "1,186.7 " in text, "a copy that print confirms has no mark"
    record = named.to_record()
    provisions = {p["id"]: p["unverified"] for p in record["provisions"]}
    assert provisions["2371-9"] == ["paragraph", "hs"]


def test_effects_and_placebos_are_those_of_the_group(named):
    (view,) = named.views
    assert view.effect is not None
    assert view.effect["event"] == "unscr_2371 + unscr_2375 + unscr_2397"
    assert set(view.evidence) == {"pre_trend", "placebo_dates"}, "of the monthly part in which it is at work"
    assert "cannot speak" in view.evidence["placebo_dates"].lower()


def test_published_estimates_stand_beside_ours(named):
    beside = {item.estimate.id: item for item in named.published}
    assert "est-12" not in beside, "a figure beside itself is arithmetic and no comparison"
    assert beside["est-36"].ours["first_binding"] == pytest.approx(-264.9, abs=0.1)
    assert beside["est-36"].ours["in_force_by_year"] == pytest.approx(-676.8, abs=0.1)
    assert beside["est-43"].ours["value"] == 0
    for item in named.published:
        differs = item.to_record()["differs_in"]
        assert all(differs[key].endswith(".") for key in ("quantity", "period", "dating"))


def test_the_import_bans_cover_a_third_of_the_goods():
    item = next(i for i in published_beside("unscr_2397", Study()) if i.estimate.id == "est-38")
    assert item.ours["share"] == pytest.approx(0.34, abs=0.01), "theirs says about 30 per cent"


def test_an_event_that_no_model_holds_says_so():
    found = compose_dossier("jang_execution_2013")
    assert found.views == ()
    assert "in the design of no series shown" in found.summary()
    assert series_of("jang_execution_2013") == ()


def test_words_and_record(kaesong, named):
    for found in (kaesong, named):
        canonical_json(found.to_record())
        texts = [found.summary().replace(found.event.details.get("summary", ""), "")]
        texts += list(found.to_record()["cannot_say"])
        assert not FORBIDDEN.search(" ".join(texts))


def test_the_command(monkeypatch):
    monkeypatch.setattr("analysis.attribution.dossier.windows.SHOWN", ())
    runner = CliRunner()
    shown = runner.invoke(events, ["unscr_2375", "--dossier"])
    assert shown.exit_code == 0
    assert "2375-16" in shown.output
    record = json.loads(runner.invoke(events, ["unscr_2375", "--dossier", "--json"]).output)
    assert {g["label"] for g in record["goods"]} >= {"woven apparel", "knitted apparel"}
    with pytest.raises(NotFoundError):
        compose_dossier("nothing")
