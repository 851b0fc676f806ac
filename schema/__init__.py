"""The shop window: GraphQL types, queries and mutations, and nothing that decides.

It imports services, queries, rules, states and errors of `app`; never models, never SQL.
"""
