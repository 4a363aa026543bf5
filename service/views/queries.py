"""What the address of a page says: the API's questions, from a form whose empty fields are defaults."""

from __future__ import annotations

from typing import Annotated, Any, Literal
from urllib.parse import urlencode

from pydantic import BeforeValidator, Field, ValidationError

from analysis.errors import UsageError
from service.schemas import (
    AttributionOptions,
    AttributionRequest,
    BreaksOptions,
    BreaksRequest,
    Clock,
    Evidence,
    InterventionsOptions,
    InterventionsRequest,
    Model,
    Scale,
    SeriesAddress,
    Trend,
    Vintage,
    WindowText,
)
from service.validation import Strict

Lens = Literal["timing", "accounting", "comparison", "all"]
Marks = Literal["design", "all", "none"]
Theme = Literal["light", "dark"]
Size = Literal["wide", "narrow"]

DEFAULT_SERIES = "dprk.exports.china.m"
DEFAULT_WINDOWS = ("2016", "2018")


def _listed(value: Any) -> Any:
    return [part for part in str(value).split(",") if part] if isinstance(value, str) else value


Names = Annotated[list[str], Field(max_length=50), BeforeValidator(_listed)]


class PageQuery(Strict):
    """A question that a page is about; every field has a default."""

    series: SeriesAddress = DEFAULT_SERIES
    start: Annotated[WindowText, Field(alias="from")] = DEFAULT_WINDOWS[0]
    end: Annotated[WindowText, Field(alias="to")] = DEFAULT_WINDOWS[1]
    vintage: Vintage = "first"
    scale: Scale | None = None
    trend: Trend = "local"
    clock: Clock = "all"
    evidence: Evidence = "none"
    without: Names = Field(default_factory=list)
    lens: Lens = "all"
    marks: Marks = "design"
    model: Model = "auto"
    theme: Theme = "light"
    size: Size = "wide"
    row: Annotated[int, Field(ge=0, le=100)] = 0

    @classmethod
    def read(cls, values: list[tuple[str, str]]) -> PageQuery:
        """Read the parameters of an address.

        An empty value is the default; `without` may be given several times or as a list with commas.

        Raises
        ------
        UsageError
            Naming the parameter that is unknown, doubled or unreadable.
        """
        found: dict[str, Any] = {}
        for name, value in values:
            text = value.strip()
            if name not in NAMES:
                raise UsageError(
                    f"unknown parameter '{name}'; known are {', '.join(sorted(NAMES))}", pointer=f"/{name}"
                )
            if name == "without":
                found[name] = [*found.get(name, []), *_listed(text)]
            elif name in found:
                raise UsageError(f"the parameter '{name}' is given twice; give it once", pointer=f"/{name}")
            elif text:
                found[name] = text
        try:
            return cls.model_validate(found)
        except ValidationError as error:
            first = error.errors(include_url=False, include_context=False)[0]
            name = str(first["loc"][0])
            raise UsageError(
                f"the parameter '{name}' is wrong: {first['msg'][:1].lower()}{first['msg'][1:]}",
                pointer=f"/{name}",
            ) from None

    def parameters(self, **changed: Any) -> dict[str, str]:
        """Return the parameters that differ from the defaults, in one order; series and windows always."""
        values = {**self.model_dump(by_alias=True), **changed}
        found = {}
        for name, value in values.items():
            text = ",".join(value) if isinstance(value, list) else "" if value is None else str(value)
            if name in ("series", "from", "to") or text != str(DEFAULTS[name]):
                found[name] = text
        return found

    def query(self, **changed: Any) -> str:
        """Return the query string that leads back here, with some parameters changed."""
        return urlencode(self.parameters(**changed), safe=".:,=")

    def series_query(self, **changed: Any) -> str:
        """Return the query string of what concerns the series alone."""
        kept = {k: v for k, v in self.parameters(**changed).items() if k not in ("from", "to")}
        return urlencode(kept, safe=".:,=")

    @property
    def vintage_words(self) -> str:
        """The vintage as a reader says it."""
        return VINTAGES.get(self.vintage, f"as known on {self.vintage}")

    def again(self, kind: str = "waterfall") -> str:
        """Return the command that gives a chart's numbers again; of a question with options, its address."""
        drawn = {"series", "from", "to", "theme", "size", "row", "marks", "lens", "evidence"}
        if set(self.parameters()) <= drawn:
            return f"tradebreaks {COMMANDS[kind].format(query=self)}"
        asked = self.model_dump(exclude={"theme", "size"}, by_alias=True)
        return f"/explore?{PageQuery.model_validate(asked).query()}"

    def data_query(self) -> str | None:
        """Return the query string of the same attribution in the API; None if only a POST can ask it."""
        if self.without:
            return None
        asked = ("series", "from", "to", "vintage", "scale", "trend", "clock", "evidence")
        return urlencode({k: v for k, v in self.parameters().items() if k in asked}, safe=".:,=")

    def attribution(self, evidence: Evidence | None = None) -> AttributionRequest:
        """Return the question of the change between the windows."""
        return AttributionRequest.model_validate(
            {
                "series": self.series,
                "vintage": self.vintage,
                "from": self.start,
                "to": self.end,
                "without": self.without,
                "options": AttributionOptions(
                    scale=self.scale, trend=self.trend, clock=self.clock, evidence=evidence or self.evidence
                ),
            }
        )

    def interventions(self) -> InterventionsRequest:
        """Return the question of the joint effects."""
        clock = "full" if self.clock == "all" else self.clock
        return InterventionsRequest(
            series=self.series,
            vintage=self.vintage,
            without=self.without,
            options=InterventionsOptions(scale=self.scale, trend=self.trend, clock=clock),
        )

    def breaks(self) -> BreaksRequest:
        """Return the question of breaks at unknown dates."""
        return BreaksRequest(
            series=self.series,
            vintage=self.vintage,
            options=BreaksOptions(model=self.model, scale=self.scale),
        )


COMMANDS = {
    "series": "series {query.series}",
    "waterfall": "attribute {query.series} --from {query.start} --to {query.end}",
    "counterfactual": "intervene {query.series}",
    "posterior": "breaks {query.series}",
    "placebo": "attribute {query.series} --from {query.start} --to {query.end} --evidence full",
    "curve": "attribute {query.series} --from {query.start} --to {query.end} --evidence full",
}
"""What gives the numbers of a chart in a terminal."""

VINTAGES = {"first": "as first printed", "revised": "as revised since"}

NAMES = frozenset(field.alias or name for name, field in PageQuery.model_fields.items())
DEFAULTS = {**PageQuery().model_dump(by_alias=True), "without": "", "scale": ""}
