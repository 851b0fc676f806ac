"""Log-ins: who may enter, with which roles, and the tokens that prove it.

Invariants: passwords are kept as argon2id alone and refresh tokens as sha256 alone; a refresh token works once, and one
that comes back ends its whole family; whether an e-mail address is known is told by neither answer nor time.
"""
