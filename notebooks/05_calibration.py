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
# # How well calibrated are we?
#
# A 95 % interval should hold the truth in 95 of 100 cases, and a search that tests at 5 % should find a break in 5 of 100 series
# that have none. On real trade nobody knows the truth. Here it is known, because the series are made: noise of three kinds around events
# of known size, from fixed sequences, so that every run gives the same tables.
#
# The study is small enough to watch. The large ones, with a thousand series a cell, are `make calibrate-breaks` and
# `make calibrate`; their tables stand in `docs/`.

# %%
import altair as alt
import numpy as np
import pandas as pd

import analysis
from analysis.numerics.fixed_sequence import normals

alt.renderers.enable("svg")  # drawn here; the default would load a script from another host

MONTHS = [str(analysis.Period.parse("2014-12") + k) for k in range(96)]
TRUTH = {"first": -0.2, "second": -0.3, "ban": -1.0, "closure": -1.5}
EVENTS = analysis.EventTable.from_rows(
    [
        {"id": name, "title": name, "effective": day}
        for name, day in zip(TRUTH, ("2016-05-01", "2017-03-01", "2018-02-01", "2020-02-01"), strict=True)
    ]
)
SEASON = np.array([0.15, -0.3, 0.05, 0, 0.05, 0.1, 0, 0.05, 0, -0.05, -0.05, 0])
WORLDS = {"white noise": (0.0, 0.0), "AR(1) of 0.7": (0.7, 0.0), "white noise and random walk": (0.0, 0.05)}
SERIES, SD, BURN_IN = 60, 0.2, 200


def noise(world, number):
    """One draw of a world: AR(1) of unit variance, plus a random walk; odd numbers mirror even ones."""
    rho, walk = WORLDS[world]
    stream = 1000 * (1 + list(WORLDS).index(world)) + number // 2
    shocks, steps = normals((2, len(MONTHS) + BURN_IN), stream)
    part = np.empty_like(shocks)
    part[0] = shocks[0]
    for t in range(1, len(part)):
        part[t] = rho * part[t - 1] + np.sqrt(1 - rho**2) * shocks[t]
    both = part[BURN_IN:] + np.sqrt(walk) * np.cumsum(steps[BURN_IN:])
    return SD * both * (1 if number % 2 == 0 else -1)


def made(world, number, effects=TRUTH):
    """Values of one series, and the effects that are in it."""
    after = {e.id: np.array(MONTHS) >= e.effective.isoformat()[:7] for e in EVENTS}
    season = np.resize(np.roll(SEASON, 1), len(MONTHS))
    return np.exp(4.5 + season + sum(effects[name] * after[name] for name in effects) + noise(world, number))


# %%
shown = pd.DataFrame(
    [
        {"month": m, "value": v, "world": world}
        for world in WORLDS
        for m, v in zip(MONTHS, made(world, 0), strict=True)
    ]
)
alt.Chart(shown).mark_line(color="#1f2328").encode(
    x=alt.X("month:T", title=None), y=alt.Y("value:Q", title="made trade"), row=alt.Row("world:N", title=None)
).properties(width=560, height=90)

# %% [markdown]
# ## Do the intervals hold the truth?
#
# The joint model is told dates and shapes, never the kind of noise. Beside it stands the usual method: least squares with
# Newey and West's standard errors.

# %%
long = pd.concat(
    pd.DataFrame({"series_id": f"{world}/{number}", "period": MONTHS, "value": made(world, number)})
    for world in WORLDS
    for number in range(SERIES)
)
report = analysis.batch(long, EVENTS, "effects.csv", trend="linear")
assert report.errors == 0
joint = report.to_frame().assign(method="joint model")

usual = []
for world in WORLDS:
    for number in range(SERIES):
        series = analysis.TradeSeries.from_values(MONTHS, list(made(world, number)))
        fit = analysis.fit_interventions(series, EVENTS, method="ols_hac").to_record()
        usual += [
            {"series_id": f"{world}/{number}", "method": "OLS, Newey-West", **row} for row in fit["effects"]
        ]

answers = pd.concat([joint, pd.DataFrame(usual)])[
    ["series_id", "method", "event_id", "log_effect", "lower", "upper"]
]
answers["world"] = answers["series_id"].str.split("/").str[0]
answers["truth"] = answers["event_id"].map(TRUTH)
answers["held"] = (answers["lower"] <= answers["truth"]) & (answers["truth"] <= answers["upper"])
answers["width"] = answers["upper"] - answers["lower"]
table = answers.groupby(["world", "method"]).agg(covered=("held", "mean"), width=("width", "median"))
table.round(3)

# %% [markdown]
# With few series the share itself is uncertain. Its interval, taking each series as one draw:

# %%
by_series = answers.groupby(["world", "method", "series_id"])["held"].mean()
mean = by_series.groupby(["world", "method"]).mean()
error = by_series.groupby(["world", "method"]).std() / np.sqrt(SERIES)
doubt = pd.DataFrame(
    {"covered": mean, "low": mean - 1.96 * error, "high": (mean + 1.96 * error).clip(upper=1)}
)
drawn = doubt.reset_index()
base = alt.Chart(drawn).encode(
    y=alt.Y("method:N", title=None),
    color=alt.Color("method:N", scale=alt.Scale(range=["#d55e00", "#0072b2"]), legend=None),
)
x = alt.Scale(domain=[0.4, 1.0])
bars = base.mark_rule(strokeWidth=2).encode(
    x=alt.X("low:Q", scale=x, title="share of 95 % intervals that hold the truth"), x2="high:Q"
)
dots = base.mark_point(filled=True, size=60).encode(x=alt.X("covered:Q", scale=x))
goal = alt.Chart(drawn).mark_rule(strokeDash=[4, 3]).encode(x=alt.datum(0.95))
alt.layer(goal, bars, dots, data=drawn).properties(width=420, height=50).facet(
    row=alt.Row("world:N", title=None)
)

# %% [markdown]
# The joint model holds what it promises within the doubt of so few series. The usual intervals are too short wherever the noise
# remembers: they look more exact because they are wrong.

# %%
own = doubt.xs("joint model", level="method")
assert (own["high"] >= 0.95).all(), "no world is below the promise by more than its sampling error"
assert doubt.loc[("AR(1) of 0.7", "OLS, Newey-West"), "high"] < 0.95

# %% [markdown]
# ## Does the search invent breaks?
#
# Series with season and AR(1) noise but no event. The sized procedure tests at 5 %; the information criterion that is
# often used instead has no such promise.

# %%
searched = []
for number in range(0, 48, 2):  # odd numbers mirror even ones, and find breaks at the same dates
    quiet = analysis.TradeSeries.from_values(MONTHS, list(made("AR(1) of 0.7", number, effects={})))
    found = analysis.find_breaks(quiet, max_breaks=2).to_record()
    searched.append({"sized procedure": found["n_breaks"] > 0, "BIC": found["selection"]["bic"] > 0})
rates = (
    pd.DataFrame(searched)
    .agg(["sum", "count"])
    .T.rename(columns={"sum": "found a break", "count": "series without one"})
)
rates

# %%
assert rates.loc["sized procedure", "found a break"] < rates.loc["BIC", "found a break"]

# %% [markdown]
# A random walk is another matter: its level does move. The search finds "breaks" in most such series, and every answer therefore says
# whether steps describe the series better than a wandering level.

# %%
wandering = analysis.TradeSeries.from_values(MONTHS, list(made("white noise and random walk", 4, effects={})))
answer = analysis.find_breaks(wandering, max_breaks=2).to_record()
{"breaks found": answer["n_breaks"], "wandering level": answer["wandering_level"]}
