"""Readers of trade statistics that a caller has downloaded; nothing here opens a connection."""

from analysis.downloads.comtrade import read_comtrade
from analysis.downloads.flows import TradeFlows
from analysis.downloads.imf import read_imf

__all__ = ["TradeFlows", "read_comtrade", "read_imf"]
