"""One order from the first look to the refund, played over HTTP and told step by step.

Invariant: it knows the public API and the demo log-ins, nothing else; whatever it says it has read from an answer.
"""

from app.demo.journey.client import ShopWindow
from app.demo.journey.play import play
from app.demo.journey.story import JourneyFailed, Story

__all__ = ["JourneyFailed", "ShopWindow", "Story", "play"]
