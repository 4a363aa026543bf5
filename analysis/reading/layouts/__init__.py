"""Files of flows between economies, by layout: UN Comtrade and the IMF; nothing here opens a connection."""

from analysis.reading.layouts.comtrade import read_comtrade
from analysis.reading.layouts.flows import TradeFlows
from analysis.reading.layouts.imf import read_imf

__all__ = ["TradeFlows", "read_comtrade", "read_imf"]
