"""Refusals of registrations."""

from app.kernel.errors import Conflict, Invalid


class PasswordUnfit(Invalid):
    """The password is too short or too long."""

    def __init__(self, shortest: int, longest: int) -> None:
        super().__init__(f"a password has {shortest} to {longest} characters", field=("password",))


class EmailInUse(Conflict):
    """A log-in or a customer has this e-mail address already; which of them is not told."""

    def __init__(self) -> None:
        super().__init__("this e-mail address is already in use", field=("email",))
