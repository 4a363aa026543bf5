"""The joint structural posterior of a block of one or many series, stage by stage.

`docs/methods/joint-model.md` walks through the files in order: `block` and `frame` (what the series share),
`quadratic_forms`, `marginal_likelihood`, `refinement` and `measurement_error` (the grid), `coefficients`,
`outliers`, and `fit`, which runs them. There is no sampler and no seed.
"""
