"""What is declared: the lifecycle, and how a Jira project expresses it.

`load` reads a mapping file into a frozen `Mapping`; `check` finds the contradictions that no single value shows.
"""

from mappings.load import MappingError, load, shipped
from mappings.model import Mapping

__all__ = ["Mapping", "MappingError", "load", "shipped"]
