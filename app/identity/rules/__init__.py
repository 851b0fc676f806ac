"""The pure core of identity: roles and what they allow, the terms of tokens and log-ins, and access tokens themselves.

Nothing is gathered here, because settings need the terms without the library that signs tokens.
"""
