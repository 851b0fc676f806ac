"""Deciding where units come from: for what is shipped, and for a whole cart."""

from app.sourcing.service.deciding import Decided, decide, record_decision, replan
from app.sourcing.service.whole import lapsed_units, own_units, source

__all__ = ["Decided", "decide", "lapsed_units", "own_units", "record_decision", "replan", "source"]
