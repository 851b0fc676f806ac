"""Inputs in which what is left out stays, and null clears."""

from typing import TypeVar

import strawberry

from app.kernel.changes import LEFT_OUT, LeftOut

ValueT = TypeVar("ValueT")


def said(given: ValueT) -> ValueT | LeftOut:
    """Read a field of an input the way commands want it: left out is not the same as null."""
    return LEFT_OUT if given is strawberry.UNSET else given
