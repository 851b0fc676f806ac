"""A shop to try everything on: its content, how it gets into a database, and a journey through it over HTTP.

Invariants: content is pure and the same for the same seed; seeding goes through the commands that everybody uses, so demo
data keeps every rule; the journey is a client like any other and sees nothing but the public API.
"""
