"""What the worker works with."""

from dataclasses import dataclass, field

from app.identity.rules.terms import LogInThrottle
from app.kernel.db import Begin
from app.payments.gateway import Gateways


@dataclass(frozen=True, slots=True)
class Means:
    """What handlers and timers work with: units of work as the system, and the payment gateways."""

    begin: Begin
    gateways: Gateways
    throttle: LogInThrottle = field(default_factory=LogInThrottle)
