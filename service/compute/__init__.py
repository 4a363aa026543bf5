"""Computing in processes of their own, so that a long question slows no reader and can be stopped."""

from service.compute.pool import Computed, Pool

__all__ = ["Computed", "Pool"]
