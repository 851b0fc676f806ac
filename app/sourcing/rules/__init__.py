"""The pure core of sourcing: which locations serve a demand best, and why the others do not."""

from app.sourcing.rules.plan import RULE, RULE_VERSION, Candidate, Demand, Part, Plan, Verdict, plan

__all__ = [
    "RULE",
    "RULE_VERSION",
    "Candidate",
    "Demand",
    "Part",
    "Plan",
    "Verdict",
    "plan",
]
