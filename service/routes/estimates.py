"""``/v1/estimates``: stored records, for ever at the same address."""

from __future__ import annotations

import base64
import binascii
import json
import re
from dataclasses import asdict
from functools import partial
from typing import Any

from apiflask import APIBlueprint
from flask import Response, jsonify, render_template

from analysis.errors import NotFoundError, UsageError
from service.questions import is_record_id
from service.records.citations import Citation
from service.records.drawing import said
from service.records.renderings import RENDERINGS, Rendering, draw
from service.records.tables import main_table, notes
from service.records.verification import verify
from service.routes.replies import (
    RECORD,
    answers,
    digest_of,
    guards,
    public_address,
    refuse_parameters,
    reply,
    send_record,
    store,
    tagged,
    without_parameters,
)
from service.schemas import (
    RecordOut,
    RecordsOut,
    RecordsQuery,
    VerificationOut,
    WithdrawalOut,
    WithdrawalRequest,
)
from service.store import Damaged, Record
from service.views.citing import head, in_line

Responses = dict[int | str, dict[str, str | dict[str, dict[str, Any]]]]

PAGE: Responses = {
    200: {"description": "a page", "content": {"text/html": {"schema": {"type": "string"}}}},
}

PLACE = re.compile(r"after ([1-9][0-9]{0,8})")
"""What a cursor says; another text is not taken to the database."""

blueprint = APIBlueprint("estimates", __name__, url_prefix="/v1/estimates")


@blueprint.get("")
@blueprint.input(RecordsQuery, location="query")
@blueprint.output(RecordsOut)
def list_estimates(query_data: RecordsQuery) -> Response:
    """List the stored records, oldest first, without those withdrawn."""
    after = read_cursor(query_data.cursor) if query_data.cursor else 0
    rows = store().page(after, query_data.limit + 1)
    shown = rows[: query_data.limit]
    more = write_cursor(shown[-1].sequence) if len(rows) > len(shown) else None
    return jsonify(
        {
            "estimates": [_entry(row.record) for row in shown if isinstance(row.record, Record)],
            "damaged": [row.record.id for row in shown if isinstance(row.record, Damaged)],
            "next": more,
        }
    )


@blueprint.get("/<record_id>")
@blueprint.get("/<record_id>.json")
@blueprint.output(RecordOut)
@without_parameters
def get_estimate(record_id: str) -> Response:
    """Return a stored record: the answer as it was computed, and what identifies it."""
    return send_record(find(record_id))


@blueprint.get("/<record_id>/verify")
@blueprint.output(VerificationOut)
@without_parameters
def verify_estimate(record_id: str) -> Response:
    """Compute a record anew and say whether it still holds."""
    record, kept = find(record_id), answers()
    key = kept.key("verify", {"record": record.id})
    return reply(kept.slowly(key, lambda: verify(record, partial(kept.compute, anew=True)).to_record()))


@blueprint.post("/<record_id>/withdrawal")
@blueprint.input(WithdrawalRequest)
@blueprint.output(WithdrawalOut, status_code=201)
@without_parameters
def withdraw_estimate(record_id: str, json_data: WithdrawalRequest) -> Response:
    """Withdraw a record: its address answers 410 from now on. Needs the administrator's token."""
    guards().require_administrator()
    _require_id(record_id)
    response = jsonify(asdict(store().withdraw(record_id, json_data.reason)))
    response.status_code = 201
    return response


def _add(rendering: Rendering) -> None:
    """Give every record the address of one more form."""

    def view(record_id: str) -> Response:
        refuse_parameters()
        record = find(record_id)
        body = answers().rendered(f"{record.id} {rendering.suffix}", lambda: _rendered(rendering, record))
        response = tagged(body, digest_of(body), rendering.media_type, RECORD)
        if rendering.download:
            name = f"tradebreaks-{record.id[:8]}.{rendering.suffix}"
            response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
        return response

    name = rendering.suffix.replace(".", "_")
    view.__name__ = f"get_estimate_{name}"
    view.__doc__ = f"Return {rendering.words}."
    responses: Responses = {
        200: {"description": rendering.words, "content": {rendering.media_type: {"schema": rendering.schema}}}
    }
    documented = blueprint.doc(responses=responses)(view)
    blueprint.get(f"/<record_id>.{rendering.suffix}")(documented)


for _rendering in RENDERINGS:
    _add(_rendering)


@blueprint.get("/<record_id>.html")
@blueprint.doc(responses=PAGE)
@without_parameters
def show_estimate(record_id: str) -> Response:
    """Show a record as a page, with its citation."""
    record = find(record_id)
    citation = Citation.of(record, public_address())
    page = render_template(
        "record.html",
        record=record,
        table=main_table(record),
        head=head(record),
        chart_words=said(record),
        notes=notes(record),
        citation=citation,
        in_line=in_line(record, citation),
        renderings=RENDERINGS,
        superseded_by=store().superseded_by(record.id),
    ).encode("utf-8")
    return tagged(page, digest_of(page), "text/html")


def _rendered(rendering: Rendering, record: Record) -> bytes:
    if not rendering.drawn:
        return rendering.render(record, public_address())
    text = json.dumps(asdict(record), ensure_ascii=False)
    return answers().drawn(draw, rendering.suffix, text, public_address())


def find(record_id: str) -> Record:
    """Return the record of an address.

    Raises
    ------
    NotFoundError, WithdrawnError, StoreUnavailableError
    """
    _require_id(record_id)
    return store().get(record_id)


def _require_id(record_id: str) -> None:
    if not is_record_id(record_id):
        raise NotFoundError(f"no record '{record_id}': an id is 32 hexadecimal digits")


def _entry(record: Record) -> dict[str, object]:
    question = json.loads(record.inputs)["question"]
    return {
        "id": record.id,
        "kind": record.kind,
        "created_at": record.created_at,
        "series": question.get("series", "observations"),
        "url": record.url,
        "supersedes": record.supersedes,
    }


def write_cursor(sequence: int) -> str:
    """Return what a caller sends to get the page after the record of that sequence."""
    return base64.urlsafe_b64encode(f"after {sequence}".encode()).decode().rstrip("=")


def read_cursor(cursor: str) -> int:
    """Return the sequence of the record that a cursor stands for.

    Raises
    ------
    UsageError
        If this service never gave it.
    """
    try:
        text = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode("ascii")
    except (binascii.Error, ValueError):
        text = ""
    found = PLACE.fullmatch(text)
    if found is None:
        raise UsageError("the cursor is none that this service gave", pointer="/cursor")
    return int(found[1])
