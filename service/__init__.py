"""The web service and the ``tradebreaks`` command over :mod:`analysis`."""
