"""Exposure: the bans and caps of the data package, and a caller's table."""

import csv
import json

import pytest
from click.testing import CliRunner

from analysis.across.exposure import Product, provision_exposure, read_exposure, read_products
from analysis.across.provisions import read_provisions
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


OWN = """id,event_id,hs_codes,flow,economy,effective
oil,embargo,2709;2710,exports,IRN,2012-07-01
all-oil,snapback,27,exports,IRN,2018-11-05
metals,snapback,72-73,,IRN,2018-08-07
"""


def own_table(tmp_path, text=OWN):
    path = tmp_path / "provisions.csv"
    path.write_text(text, encoding="utf-8")
    return read_provisions(path)


def test_provisions_of_ones_own_answer_for_the_economy_that_they_name(tmp_path):
    own = own_table(tmp_path)
    products = [Product(code, code, flow, "IRN") for code, flow in (("2709", "exports"), ("72", "imports"))]
    products.append(Product("27", "27", "exports", "IRN"))
    found = provision_exposure(products, provisions=own)
    assert found.values == {
        ("2709", "embargo"): 1.0,
        ("2709", "snapback"): 1.0,
        ("72", "embargo"): 0.0,
        ("72", "snapback"): 1.0,
        ("27", "embargo"): None,
        ("27", "snapback"): 1.0,
    }
    assert found.sources["2709", "snapback"] == "all-oil"
    assert found.notes() == (), "nothing is said of the catalogue's codes"
    first = provision_exposure(products[:1], rule="first_binding", provisions=own)
    assert (first.of("2709", "embargo"), first.of("2709", "snapback")) == (1.0, 0.0)


def test_no_economy_gets_the_provisions_of_another(tmp_path):
    iran = Product("IRN.exports.CHN.H5.2701.m", "2701", "exports", "IRN")
    with pytest.raises(InputError, match="trade of IRN, and the catalogue's provisions are about North"):
        provision_exposure([iran], RESOLUTIONS)
    assert provision_exposure([Product("s", "2701", "exports", "PRK")]).of("s", "unscr_2371") == 1.0
    russia = Product("r", "2709", "exports", "RUS")
    with pytest.raises(InputError, match="trade of RUS, and the provisions are about that of IRN"):
        provision_exposure([iran, russia], provisions=own_table(tmp_path))
    unsaid = own_table(tmp_path, "event_id,hs_codes\nban,27\n")
    assert provision_exposure([iran], provisions=unsaid).of(iran.series_id, "ban") == 1.0
    with pytest.raises(InputError, match="trade of IRN, RUS, and the provisions do not say"):
        provision_exposure([iran, russia], provisions=unsaid)
    with pytest.raises(UsageError, match="has no date, which rule first_binding needs"):
        provision_exposure([iran], provisions=unsaid, rule="first_binding")


@pytest.mark.parametrize(
    ("row", "words"),
    [
        ("ban,coal", "row 2 .*'coal' is not an HS code"),
        ("ban,27,out", "row 2 .*the flow is 'out'"),
        ("ban,27,exports,2018-13", "row 2 .*not a date"),
    ],
)
def test_a_provision_that_cannot_be_read_is_named(tmp_path, row, words):
    header = ",".join(["event_id", "hs_codes", "flow", "effective"][: row.count(",") + 1])
    with pytest.raises(InputError, match=words):
        own_table(tmp_path, f"{header}\n{row}\n")
