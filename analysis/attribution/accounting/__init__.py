"""The accounting lens: exact arithmetic on products and partners."""

from analysis.attribution.accounting.lens import account, account_or_reason
from analysis.attribution.accounting.result import Accounting

__all__ = ["Accounting", "account", "account_or_reason"]
