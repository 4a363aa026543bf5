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
# # Sanctions against the border closure
#
# Exports to China fell twice: by 2018 after the resolutions of 2017, and in 2020 when the border was closed against Covid-19. How
# much of the whole fall is dated to each? And why do two honest summaries of the same model, an effect in per cent and a share
# of a change, sound so different?

# %%
import altair as alt
import numpy as np
import pandas as pd

import analysis
from analysis.attribution import cumulative_loss
from analysis.reporting.charts import counterfactual_chart, waterfall_chart
from analysis.reporting.headline import Headline

alt.renderers.enable("svg")  # drawn here; the default would load a script from another host

total = analysis.series("dprk.exports.china.m")
design = analysis.events(series="dprk.exports.china.m")
SANCTIONS = ["unscr_2371", "unscr_2375", "unscr_2397"]
CLOSURE = ["covid_border_closure"]

# %% [markdown]
# ## Two falls
#
# First each by itself, then both.

# %%
changes = {
    (start, end): analysis.attribute(total, start=start, end=end, evidence="basic")
    for start, end in [("2016", "2018"), ("2019", "2021"), ("2014", "2021")]
}


def row_of(answer, events):
    """The row of a group of events; None where it has no part in the change."""
    rows = answer.to_record()["contributions"]
    return next((row for row in rows if row["event_ids"] == events), None)


found = []
for (start, end), answer in changes.items():
    for name, events in (("resolutions in force from 2018", SANCTIONS), ("border closure", CLOSURE)):
        row = row_of(answer, events)
        if row:
            found.append(
                {
                    "change": f"{start} to {end}",
                    "dated to": name,
                    **{k: row[k] for k in ("estimate", "lower", "upper", "share")},
                }
            )
pd.DataFrame(found).round(2).style.hide(axis="index")

# %%
whole = changes["2014", "2021"]
waterfall_chart(Headline.of(whole.to_record(), total.title, design))

# %% [markdown]
# The rows add up to the change, whatever the events' order; what no named part explains is a row of its own.

# %%
record = whole.to_record()
parts = sum(row["estimate"] for row in record["contributions"]) + record["residual"]["estimate"]
assert abs(parts - record["change"]["absolute"]) <= 1e-9 * abs(record["change"]["absolute"])
row = row_of(whole, CLOSURE)
assert row_of(changes["2016", "2018"], CLOSURE) is None, "nobody had closed the border for Covid-19 in 2018"
assert row_of(changes["2019", "2021"], SANCTIONS) is None, "in force alike in both windows"

# %% [markdown]
# ## A per cent is not a share
#
# The closure came when little was left to lose. Its effect in per cent is on the trade of its own time; its share is of a change that
# began at the peak. The same effect would have taken more from the trade of 2014 than from that of 2019.

# %%
fit = whole.fit
effects = fit.to_record()
closure = next(e for e in effects["effects"] if e["event_id"] == "covid_border_closure")
sanctions = next(g for g in effects["groups"] if g["event_ids"] == SANCTIONS)
pd.DataFrame(
    {
        name: {
            "effect, %": effect["percent"],
            "lower": effect["percent_lower"],
            "upper": effect["percent_upper"],
        }
        for name, effect in (("resolutions in force from 2018", sanctions), ("border closure", closure))
    }
).T.round(0)

# %% [markdown]
# Had only one of the two happened, or had they come in the other order, each would have moved another sum. The contribution is
# the mean over all orders (Shapley's value). Here are the two extremes, from the level of 2014:

# %%
level = total.to_frame()["value"].loc["2014-01":"2014-12"].sum()
take = {
    name: np.exp(effect["log_effect"]) - 1
    for name, effect in (("sanctions", sanctions), ("closure", closure))
}
orders = pd.DataFrame(
    {
        "sanctions first": {
            "sanctions": level * take["sanctions"],
            "closure": level * (1 + take["sanctions"]) * take["closure"],
        },
        "closure first": {
            "sanctions": level * (1 + take["closure"]) * take["sanctions"],
            "closure": level * take["closure"],
        },
    }
)
assert np.isclose(orders["sanctions first"].sum(), orders["closure first"].sum())
orders.round(0)

# %% [markdown]
# These are the estimates at the posterior mean, without the other events: an illustration of the order, not a second answer. The
# answer, with its intervals, is the table above.
#
# ## Without the events
#
# The path that the model expects had no policy event happened, with its interval. It widens: years later the model knows little about
# a trade that was never seen.

# %%
counterfactual_chart(effects, title=total.title, events=design)

# %% [markdown]
# The gap between the two, added up over the years of the closure, without any event and without each in turn:

# %%
cumulative_loss(whole, "2020..2022")

# %% [markdown]
# ## What leans on what
#
# Leaving one event out of the model gives a wrong model; the table shows which rows would then carry its fall. The pre-trend asks
# whether the fall began before the date.

# %%
evidence = whole.evidence.to_record()
print(evidence["leave_one_out"]["words"])
print(evidence["pre_trend"]["words"])

# %% [markdown]
# ## What this cannot say
#
# Trade that went on after a ban without being recorded counts as a fall. Whatever else began in 2018 or in 2020 is counted with the
# events of those years.

# %%
for sentence in record["assumptions"]:
    print("-", sentence)
