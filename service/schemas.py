"""What travels over the wire: requests are strict, responses promise the contract's keys."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from analysis.domain import Shape
from service.validation import Strict


def reject_bool(value: Any) -> Any:
    """Refuse true and false where a number is wanted; pydantic reads them as 1 and 0."""
    if isinstance(value, bool):
        raise ValueError("true and false are no numbers")
    return value


SeriesAddress = Annotated[str, Field(min_length=1, max_length=120, examples=["dprk.total.a"])]
WindowText = Annotated[str, Field(min_length=4, max_length=24, examples=["2016"])]
PeriodText = Annotated[str, Field(min_length=4, max_length=10, examples=["2016"])]
PeriodOrSpan = Annotated[str, Field(min_length=4, max_length=24, examples=["2016", "2020-01..2020-02"])]
Vintage = Annotated[str, Field(min_length=1, max_length=10, examples=["first", "revised", "2019-01-31"])]
Number = Annotated[float, Field(allow_inf_nan=False, strict=True), BeforeValidator(reject_bool)]
LevelOfDates = Annotated[float, Field(ge=0.5, lt=1), BeforeValidator(reject_bool)]
Trimming = Annotated[float, Field(gt=0, lt=0.5), BeforeValidator(reject_bool)]
Level = Annotated[float, Field(ge=0.5, le=0.999), BeforeValidator(reject_bool)]
Segment = Annotated[int, Field(ge=2, le=1000), BeforeValidator(reject_bool)]
Count = Annotated[int, Field(ge=1, le=20), BeforeValidator(reject_bool)]
Method = Annotated[str, Field(min_length=1, max_length=40)]
Lag = Annotated[int, Field(ge=0, le=24), BeforeValidator(reject_bool)]
Order = Annotated[list[Lag], Field(min_length=3, max_length=3, examples=[[0, 1, 1]])]
Scale = Literal["log", "level"]
Trend = Literal["none", "linear", "local"]
Search = Literal["declared", "auto"]
"""Date and shape of every step as declared, or integrated over."""
Clock = Literal["full", "ramp", "adopted", "all"]
Evidence = Literal["none", "basic", "full"]
Model = Literal["auto", "mean", "trend"]
Errors = Literal["ar", "hac", "iid"]


class VintageQuery(Strict):
    """Which vintage of a catalogue series."""

    vintage: Vintage | None = None


class EventsQuery(Strict):
    """Which events: all, or the design of one series."""

    series: SeriesAddress | None = None


class BreaksQuery(Strict):
    """Breaks at unknown dates in a catalogue series."""

    series: SeriesAddress
    vintage: Vintage | None = None
    model: Model | None = None
    scale: Scale | None = None
    seasonal: bool | None = None
    min_segment: Segment | None = None
    trimming: Trimming | None = None
    max_breaks: Count | None = None
    errors: Errors | None = None
    level: LevelOfDates | None = None


class AttributionQuery(Strict):
    """The change of a catalogue series between two windows."""

    series: SeriesAddress
    start: Annotated[WindowText, Field(alias="from")]
    end: Annotated[WindowText, Field(alias="to")]
    vintage: Vintage | None = None
    scale: Scale | None = None
    seasonal: bool | None = None
    trend: Trend | None = None
    clock: Clock | None = None
    method: Method | None = None
    level: Level | None = None
    outliers: bool | None = None
    evidence: Evidence = "none"


class ObservationIn(Strict):
    """One observation of the caller's own series, or a sum over a span; a missing value is null."""

    period: PeriodOrSpan
    value: Number | None
    status: Literal["A", "E", "P", "M", "B"] | None = None
    rse: Annotated[float, Field(ge=0, lt=1), BeforeValidator(reject_bool)] | None = None


class EventIn(Strict):
    """One event of the caller's own table."""

    id: Annotated[str, Field(min_length=1, max_length=120)]
    title: Annotated[str, Field(min_length=1, max_length=500)]
    effective: Annotated[str, Field(min_length=4, max_length=10)]
    shape: Shape | None = None
    end: Annotated[str, Field(min_length=4, max_length=10)] | None = None
    lead: Annotated[int, Field(ge=0, le=1000), BeforeValidator(reject_bool)] | None = None
    group: Annotated[str, Field(min_length=1, max_length=120)] | None = None


class TargetIn(Strict):
    """A catalogue series, or the caller's own observations; exactly one of the two."""

    series: SeriesAddress | None = None
    observations: Annotated[list[ObservationIn], Field(fail_fast=True)] | None = None
    vintage: Vintage | None = None
    gaps: Literal["refuse", "missing"] | None = None
    title: Annotated[str, Field(min_length=1, max_length=120)] | None = None
    unit: Annotated[str, Field(min_length=1, max_length=40)] | None = None
    rate: bool | None = None
    events: Annotated[list[EventIn], Field(fail_fast=True)] | None = None
    without: Annotated[list[str], Field(max_length=50, fail_fast=True)] | None = None
    store: bool | None = None


class ReadingQuery(Strict):
    """What decides where a file can be read in two ways."""

    name: Annotated[str, Field(min_length=1, max_length=200)] | None = None
    period: Annotated[str, Field(min_length=1, max_length=200)] | None = None
    value: Annotated[str, Field(min_length=1, max_length=200)] | None = None
    series: Annotated[str, Field(min_length=1, max_length=200)] | None = None
    decimal: Literal["point", "comma"] | None = None
    date_order: Literal["dmy", "mdy", "ymd"] | None = None
    frequency: Literal["A", "Q", "M", "W", "D"] | None = None
    sheet: Annotated[str, Field(min_length=1, max_length=200)] | None = None
    encoding: Annotated[str, Field(min_length=1, max_length=20)] | None = None
    cumulative: bool | None = None
    february: Literal["sum", "month"] | None = None
    mirror_of: Annotated[str, Field(min_length=1, max_length=10)] | None = None
    codes: Literal["pad", "keep"] | None = None
    gaps: Literal["refuse", "missing"] | None = None


class BreaksOptions(Strict):
    """Options of `breaks`."""

    model: Model | None = None
    scale: Scale | None = None
    seasonal: bool | None = None
    min_segment: Segment | None = None
    trimming: Trimming | None = None
    max_breaks: Count | None = None
    errors: Errors | None = None
    level: LevelOfDates | None = None


class ModelOptions(Strict):
    """Options of the joint model."""

    scale: Scale | None = None
    seasonal: bool | None = None
    trend: Trend | None = None
    method: Method | None = None
    shape: Search | None = None
    level: Level | None = None
    outliers: bool | None = None


class InterventionsOptions(ModelOptions):
    """Options of `intervene`."""

    clock: Literal["full", "ramp", "adopted"] | None = None
    order: Order | None = None
    seasonal_order: Order | None = None


class AttributionOptions(ModelOptions):
    """Options of `attribute`."""

    clock: Clock | None = None
    evidence: Evidence | None = None


class DesignedTarget(TargetIn):
    """A target with what the models may be told about it."""

    regime: Annotated[list[WindowText], Field(max_length=50, fail_fast=True)] | None = None
    controls: Annotated[dict[str, dict[PeriodText, Number]], Field(max_length=20)] | None = None


class BreaksRequest(DesignedTarget):
    """Find breaks at unknown dates."""

    options: BreaksOptions = BreaksOptions()


class InterventionsRequest(DesignedTarget):
    """Estimate the joint effects of the events."""

    options: InterventionsOptions = InterventionsOptions()


class AttributionRequest(DesignedTarget):
    """Attribute the change between two windows."""

    start: Annotated[WindowText, Field(alias="from")]
    end: Annotated[WindowText, Field(alias="to")]
    options: AttributionOptions = AttributionOptions()


class Answer(BaseModel):
    """Base of responses: keys may be added, the ones named here stay."""

    model_config = ConfigDict(extra="allow")


class ObservationOut(Answer):
    """One observation of a series."""

    period: str
    value: float | None
    status: str
    rse: float
    figures: list[str]
    lower: float | None = None
    upper: float | None = None


class SeriesOut(Answer):
    """A series with its observations."""

    id: str
    title: str
    unit: str
    frequency: Literal["A", "Q", "M", "W", "D"]
    valuation: str
    vintage: str
    estimand: str
    observations: list[ObservationOut]


class ReadingOut(Answer):
    """A file as it was read: `observations` is what a question takes."""

    read: str
    frequency: Literal["A", "Q", "M", "W", "D"]
    title: str
    unit: str
    observations: list[dict[str, Any]]


class SeriesListOut(Answer):
    """The catalogue's series, without observations."""

    series: list[dict[str, Any]]


class EventOut(Answer):
    """One event with its clocks."""

    id: str
    title: str
    kind: str


class EventsOut(Answer):
    """Events in a table."""

    events: list[EventOut]


class EstimateOut(Answer):
    """What every estimate carries."""

    estimand: str
    assumptions: list[str]
    record_id: str | None
    stored: bool
    url: str | None


class BreaksOut(EstimateOut):
    """Breaks at unknown dates."""

    series: str
    n_breaks: int
    breaks: list[dict[str, Any]]
    dips: list[dict[str, Any]]
    guard_pvalue: float | None
    at_edge: bool
    limit_reached: bool
    matching: dict[str, Any] | None
    tests: dict[str, Any]
    selection: dict[str, Any]
    posterior: list[dict[str, Any]] | None
    detectors: list[dict[str, Any]] | None
    wandering_level: dict[str, Any] | None
    null_hypothesis: str


class InterventionsOut(EstimateOut):
    """Joint effects of dated events."""

    effects: list[dict[str, Any]]
    groups: list[dict[str, Any]]
    identification: list[dict[str, Any]]
    counterfactual: list[dict[str, Any]]
    level: float
    model: dict[str, Any]
    diagnostics: dict[str, Any]


class ChangeOut(Answer):
    """The change between two windows, per period and a year."""

    start: Annotated[float, Field(alias="from")]
    to: float
    absolute: float
    percent: float | None
    from_window: str
    to_window: str
    n_from: int
    n_to: int
    unit: str
    per: str
    annualised: dict[str, float] | None


class IntervalOut(Answer):
    """Estimate and limits per period of the series, and a year."""

    estimate: float
    lower: float
    upper: float
    per_year: dict[str, float] | None


class ContributionOut(IntervalOut):
    """One row of the decomposition."""

    kind: Literal["event", "part", "covariate", "growth", "before_events", "seasonal", "measurement"]
    event_ids: list[str]
    group: str | None
    label: str
    parts: list[str]
    share: float | None
    grade: str | None
    by_goods: list[dict[str, Any]] | None


class SumOut(IntervalOut):
    """What some events add up to."""

    label: str
    event_ids: list[str]
    with_others: list[str]
    percent: float | None
    percent_lower: float | None
    percent_upper: float | None
    missing_now: IntervalOut | None
    grade: str


class AttributionOut(EstimateOut):
    """The change, attributed."""

    change: ChangeOut
    sentence: str
    sums: list[SumOut]
    contributions: list[ContributionOut]
    residual: IntervalOut
    everything_else: IntervalOut
    parts: list[dict[str, Any]]
    nodes: list[dict[str, Any]]
    doubts: list[dict[str, Any]]
    level: float
    lenses: dict[str, Any]
    evidence: Any


class ProblemOut(Answer):
    """An error (RFC 9457)."""

    type: str
    title: str
    status: int
    detail: str
    instance: str
    pointer: str | None = None


class HealthOut(Answer):
    """Whether the process answers."""

    status: Literal["ok"]


class ReadyOut(Answer):
    """Whether the data package is sound."""

    status: Literal["ready"]
    data_digest: str
    migration: str
    store: Literal["read-write", "read-only"]
    damaged: list[str]


class RecordOut(EstimateOut):
    """A stored estimate: the answer of its kind, and what identifies the record."""

    record: dict[str, Any]


class RecordsQuery(Strict):
    """A page of the list of records."""

    limit: Annotated[int, Field(ge=1, le=100), BeforeValidator(reject_bool)] = 20
    cursor: Annotated[str, Field(min_length=1, max_length=200)] | None = None


class RecordEntry(Answer):
    """One line of the list of records."""

    id: str
    kind: Literal["breaks", "interventions", "attribution"]
    created_at: str
    series: str
    url: str
    supersedes: str | None


class RecordsOut(Answer):
    """A page of records in the order in which they were stored; `next` is the cursor of the page after it."""

    estimates: list[RecordEntry]
    damaged: list[str]
    next: str | None


class VerificationOut(Answer):
    """Whether a record, computed anew, still holds."""

    record_id: str
    verdict: Literal["identical", "equal", "differs"]
    reasons: list[str]
    differences: list[dict[str, Any]]
    largest_relative_difference: float | None
    tolerance: float
    software: str


class WithdrawalRequest(Strict):
    """Why a record is withdrawn."""

    reason: Annotated[str, Field(min_length=1, max_length=1000)]


class WithdrawalOut(Answer):
    """A withdrawn record."""

    record_id: str
    withdrawn_at: str
    reason: str


class BatchQuestion(Strict):
    """One question of a batch: the body of a POST of its kind."""

    kind: Literal["breaks", "interventions", "attribution"]
    question: dict[str, Any]


class BatchRequest(Strict):
    """Questions that are computed one after the other and stored."""

    questions: Annotated[list[BatchQuestion], Field(min_length=1, max_length=10_000, fail_fast=True)]


class BatchItem(Answer):
    """One question of a batch, and the record that answers it."""

    position: int
    kind: Literal["breaks", "interventions", "attribution"]
    state: Literal["waiting", "done", "failed", "cancelled"]
    record_id: str | None
    url: str | None
    problem: dict[str, Any] | None


class BatchOut(Answer):
    """How far a batch is."""

    id: str
    url: str
    state: Literal["queued", "running", "done", "cancelled"]
    created_at: str
    total: int
    finished: int
    items: list[BatchItem]
