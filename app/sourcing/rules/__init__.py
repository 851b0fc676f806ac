"""The pure core of sourcing: where an address is, and which locations serve a demand best."""

from app.sourcing.rules.places import Place, distance_km, locate
from app.sourcing.rules.plan import RULE, RULE_VERSION, Candidate, Demand, Part, Plan, Verdict, plan

__all__ = [
    "RULE",
    "RULE_VERSION",
    "Candidate",
    "Demand",
    "Part",
    "Place",
    "Plan",
    "Verdict",
    "distance_km",
    "locate",
    "plan",
]
