"""Exposure: the bans and caps of the data package, and a caller's table."""

import csv
import json

import pytest
from click.testing import CliRunner

from analysis.across.exposure import Product, provision_exposure, read_exposure, read_products
from analysis.cli.across import across
from analysis.errors import InputError, UsageError

RESOLUTIONS = ("unscr_2321", "unscr_2371", "unscr_2375", "unscr_2397")


def exposed(code, flow="exports", **options):
    found = provision_exposure([Product("s", code, flow)], RESOLUTIONS, **options)
    return {event for event in RESOLUTIONS if found.of("s", event) == 1.0}


def test_coal_is_capped_by_2321_and_banned_by_2371():
    assert exposed("2701") == {"unscr_2321", "unscr_2371"}
    assert exposed("270112") == {"unscr_2321", "unscr_2371"}
    assert exposed("2701", rule="first_binding") == {"unscr_2321"}


def test_goods_of_single_resolutions():
    assert exposed("03") >= {"unscr_2371"}
    assert exposed("62") == {"unscr_2375"}
    assert exposed("44") == {"unscr_2397"}
    assert exposed("9102") == set()
    assert exposed("84", "imports") == {"unscr_2397"}


def test_a_product_of_which_a_part_is_named_has_no_known_exposure():
    found = provision_exposure([Product("s", "26", "exports")], RESOLUTIONS)
    assert found.of("s", "unscr_2371") is None
    assert found.sources["s", "unscr_2371"]


def test_what_cannot_be_read_is_refused(tmp_path):
    with pytest.raises(InputError, match="as seen from North Korea"):
        exposed("2701", "outflow")
    with pytest.raises(InputError, match="an HS code"):
        exposed("coal")
    with pytest.raises(UsageError, match="rule is one of"):
        exposed("2701", rule="guess")
    path = tmp_path / "exposure.csv"
    path.write_text("series_id,event_id,exposure\na,e,1.5\n", encoding="utf-8")
    with pytest.raises(InputError, match=r"row 2 .*not between 0 and 1"):
        read_exposure(path)
    path.write_text("series_id,event_id,exposure\na,e,1\na,e,0\n", encoding="utf-8")
    with pytest.raises(InputError, match="twice"):
        read_exposure(path)
    path.write_text("series_id,product,flow\na,27,exports\na,26,exports\n", encoding="utf-8")
    with pytest.raises(InputError, match="two products"):
        read_products(path)


def test_the_command_writes_a_table_that_the_others_read(tmp_path):
    products = tmp_path / "products.csv"
    products.write_text("series_id,period,value,product,flow\na,2016-01,1,2701,exports\n", encoding="utf-8")
    output = tmp_path / "exposure.csv"
    ran = CliRunner().invoke(
        across,
        ["exposure", "--products", str(products), "--event", "unscr_2371", "--output", str(output), "--json"],
        catch_exceptions=False,
    )
    assert json.loads(ran.stdout)["exposure"][0]["exposure"] == 1.0
    with output.open(encoding="utf-8", newline="") as file:
        (row,) = csv.DictReader(file)
    assert row["product"] == "2701"
    assert read_exposure(output).of("a", "unscr_2371") == 1.0
