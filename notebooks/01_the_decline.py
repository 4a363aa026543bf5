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
# # The decline since 2014
#
# How did North Korea's recorded trade fall, which breaks do the data show, and which events is the fall dated to?
# Every figure here is what partners recorded, in nominal dollars; after a ban trade may continue unrecorded.

# %%
import altair as alt
import pandas as pd

import analysis
from analysis.reporting.charts import series_chart, waterfall_chart
from analysis.reporting.headline import Headline

alt.renderers.enable("svg")  # drawn here; the default would load a script from another host

# %% [markdown]
# ## The headline series
#
# KOTRA's figures for trade with the world plus the Ministry of Unification's for trade between North and South Korea.
# `status` says how a value came about: `A` as printed, `E` estimated or derived, `B` a change in the record.

# %%
total = analysis.series("dprk.total.a")
frame = total.to_frame()
frame.loc["2012":"2024", ["value", "lower", "upper", "status", "rse"]]

# %% [markdown]
# Recorded trade peaked in 2014, fell every year to 2018 and rose in 2019. The years 2019 and 2020 have bounds: trade
# between North and South is known only for the two years together.

# %%
yearly = frame["value"].diff().loc["2013":"2022"]
yearly.round(0)

# %%
assert frame["value"].idxmax() == "2014"
assert (yearly["2015":"2018"] < 0).all()
assert yearly["2019"] > 0

# %% [markdown]
# ## Breaks at unknown dates
#
# The events are not used to find the breaks, only to say which of them each date set meets. Read the null hypothesis and
# the sentence on a slowly wandering level with the dates.

# %%
breaks = analysis.find_breaks(total)
breaks

# %%
series_chart(total, events=analysis.events(series="dprk.total.a"), breaks=breaks.to_record()["breaks"])

# %% [markdown]
# ## How much of the fall came with the UN sanctions?
#
# The total is the sum of parts: the Kaesong zone, other trade between North and South, exports to and imports from China (monthly),
# and what is stated or left open. Each part is answered by the series that observes it. What the zone lost is known exactly; what
# the resolutions took from trade with China is estimated against the year before they began. The rows add up to the change.

# %%
fall = analysis.attribute(total, start="2014", end="2018", evidence="none")
print(fall.sentence())
print(*(f"Doubt: {doubt.text}" for doubt in fall.doubts), sep="\n")
fall

# %%
record = fall.to_record()
headline = Headline.of(record, total.title, analysis.events())
waterfall_chart(headline)

# %%
rows = pd.DataFrame(record["contributions"])[["label", "estimate", "lower", "upper", "share", "grade"]]
sanctions = next(item for item in record["sums"] if item["label"] == "All UN resolutions")
assert sanctions["upper"] < 0
explained = rows["estimate"].sum() + record["residual"]["estimate"]
assert abs(explained - record["change"]["absolute"]) <= 1e-9 * abs(record["change"]["absolute"])
rows.round(2)

# %% [markdown]
# ## What kind of trade fell in 2016
#
# The fall of the total in 2016 is smaller than the fall of trade between North and South, whose Kaesong zone closed in
# February 2016: trade with the rest of the world rose.

# %%
parts = pd.DataFrame(
    {
        "total": frame["value"],
        "between North and South": analysis.series("interkorean.total.a").to_frame()["value"],
        "with all others": analysis.series("dprk.total.kotra.a").to_frame()["value"],
    }
)
parts.loc["2014":"2018"].round(0)

# %%
change = parts.loc["2016"] - parts.loc["2015"]
assert change["between North and South"] < change["total"] < 0 < change["with all others"]
change.round(0)
