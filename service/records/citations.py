"""How a record is cited: BibTeX, RIS, CSL JSON, and a sentence for a text."""

from __future__ import annotations

import json
from dataclasses import dataclass

from service.records.tables import main_table
from service.store import Record

AUTHOR = "tradebreaks contributors"
PUBLISHER = "tradebreaks"

_TEX = {
    "\\": r"\textbackslash{}",
    "{": r"\{",
    "}": r"\}",
    "&": r"\&",
    "%": r"\%",
    "$": r"\$",
    "#": r"\#",
    "_": r"\_",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
}


@dataclass(frozen=True, slots=True)
class Citation:
    """What a reference to a record says.

    Attributes
    ----------
    key : str
        Citation key.
    title : str
    year, month, day : int
    address : str
        Where the record stands; empty if the service was told no address that others reach.
    version : str
    where : str
        How anybody finds it: the address, or id, digest of the data and the command that verifies it.
    note : str
        Id, engine, data and estimand.
    """

    key: str
    title: str
    year: int
    month: int
    day: int
    address: str
    version: str
    where: str
    note: str

    @classmethod
    def of(cls, record: Record, base: str) -> Citation:
        """Describe `record`, found below the address `base`; an empty one is none that others reach."""
        year, month, day = (int(part) for part in record.created_at[:10].split("-"))
        data = record.document["record"]["digests"]["data"]
        source = f"data package {data[:12]}" if data else "data supplied by the caller"
        address = f"{base}{record.url}" if base else ""
        return cls(
            key=f"tradebreaks_{record.id[:8]}",
            title=main_table(record).title,
            year=year,
            month=month,
            day=day,
            address=address,
            version=record.software,
            where=address or f"record {record.id}, {source}, verified by: tradebreaks verify {record.id}",
            note=(
                f"Record {record.id}, engine {record.engine}, {source}. "
                f"{'' if address else f'Verified by: tradebreaks verify {record.id}. '}"
                f"What is measured: {' '.join(str(record.document['estimand']).split())}"
            ),
        )

    @property
    def day_words(self) -> str:
        """The day on which the record was made."""
        return f"{self.year}-{self.month:02}-{self.day:02}"

    def bibtex(self) -> str:
        """Return a BibTeX entry."""
        fields = {
            "author": f"{{{AUTHOR}}}",
            "title": f"{{{_tex(self.title)}}}",
            "year": str(self.year),
            "month": str(self.month),
            "howpublished": f"{PUBLISHER} {_tex(self.version)}, estimate",
            **(
                {"url": self.address, "urldate": f"{self.year}-{self.month:02}-{self.day:02}"}
                if self.address
                else {}
            ),
            "note": _tex(self.note),
        }
        lines = ",\n".join(f"  {name} = {{{value}}}" for name, value in fields.items())
        return f"@misc{{{self.key},\n{lines}\n}}\n"

    def ris(self) -> str:
        """Return a RIS record, for reference managers."""
        fields = [
            ("TY", "DATA"),
            ("ID", self.key),
            ("AU", AUTHOR),
            ("TI", self.title),
            ("PY", str(self.year)),
            ("DA", f"{self.year}/{self.month:02}/{self.day:02}"),
            ("PB", PUBLISHER),
            ("ET", self.version),
            *([("UR", self.address)] if self.address else []),
            ("N1", self.note),
            ("ER", ""),
        ]
        return "".join(
            f"{tag}  - {' '.join(value.split())}".rstrip(" ") + "\r\n" for tag, value in fields[:-1]
        ) + ("ER  - \r\n")

    def csl(self) -> str:
        """Return a CSL JSON list with one item."""
        item = {
            "id": self.key,
            "type": "dataset",
            "title": self.title,
            "author": [{"literal": AUTHOR}],
            "issued": {"date-parts": [[self.year, self.month, self.day]]},
            "publisher": PUBLISHER,
            "version": self.version,
            **({"URL": self.address} if self.address else {}),
            "note": self.note,
        }
        return json.dumps([item], ensure_ascii=False, indent=1) + "\n"

    def sentence(self) -> str:
        """Return the reference as a sentence."""
        return f"{AUTHOR} ({self.year}): {self.title}. {PUBLISHER} {self.version}, {self.where}."


def _tex(text: str) -> str:
    return "".join(_TEX.get(c, c) for c in " ".join(text.split()))
