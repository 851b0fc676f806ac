"""The pure core of sourcing: which locations serve a demand best, and why the others do not."""

from app.sourcing.rules.ahead import AheadPlan, Wish, plan_ahead, still_wanted
from app.sourcing.rules.plan import RULE, RULE_VERSION, Candidate, Demand, Part, Plan, Verdict, plan
from app.sourcing.rules.whole import Own, Sendable, Sent, Sourced, Wanted, lacking, per_shelf, per_variant, sendings

__all__ = [
    "RULE",
    "RULE_VERSION",
    "AheadPlan",
    "Candidate",
    "Demand",
    "Own",
    "Part",
    "Plan",
    "Sendable",
    "Sent",
    "Sourced",
    "Verdict",
    "Wanted",
    "Wish",
    "lacking",
    "per_shelf",
    "per_variant",
    "plan",
    "plan_ahead",
    "sendings",
    "still_wanted",
]
