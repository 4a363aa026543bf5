"""Published figures: one row, one printed or derived number, with span, source and standing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, get_args

from analysis.catalogue.tables import Line
from analysis.domain import Period, Window
from analysis.errors import InputError

Tier = Literal["printed", "derived", "copy"]
Standing = Literal["verified", "checked", "unverified"]
TIERS: tuple[Tier, ...] = get_args(Tier)
STANDINGS: tuple[Standing, ...] = get_args(Standing)
GRADES = ("", "A", "B", "C")
VINTAGES = ("first", "preliminary", "later", "revised", "derived", "superseded", "other_basis")
USES = ("", "preferred", "span", "residual")
FLOWS = ("", "exports", "imports", "total", "balance")

COLUMNS = (
    "id",
    "measure",
    "flow",
    "economy",
    "partner",
    "reporter",
    "product",
    "label",
    "scope",
    "valuation",
    "start",
    "end",
    "value",
    "unit",
    "rounding",
    "publisher",
    "vintage",
    "published",
    "source",
    "tier",
    "status",
    "grade",
    "formula",
    "use",
    "note",
)


@dataclass(frozen=True, slots=True)
class Figure:
    """One published figure.

    Attributes
    ----------
    id : str
        Stable and readable.
    measure : str
        ``trade``, ``quantity``, ``growth``, ``share``, ``deficit``, ``output``, ``exchange_rate``,
        ``crude_estimate`` or ``notified``.
    flow : str
        ``exports``, ``imports``, ``total`` or ``balance``, as seen from `economy`.
    economy, partner, reporter : str
        Whose trade, with whom (``W0``: all partners), and who recorded or compiled it.
    product : str
        HS code or section; ``TOTAL`` for all goods.
    label : str
        The product or partner as the publisher names it.
    scope : str
        Part or basis: ``clearance``, ``approval``, ``kaesong``.
    valuation : str
        ``FOB``, ``CIF``, ``mixed`` or empty.
    window : Window
        The months it covers, both ends inclusive.
    value, rounding : float
        In `unit`; `rounding` is the smallest unit that the print can show.
    unit : str
    publisher, vintage, published : str
        Who states it, which vintage, and when (month; empty if unknown).
    source : str
        Id in ``sources.csv``.
    tier : str
        ``printed``, ``derived`` or ``copy``.
    status : str
        ``verified``, ``checked`` (a copy that print confirms) or ``unverified``.
    grade : str
        Of a derived figure: A exact inputs, B one rounded input, C loose.
    formula : str
        How it was derived; evaluated where it begins with ``=``.
    use, note : str
    row : int
        Line in its table.
    """

    id: str
    measure: str
    flow: str
    economy: str
    partner: str
    reporter: str
    product: str
    label: str
    scope: str
    valuation: str
    window: Window
    value: float
    unit: str
    rounding: float
    publisher: str
    vintage: str
    published: str
    source: str
    tier: str
    status: str
    grade: str
    formula: str
    use: str
    note: str
    row: int

    @property
    def unverified(self) -> bool:
        """Whether nobody has confirmed it in print."""
        return self.status == "unverified"

    def matches(self, where: Mapping[str, Any]) -> bool:
        """Tell whether every named field has the wanted value, or one of the wanted values."""
        for name, wanted in where.items():
            value = getattr(self, name)
            if value not in wanted if isinstance(wanted, (list, tuple)) else value != wanted:
                return False
        return True

    def to_record(self) -> dict[str, Any]:
        """Return the figure as its table states it, without empty fields."""
        record: dict[str, Any] = {}
        for column in COLUMNS:
            if column == "start":
                record["start"], record["end"] = str(self.window.first), str(self.window.last)
            elif column != "end" and getattr(self, column) != "":
                record[column] = getattr(self, column)
        return record


def parse_figure(line: Line) -> Figure:
    """Read one row of a figure table.

    Raises
    ------
    DataPackageError
        Naming file, row and field.
    """
    cells = dict(line.cells)
    try:
        start = Period.parse(cells.pop("start"))
        end = start if cells["end"] == line["start"] else Period.parse(cells["end"])
        window = Window(start, end)
    except InputError as problem:
        raise line.wrong(problem.message) from None
    if start.frequency != "M" or end.frequency != "M":
        raise line.wrong("'start' and 'end' are months (2016-01)")
    del cells["end"], cells["value"], cells["rounding"]
    figure = Figure(
        **cells,
        window=window,
        value=line.number("value"),
        rounding=line.number("rounding"),
        row=line.row,
    )
    _check_words(figure, line)
    return figure


def _check_words(figure: Figure, line: Line) -> None:
    allowed = {
        "tier": TIERS,
        "status": STANDINGS,
        "grade": GRADES,
        "vintage": VINTAGES,
        "use": USES,
        "flow": FLOWS,
    }
    for name, words in allowed.items():
        if getattr(figure, name) not in words:
            raise line.wrong(
                f"'{getattr(figure, name)}' in '{name}' is none of {', '.join(filter(None, words))}"
            )
    for name in ("id", "measure", "economy", "unit", "publisher", "source"):
        if not getattr(figure, name):
            raise line.wrong(f"'{name}' is empty")
    if figure.rounding <= 0:
        raise line.wrong("'rounding' must be above zero")
    if figure.tier == "derived" and not figure.formula:
        raise line.wrong("a derived figure needs its formula")
    if figure.tier == "copy" and figure.status == "verified":
        raise line.wrong("a copy is 'checked' or 'unverified', never 'verified'")
