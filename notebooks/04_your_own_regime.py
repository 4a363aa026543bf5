# ---
# jupyter:
#   jupytext:
#     formats: ipynb,py:percent
#     text_representation:
#       extension: .py
#       format_name: percent
#       format_version: '1.3'
#       jupytext_version: 1.19.6
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # Bring your own sanctions regime and your own series
#
# The library knows one country's trade. Nothing in the methods does. This notebook takes another: China's recorded imports from
# Iran, 1990 to 2020, and a table of events that you would write yourself.
#
# The figures are those of the IMF's Direction of Trade Statistics that the data package carries for comparison; here they are written
# to a file first, as yours would be.

# %%
from pathlib import Path

import altair as alt
import numpy as np
import pandas as pd

import analysis
from analysis import catalogue
from analysis.errors import TradebreaksError
from analysis.reporting.charts import series_chart

alt.renderers.enable("svg")  # drawn here; the default would load a script from another host

rows = [row for row in catalogue.donor_panel() if row.economy == "IR"]
trade = pd.DataFrame({"period": [str(row.period) for row in rows], "value": [row.exports for row in rows]})
trade.to_csv("iran.csv", index=False)
print(*Path("iran.csv").read_text().splitlines()[:4], sep="\n")

# %% [markdown]
# ## The series
#
# A file needs `period` and `value`. An empty value is a missing observation. A pandas series does as well
# (`TradeSeries.from_series`).

# %%
read = analysis.read_series("iran.csv")
series = analysis.TradeSeries.from_values(
    [str(period) for period in read.periods],
    list(read.values),
    id="iran.to.china.a",
    title="China's recorded imports from Iran",
    unit="USD million",
    estimand="What China records as imported from Iran, CIF, in nominal dollars.",
)
assert np.array_equal(series.values, trade["value"].to_numpy())
series.to_frame()[["value", "status"]].tail()

# %% [markdown]
# ## The events
#
# One row a measure: when it began to bind, not when it was announced. These dates are an example, written from memory and *not
# checked* against the documents, as the package's own events are; check yours before you quote an answer. The documents to check: Security Council resolution 1929 (9 June 2010); Council
# Decision 2012/35/CFSP, whose ban on oil under existing contracts took hold on 1 July 2012; Implementation Day of the Joint Comprehensive
# Plan of Action, 16 January 2016, which *lifted* measures; the United States' measures on oil from 5 November 2018, and the end of the
# exceptions from them on 2 May 2019.

# %%
regime = analysis.EventTable.from_rows(
    [
        {"id": "unscr_1929", "title": "UN resolution 1929", "effective": "2010-06-09"},
        {"id": "eu_oil_ban", "title": "EU oil ban", "effective": "2012-07-01"},
        {"id": "jcpoa", "title": "Measures lifted (JCPOA)", "effective": "2016-01-16"},
        {"id": "us_oil", "title": "US measures on oil", "effective": "2018-11-05"},
        {"id": "us_exceptions_end", "title": "US exceptions end", "effective": "2019-05-02"},
    ]
)
regime.to_frame()[["id", "title", "effective", "shape"]]

# %%
series_chart(series, events=regime)

# %% [markdown]
# ## What is wrong is said where it stands

# %%
mistakes = {
    "a month where years are": lambda: analysis.TradeSeries.from_values(["2016", "2017-03"], [1.0, 2.0]),
    "a gap": lambda: analysis.TradeSeries.from_values(["2016", "2018"], [1.0, 2.0]),
    "a date that is none": lambda: analysis.EventTable.from_rows(
        [{"id": "a", "title": "A", "effective": "soon"}]
    ),
}
said = {}
for name, mistake in mistakes.items():
    try:
        mistake()
    except TradebreaksError as refusal:
        said[name] = str(refusal)
assert set(said) == set(mistakes)
said

# %% [markdown]
# ## Joint effects, first without the price of oil

# %%
analysis.fit_interventions(series, regime)

# %% [markdown]
# The intervals are wide: oil is most of this trade, and its price halved within two of these years. What is known about the level
# from another source belongs in the model as a control.

# %%
brent = catalogue.covariate("wb.brent").to_frame()["value"]
by_year = np.log(brent.groupby(brent.index.str[:4]).mean())
controls = {"price of oil (Brent, log)": {year: float(by_year[year]) for year in trade["period"]}}
with_price = analysis.fit_interventions(series, regime, controls=controls)
with_price


# %%
def widths(fit):
    """Width of the interval of every effect that is reported, in logs."""
    return fit.to_frame().set_index("event").pipe(lambda frame: frame["upper"] - frame["lower"])


pd.DataFrame(
    {"without the price": widths(analysis.fit_interventions(series, regime)), "with it": widths(with_price)}
).round(2)

# %% [markdown]
# The two measures of the United States belong to the same year: 5 November 2018 is in force for less than half of 2018. They are
# one group, because a yearly series cannot tell them apart.

# %%
groups = with_price.to_record()["groups"]
assert [group["event_ids"] for group in groups] == [["us_oil", "us_exceptions_end"]]
groups[0]["reason"]

# %% [markdown]
# ## The change, divided

# %%
change = analysis.attribute(
    series, regime, start="2014", end="2019..2020", controls=controls, evidence="basic"
)
change

# %%
record = change.to_record()
explained = sum(row["estimate"] for row in record["contributions"]) + record["residual"]["estimate"]
assert abs(explained - record["change"]["absolute"]) <= 1e-9 * abs(record["change"]["absolute"])
for sentence in record["assumptions"]:
    print("-", sentence)

# %% [markdown]
# ## Would the data have shown a break without being told?
#
# The search does not know the events. On thirty wandering years it may well find nothing, and then says so. That is no evidence
# against the effects above: it asks a question with less information.

# %%
analysis.find_breaks(series, events=regime)

# %% [markdown]
# The same in one command, and on the page *Your own series* of the service:
#
#     tradebreaks attribute --csv iran.csv --events events.csv --from 2014 --to 2019..2020
