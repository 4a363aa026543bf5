"""The commands that the service adds to those of the library."""

from service.commands.records import COMMANDS

__all__ = ["COMMANDS"]
