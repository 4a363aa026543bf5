"""The simulated worlds in which every contribution is known.

In most worlds the noise of every series is drawn from what the model integrates over: the share of the AR(1)
part, its coefficient, and the random walk beside it. There a 95 % interval of any row is to hold the truth in
95 of 100 series. In the others the noise is held at one value, on which no interval can know to rely, and the
growth may turn in ways that no prior of the model has.
"""

from __future__ import annotations

from dataclasses import replace

from benchmarks.simulated_trade import ContributionWorld, Noise, Planted

STEPS = (Planted("ban", "2014-04-01", -0.5), Planted("stop", "2016-10-11", -0.9))
MONTH_APART = (Planted("first", "2016-03-01", -0.6), Planted("second", "2016-04-01", -0.5))
FIVE = (
    Planted("first", "2016-04-01", -0.2),
    Planted("second", "2017-01-01", -0.5),
    Planted("third", "2017-09-01", -0.4),
    Planted("fourth", "2018-02-01", -0.6),
    Planted("closure", "2020-02-01", -1.2),
)
"""Four events of one cluster, whose node is April 2015 to March 2016, and one of another."""
ANNUAL_FIVE = (
    Planted("first", "2016-01-01", -0.2),
    Planted("second", "2017-01-01", -0.6),
    Planted("third", "2018-01-01", -0.6),
    Planted("closure", "2020-01-01", -1.2),
    Planted("opening", "2023-01-01", 0.8),
)
GROWTHS: tuple[tuple[str, str, tuple[tuple[str, float], ...]], ...] = (
    ("flat", "no growth", (("2010-01", 0.0),)),
    ("ten", "growth of 10 % a year throughout", (("2010-01", 10.0),)),
    ("stops", "growth of 20 % a year until April 2014, then none", (("2010-01", 20.0), ("2014-04", 0.0))),
    ("turns", "growth of 20 % a year until April 2014, then -10 %", (("2010-01", 20.0), ("2014-04", -10.0))),
)
ANNUAL_GROWTHS: tuple[tuple[str, str, tuple[tuple[str, float], ...]], ...] = (
    ("flat", "no growth", (("1991", 0.0),)),
    ("six", "growth of 6 % a year throughout", (("1991", 6.0),)),
    ("turns", "growth of 8 % a year that turns to -5 % in 2014", (("1991", 8.0), ("2014", -5.0))),
)
MILD = Noise(0.15, 0.5)
_LISTED = (
    ContributionWorld("steps", "two steps, one of them in mid-month", STEPS, "2013", "2018"),
    ContributionWorld(
        "gradual",
        "a gradual step, its decay unknown, and a step; the later window lies in the transition and holds "
        "other months than the earlier",
        (Planted("early", "2012-06-01", -0.3), Planted("ban", "2014-06-01", -1.0, "gradual", 0.8)),
        "2011",
        "2014-09..2015-02",
    ),
    ContributionWorld(
        "price",
        "a price that falls, as a control, and a step",
        (Planted("ban", "2016-03-01", -0.6),),
        "2013",
        "2018",
        price=0.25,
    ),
    ContributionWorld(
        "overlap",
        "two steps two months apart and a third; more noise, so that some answers group the two",
        (
            Planted("early", "2013-02-01", -0.3),
            Planted("first", "2016-03-01", -0.6),
            Planted("second", "2016-05-01", -0.5),
        ),
        "2012",
        "2018",
        spread=0.6,
    ),
    ContributionWorld(
        "same_month",
        "two steps in the same month, of which only the sum is known, and a third",
        (
            Planted("early", "2013-02-01", -0.3),
            Planted("first", "2016-03-01", -0.6),
            Planted("second", "2016-03-01", -0.5),
        ),
        "2012",
        "2018",
    ),
    ContributionWorld(
        "datings",
        "five resolutions of the catalogue; each series follows one of the three datings, which the model "
        "does not know",
        (
            Planted("unscr_2270", "", -0.2),
            Planted("unscr_2321", "", -0.4),
            Planted("unscr_2371", "", -0.5),
            Planted("unscr_2375", "", -0.4),
            Planted("unscr_2397", "", -0.6),
        ),
        "2015",
        "2018",
        dated=True,
    ),
    ContributionWorld(
        "new_year",
        "a step, and Chinese New Year, which falls on other days in the two Februaries compared",
        (Planted("ban", "2014-04-01", -0.5),),
        "2013-02",
        "2017-02",
        new_year=True,
    ),
    ContributionWorld(
        "annual",
        "34 years, a step of one year and two events of another",
        (
            Planted("early", "2006-01-01", -0.5),
            Planted("first", "2015-01-01", -0.4),
            Planted("second", "2015-01-01", -0.4),
        ),
        "2004",
        "2018",
        first="1989",
        length=34,
    ),
    ContributionWorld(
        "month_30", "two steps one month apart; white noise .3", MONTH_APART, "2014", "2018", Noise(0.3)
    ),
    ContributionWorld(
        "month_10", "two steps one month apart; white noise .1", MONTH_APART, "2014", "2018", Noise(0.1)
    ),
    ContributionWorld(
        "memory", "the steps of the first world; AR(1) .5, sd .15", STEPS, "2013", "2018", Noise(0.15, 0.5)
    ),
    ContributionWorld(
        "walk",
        "the same steps; white noise .12 and a random walk of steps .025",
        STEPS,
        "2013",
        "2018",
        Noise(0.12, walk=0.025),
    ),
    *(
        ContributionWorld(
            f"{name}_{'walk' if walk else 'still'}",
            f"{words}; five events from April 2016; AR(1) .5, sd .15"
            + (" and a random walk of steps .03" if walk else ""),
            FIVE,
            "2014",
            "2018",
            replace(MILD, walk=walk),
            length=144,
            growth=growth,
            also=(("2014", "2021"),),
        )
        for name, words, growth in GROWTHS
        for walk in (0.0, 0.03)
    ),
    ContributionWorld(
        "new_growth",
        "a lone event two years after growth of 20 % a year began; AR(1) .5, sd .15",
        (Planted("ban", "2016-04-01", -0.7),),
        "2015",
        "2018",
        MILD,
        growth=(("2010-01", 0.0), ("2014-04", 20.0), ("2016-04", 0.0)),
    ),
    ContributionWorld(
        "opposite",
        "a closure and ten months later a reopening of the same size, in one cluster; AR(1) .5, sd .15",
        (Planted("closure", "2015-02-01", -1.2), Planted("opening", "2015-12-01", 1.2)),
        "2014",
        "2017",
        MILD,
        also=(("2014", "2015-03..2015-11"),),
    ),
    ContributionWorld(
        "reopening",
        "a fall of 90 % and, two years later, a reopening two thirds back; AR(1) .5, sd .15",
        (Planted("closure", "2015-02-01", -2.3), Planted("opening", "2017-06-01", 1.9)),
        "2014",
        "2019",
        MILD,
        also=(("2016", "2019"),),
    ),
    ContributionWorld(
        "inside",
        "an event in the middle of `from`, and another; AR(1) .5, sd .15",
        (Planted("ban", "2014-07-01", -0.6), Planted("stop", "2016-10-11", -0.6)),
        "2014",
        "2018",
        MILD,
    ),
    ContributionWorld(
        "partial",
        "windows that are not whole years, months missing, the years' totals printed; AR(1) .5, sd .15",
        STEPS,
        "2013-03..2014-02",
        "2017-04..2018-03",
        MILD,
        hidden=("2013-05", "2013-06", "2018-01", "2018-02"),
        also=(("2013", "2018"),),
    ),
    ContributionWorld(
        "heavy",
        "two steps; white noise of Student's t with 4 degrees of freedom, sd .15",
        STEPS,
        "2013",
        "2018",
        Noise(0.15, dof=4),
    ),
    ContributionWorld(
        "regime",
        "two steps and a declared stretch, 2015-07 to 2017-06, whose noise is three times that of the rest",
        STEPS,
        "2013",
        "2018",
        Noise(0.12, 0.5),
        regime=("2015-07..2017-06", 3.0),
    ),
    *(
        ContributionWorld(
            f"parts_{round(10 * correlation)}",
            f"two parts with both events; AR(1) .5, sd .15, walk .02; correlation of both {correlation:g}",
            STEPS,
            "2013",
            "2018",
            Noise(0.15, 0.5, walk=0.02),
            correlation=correlation,
        )
        for correlation in (0.0, 0.3, 0.6)
    ),
    *(
        ContributionWorld(
            f"annual_{name}",
            f"34 years, {words}; five events from 2016; white noise .08 and a random walk of .05",
            ANNUAL_FIVE,
            "2015",
            "2018",
            Noise(0.08, walk=0.05),
            first="1991",
            length=34,
            growth=growth,
            also=(("2019", "2021"), ("2022", "2024")),
            trends=("local", "linear"),
        )
        for name, words, growth in ANNUAL_GROWTHS
    ),
)


WORLDS = tuple(replace(found, place=place) for place, found in enumerate(_LISTED))


def world(name: str) -> ContributionWorld:
    """Return a world by name."""
    return next(found for found in WORLDS if found.name == name)
