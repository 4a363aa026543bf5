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
# # Which events: what the data can tell apart
#
# Three resolutions of 2017 came into force within months of each other. Can a monthly series say which of them a fall is
# dated to? This notebook makes visible what the answer to that question rests on.
#
# The effects of single events below are *working output*. What is quoted is the group.

# %%
import altair as alt
import numpy as np
import pandas as pd

import analysis
from analysis.attribution.change import attribute_fit
from analysis.reporting.charts import series_chart

alt.renderers.enable("svg")  # drawn here; the default would load a script from another host

exports = analysis.series("dprk.exports.china.m")
design = analysis.events(series="dprk.exports.china.m")
resolutions = ["unscr_2371", "unscr_2375", "unscr_2397"]

# %% [markdown]
# ## When each event is in force
#
# An event has more than one date: a resolution is adopted, is in force in part of a month, and then in a whole month.

# %%
dates = design.to_frame()[["id", "kind", "adopted", "first_partial", "first_full", "end"]]
dates

# %%
series_chart(
    exports.between(analysis.Period.parse("2015-01"), analysis.Period.parse("2019-12")), events=design
)

# %% [markdown]
# ## One model, three datings
#
# All events are fitted together. The same model is fitted with the resolutions in force from their first full month
# (`full`), growing from the first partial to the first full month (`ramp`), and by days from adoption (`adopted`).

# %%
fit = analysis.fit_interventions(exports)
fit

# %% [markdown]
# The effect of each resolution under each dating, in logs, with its 95 % interval:

# %%
posterior = fit.posterior
columns = {term.name: term.columns.start for term in posterior.design.event_terms}


def effect(dating, names):
    """Estimate and 95 % interval of the sum of the effects of `names` under a dating."""
    weights = np.zeros(len(dating.mean))
    weights[[columns[name] for name in names]] = 1.0
    found = dating.combination(weights)
    lower, upper = found.interval(0.95)
    return {"estimate": found.mean(), "lower": lower, "upper": upper}


rows = [
    {"dating": dating.dating, "what": what, **effect(dating, names)}
    for dating in posterior.datings
    for what, names in [*((name, [name]) for name in resolutions), ("sum of the three", resolutions)]
]
effects = pd.DataFrame(rows)
effects.pivot(index="what", columns="dating", values=["estimate", "lower", "upper"]).round(2)

# %%
base = alt.Chart(effects).encode(
    y=alt.Y("dating:N", title=None),
    color=alt.Color("dating:N", scale=alt.Scale(range=["#0072b2", "#d55e00", "#57606a"]), legend=None),
)
dots = base.mark_point(filled=True, size=60).encode(
    x=alt.X("estimate:Q", title="effect in logs, 95 % intervals")
)
bars = base.mark_rule(strokeWidth=2).encode(x="lower:Q", x2="upper:Q")
(bars + dots).properties(width=420, height=60).facet(row=alt.Row("what:N", title=None))

# %% [markdown]
# Moving the date by some weeks moves a single effect by more than its own doubt, and turns the sign of some, because each month
# between two dates is one observation. The sum asks for less: how much lower trade is after all three than before any. Its size
# depends on the dating too, which is why an attribution mixes the datings, but not its sign.

# %%
summary = effects.groupby("what")["estimate"].agg(["min", "max"])
summary["moves by"] = summary["max"] - summary["min"]
assert summary.loc["sum of the three", "max"] < 0
summary.round(2)

# %% [markdown]
# ## The rule
#
# Two events are one group when their effects are so correlated, and their difference so poorly known, under any dating, or when
# the effect of one of two overlapping resolutions depends on the dating. The bounds are constants that every answer shows.

# %%
record = fit.to_record()
record["model"]["rule"]

# %%
pd.DataFrame(record["identification"])[["event_id", "grade", "group", "reason"]].style.hide(axis="index")

# %%
group = next(found for found in record["groups"] if set(resolutions) <= set(found["event_ids"]))
members = [row for row in record["effects"] if row["event_id"] in resolutions]
assert all(row["group"] == group["id"] for row in members)
assert np.isclose(group["log_effect"], sum(row["log_effect"] for row in members))
{key: group[key] for key in ("id", "log_effect", "lower", "upper", "grade")}

# %% [markdown]
# ## Which dating fits
#
# The datings are weighed by how well they predict the series, with prior probabilities of a half for the first full month and a
# quarter for each of the others. Where a target has several parts, all of them decide together.

# %%
log_likelihood = pd.DataFrame(record["diagnostics"]["datings"]).set_index("dating")["log_marginal_likelihood"]
prior = pd.Series({"full": 0.5, "ramp": 0.25, "adopted": 0.25})
weight = np.exp(log_likelihood - log_likelihood.max()) * prior
pd.DataFrame({"log marginal likelihood": log_likelihood, "weight": weight / weight.sum()}).round(3)

# %% [markdown]
# ## In years even less can be told apart
#
# In the headline series, which is yearly, events that come into force in the same year share one column.

# %%
yearly = analysis.fit_interventions(analysis.series("dprk.total.a")).to_record()
together = [found["event_ids"] for found in yearly["groups"]]
assert ["kic_closure_2016", "unscr_2270"] in together
pd.DataFrame(yearly["groups"])[["id", "log_effect", "lower", "upper", "reason"]].style.hide(axis="index")

# %% [markdown]
# ## What can tell them apart: products
#
# Each resolution named other goods. The accounting lens adds up the fall by the provision that first bound a product. It is exact
# arithmetic, and an assignment, not an estimate: it says which goods fell, not what would have happened without the provision.

# %%
answer = attribute_fit(fit, start="2016", end="2018")  # the fit from above, once more
print(answer.sentence())
accounting, silent = answer.accounting
accounting
