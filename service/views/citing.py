"""What a reader pastes into a text: the answer of a record in sentences, with its reference."""

from __future__ import annotations

from dataclasses import replace

from analysis.errors import TradebreaksError
from analysis.reporting.headline import Headline
from service.records.citations import Citation
from service.records.drawing import headline
from service.store import Record

ATTRIBUTION = "attribution"


def head(record: Record) -> Headline | None:
    """Return an attribution as people read it, named as the catalogue names its series; else None.

    A record stays readable where the data package is damaged or has the series no more: then by its id.
    """
    if record.kind != ATTRIBUTION:
        return None
    from analysis import catalogue

    found = headline(record)
    try:
        title = catalogue.series(found.series).title
    except TradebreaksError:
        return found
    return replace(found, title=f"{title} ({found.series})")


def in_line(record: Record, citation: Citation) -> str:
    """Return sentences for a text: an attribution with its interval, and where anybody finds it.

    Parameters
    ----------
    record : Record
    citation : Citation
        Of the same record.
    """
    where = f"record {record.id[:8]}, {citation.address}" if citation.address else citation.where
    reference = f"(tradebreaks contributors {citation.year}, {where})"
    answer = head(record)
    if answer is None:
        return f"{citation.title} {reference}."
    told = f"{' '.join(answer.sentences()).removesuffix('.')} {reference}."
    return " ".join([told, *(f"Doubt: {text}" for text in answer.doubts)])
