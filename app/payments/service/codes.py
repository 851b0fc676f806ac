"""Gift cards by their codes: found, asked about, and guessed no more often than a person mistypes.

Anybody may ask: the code is what authorizes them. Codes are compared by the database alone, as keyed hashes, and right and
wrong ones take the same statements. The wrong ones are counted for where they come from and for all together, and the
counts are kept although the answer is a refusal. An `origin` is whatever the door knows callers by; it is kept hashed.
"""

from collections.abc import Sequence
from datetime import datetime

import structlog

from app.kernel.db import UnitOfWork
from app.kernel.errors import DomainError
from app.kernel.permissions import Permission
from app.payments.errors import GiftCardExpired, GiftCardForeign, GiftCardUnknown, TooManyWrongCodes
from app.payments.queries import accounts as queries
from app.payments.rules import accounts as rules
from app.payments.rules.accounts import CreditAccount, GivenCode, GuessThrottle
from app.payments.states import CreditStatus

log = structlog.get_logger()

THROTTLE = GuessThrottle()


async def find(
    uow: UnitOfWork, *, codes: Sequence[GivenCode], origin: str, throttle: GuessThrottle = THROTTLE
) -> list[CreditAccount] | GiftCardUnknown:
    """Find the gift cards that somebody wants to pay with, in the order of their codes.

    The refusal of the first code that has none, with the wrong ones counted, is answered and not raised, so that it is
    committed. What is left of the cards is said by `accounts.hold`, under their locks. Raises: TooManyWrongCodes.
    """
    await refuse_if_throttled(uow, origin=origin, throttle=throttle, field=codes[0].field if codes else ())
    hashes = [rules.code_hash(uow.keys, given.code) for given in codes]
    found = await queries.find_codes(uow, hashes=hashes)
    # Of a disabled card the same is told as of one that there is not, and it counts as a guess.
    cards = [found.get(one) for one in hashes]
    known = [None if card is None or card.status is CreditStatus.DISABLED else card for card in cards]
    await count_wrong_codes(uow, origin=origin, wrong=known.count(None), throttle=throttle)
    for card, given in zip(known, codes, strict=True):
        if card is None:
            log.warning("gift card refused", reason=GiftCardUnknown.code)
            return GiftCardUnknown(field=given.field)
    return [card for card in known if card is not None]


def refuse_unusable(card: CreditAccount, given: GivenCode, *, currency: str, now: datetime) -> None:
    """Refuse a card whose time is over, or that is of another currency.

    Raises, naming the code: GiftCardExpired; GiftCardForeign.
    """
    if card.status is CreditStatus.EXPIRED or card.is_over(now):
        raise _logged(GiftCardExpired("the time of this gift card is over", field=given.field), card)
    if card.currency != currency:
        raise _logged(_foreign(card, given.field), card)


async def check(
    uow: UnitOfWork, *, code: str, currency: str | None, origin: str, throttle: GuessThrottle = THROTTLE
) -> CreditAccount | DomainError:
    """Say what is left on the gift card with this code, also when its time is over: nothing.

    A refusal that has counted a wrong code is answered and not raised, so that it is committed.
    Raises: TooManyWrongCodes.
    """
    answer = await find(uow, codes=[GivenCode(code)], origin=origin, throttle=throttle)
    if isinstance(answer, DomainError):
        return answer
    (account,) = answer
    if currency is not None and account.currency != currency:
        return _logged(_foreign(account, ("currency",)), account)
    return account


async def refuse_if_throttled(
    uow: UnitOfWork, *, origin: str, throttle: GuessThrottle = THROTTLE, field: Sequence[str] = ("code",)
) -> None:
    """Let an origin try a code, unless too many wrong ones came from it, or from everywhere.

    Locks: the origin's count, so that of many guesses at once each is judged after the one before.
    Raises: TooManyWrongCodes, which says how long to wait.
    """
    window_start = throttle.window_start(uow.now)
    guesses = await queries.lock_guesses(uow, origin_hash=_origin_hash(uow, origin), window_start=window_start)
    waits = [
        throttle.wait_seconds(started_at, uow.now)
        for failures, most, started_at in (
            (guesses.failures, throttle.failures, guesses.window_started_at),
            (guesses.failures_of_all, throttle.failures_of_all, guesses.all_started_at),
        )
        if failures >= most
    ]
    if waits:
        log.warning("gift card codes throttled", failures=guesses.failures, failures_of_all=guesses.failures_of_all)
        raise TooManyWrongCodes(max(waits), field=field)


async def count_wrong_codes(
    uow: UnitOfWork, *, origin: str, wrong: int = 1, throttle: GuessThrottle = THROTTLE
) -> None:
    """Count wrong codes. The unit has to be committed: whoever refuses answers the refusal, and raises it afterwards."""
    window_start = throttle.window_start(uow.now)
    await queries.count_wrong(uow, origin_hash=_origin_hash(uow, origin), window_start=window_start, wrong=wrong)


async def forget_guesses(uow: UnitOfWork, *, most: int, throttle: GuessThrottle = THROTTLE) -> int:
    """Forget counts of wrong codes whose window is over; answers how many.

    Raises: Forbidden.
    """
    uow.actor.require(Permission.SHOP_ADMINISTER)
    return await queries.delete_old_guesses(uow, window_start=throttle.window_start(uow.now), most=most)


def _foreign(account: CreditAccount, field: Sequence[str]) -> GiftCardForeign:
    return GiftCardForeign(f"this gift card is of {account.currency}", field=field)


def _logged(refusal: DomainError, account: CreditAccount) -> DomainError:
    log.warning("gift card refused", reason=refusal.code, account_id=str(account.id))
    return refusal


def _origin_hash(uow: UnitOfWork, origin: str) -> str:
    return uow.keys.keyed_hash("gift-card-origin", origin)
