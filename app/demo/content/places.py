"""Where the demo shop is: one warehouse and thirteen stores, with real streets, hours and time zones.

The telephone numbers come from the ranges that Ofcom and ComReg keep free for fiction.
"""

from dataclasses import dataclass

from app.kernel.address import Address
from app.locations.states import LocationKind, PickupSupply

SHOP_NAME = "Stoa Supply"


@dataclass(frozen=True, slots=True)
class OpeningHours:
    """One opening. Minutes after local midnight; over 1440 when it closes on the next day. Monday is 0."""

    day: int
    opens_minute: int
    closes_minute: int


@dataclass(frozen=True, slots=True)
class Place:
    """A location. The telephone number stands in the address; coordinates are WGS 84 degrees."""

    code: str
    name: str
    kind: LocationKind
    address: Address
    latitude: float
    longitude: float
    timezone: str
    hours: tuple[OpeningHours, ...]
    pickup_enabled: bool
    pickup_lead_minutes: int
    pickup_slot_capacity: int
    pickup_hold_days: int
    pickup_supply: PickupSupply
    curbside: bool
    parking: str | None


@dataclass(frozen=True, slots=True)
class Group:
    """Locations that are spoken of together, by their codes."""

    code: str
    name: str
    location_codes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Lane:
    """A way that goods are sent from one location to another."""

    from_code: str
    to_code: str
    lead_minutes: int


def _week(*days: str) -> tuple[OpeningHours, ...]:
    """Read seven entries, Monday first: `09:30-18:00`, `10:00-01:00` past midnight, or `closed`."""
    hours = []
    for day, entry in enumerate(days):
        if entry == "closed":
            continue
        opens, closes = (_minute(clock) for clock in entry.split("-"))
        hours.append(
            OpeningHours(day=day, opens_minute=opens, closes_minute=closes if closes > opens else closes + 1440)
        )
    return tuple(hours)


def _minute(clock: str) -> int:
    hour, minute = clock.split(":")
    return int(hour) * 60 + int(minute)


def _store(
    code: str,
    city: str,
    *,
    line1: str,
    postal_code: str,
    phone: str,
    at: tuple[float, float],
    hours: tuple[OpeningHours, ...],
    lead: int,
    line2: str | None = None,
    region: str | None = None,
    country: str = "GB",
    timezone: str = "Europe/London",
    capacity: int = 12,
    pickup: bool = True,
    pickup_supply: PickupSupply = PickupSupply.OWN,
    curbside: bool = False,
    parking: str | None = None,
) -> Place:
    return Place(
        code=code,
        name=f"{SHOP_NAME} {city}",
        kind=LocationKind.STORE,
        address=Address(
            company=f"{SHOP_NAME} {city}",
            line1=line1,
            line2=line2,
            city="St Helier" if country == "JE" else city,
            region=region,
            postal_code=postal_code,
            country=country,
            phone=phone,
        ),
        latitude=at[0],
        longitude=at[1],
        timezone=timezone,
        hours=hours,
        pickup_enabled=pickup,
        pickup_lead_minutes=lead,
        pickup_slot_capacity=capacity,
        pickup_hold_days=7,
        pickup_supply=pickup_supply,
        curbside=curbside,
        parking=parking,
    )


WAREHOUSE = Place(
    code="WH-MIDLANDS",
    name=f"{SHOP_NAME} Midlands Warehouse",
    kind=LocationKind.WAREHOUSE,
    address=Address(
        company=f"{SHOP_NAME} Fulfillment",
        line1="Unit 6, Watling Court",
        line2="Magna Park",
        city="Lutterworth",
        region="Leicestershire",
        postal_code="LE17 4XW",
        country="GB",
        phone="+443069990100",
    ),
    latitude=52.4409,
    longitude=-1.2437,
    timezone="Europe/London",
    hours=_week(*["06:00-22:00"] * 5, "06:00-14:00", "closed"),
    pickup_enabled=False,
    pickup_lead_minutes=0,
    pickup_slot_capacity=1,
    pickup_hold_days=7,
    pickup_supply=PickupSupply.OWN,
    curbside=False,
    parking=None,
)

STORES: tuple[Place, ...] = (
    _store(
        "LONDON",
        "London",
        line1="84 Marylebone High Street",
        postal_code="W1U 4QW",
        phone="+442079460184",
        at=(51.5203, -0.1518),
        # A large shop in England may open for six hours on a Sunday.
        hours=_week(*["09:00-20:00"] * 5, "09:00-20:00", "12:00-18:00"),
        lead=60,
        capacity=24,
    ),
    _store(
        "MANCHESTER",
        "Manchester",
        line1="22 King Street",
        postal_code="M2 6AG",
        phone="+441614960122",
        at=(53.4812, -2.2456),
        hours=_week(*["10:00-19:00"] * 4, "10:00-01:00", "10:00-01:00", "11:30-17:30"),
        lead=60,
        capacity=20,
        parking="NCP King Street West, three minutes on foot",
    ),
    _store(
        "EDINBURGH",
        "Edinburgh",
        line1="47 George Street",
        postal_code="EH2 2HT",
        phone="+441314960147",
        at=(55.9532, -3.1990),
        hours=_week(*["09:30-18:00"] * 3, "09:30-20:00", "09:30-18:00", "09:00-18:00", "11:00-18:00"),
        lead=75,
        capacity=16,
    ),
    _store(
        "GLASGOW",
        "Glasgow",
        line1="131 Buchanan Street",
        postal_code="G1 2JA",
        phone="+441414960131",
        at=(55.8609, -4.2537),
        hours=_week(*["09:30-18:30"] * 3, "09:30-20:00", "09:30-18:30", "09:00-18:30", "11:00-18:00"),
        lead=90,
        capacity=16,
        curbside=True,
        parking="Collection bay in Mitchell Lane, ten minutes",
    ),
    _store(
        "CARDIFF",
        "Cardiff",
        line1="12 Royal Arcade",
        postal_code="CF10 1AE",
        phone="+442920180112",
        at=(51.4787, -3.1771),
        hours=_week(*["09:30-17:30"] * 6, "11:00-16:30"),
        lead=120,
        pickup_supply=PickupSupply.TRANSFER,
    ),
    _store(
        "BELFAST",
        "Belfast",
        line1="9 Arthur Street",
        postal_code="BT1 4GD",
        phone="+442896496109",
        at=(54.5981, -5.9281),
        # Large shops in Northern Ireland open from 13:00 to 18:00 on a Sunday.
        hours=_week(*["09:30-18:00"] * 3, "09:30-21:00", "09:30-18:00", "09:30-18:00", "13:00-18:00"),
        lead=120,
    ),
    _store(
        "LEEDS",
        "Leeds",
        line1="18 County Arcade",
        line2="Victoria Quarter",
        postal_code="LS1 6BN",
        phone="+441134960118",
        at=(53.7980, -1.5405),
        hours=_week(*["10:00-18:00"] * 5, "09:00-18:00", "11:00-17:00"),
        lead=90,
        pickup_supply=PickupSupply.TRANSFER,
        parking="Victoria Gate car park, two hours free with a receipt",
    ),
    _store(
        "BRISTOL",
        "Bristol",
        line1="44 Park Street",
        postal_code="BS1 5JG",
        phone="+441174960144",
        at=(51.4551, -2.6036),
        hours=_week("closed", *["10:00-18:00"] * 4, "09:30-18:00", "11:00-17:00"),
        lead=105,
        pickup_supply=PickupSupply.TRANSFER,
    ),
    _store(
        "BIRMINGHAM",
        "Birmingham",
        line1="15 Colmore Row",
        postal_code="B3 2BJ",
        phone="+441214960115",
        at=(52.4819, -1.8992),
        hours=_week(*["09:30-18:30"] * 5, "09:30-18:30", "11:00-17:00"),
        lead=45,
        capacity=20,
        curbside=True,
        parking="Two curbside bays in Barwick Street",
    ),
    _store(
        "LIVERPOOL",
        "Liverpool",
        line1="63 Bold Street",
        postal_code="L1 4EZ",
        phone="+441514960163",
        at=(53.4032, -2.9796),
        hours=_week(*["10:00-18:00"] * 5, "09:30-18:30", "11:00-17:00"),
        lead=90,
        pickup_supply=PickupSupply.TRANSFER,
    ),
    _store(
        "DUBLIN",
        "Dublin",
        line1="28 South William Street",
        postal_code="D02 K728",
        country="IE",
        timezone="Europe/Dublin",
        phone="+353209150128",
        at=(53.3425, -6.2629),
        hours=_week(*["10:00-18:30"] * 3, "10:00-20:00", "10:00-18:30", "09:30-18:30", "12:00-18:00"),
        lead=120,
        capacity=16,
        parking="Drury Street car park, opposite",
    ),
    _store(
        "GIBRALTAR",
        "Gibraltar",
        line1="96 Main Street",
        postal_code="GX11 1AA",
        country="GI",
        timezone="Europe/Gibraltar",
        phone="+448081570196",
        at=(36.1416, -5.3533),
        hours=_week(*["10:00-19:00"] * 5, "10:00-15:00", "closed"),
        lead=180,
        capacity=4,
        pickup=False,
    ),
    _store(
        "JERSEY",
        "Jersey",
        line1="40 King Street",
        region="Jersey",
        postal_code="JE2 4WE",
        country="JE",
        timezone="Europe/Jersey",
        phone="+448081570140",
        at=(49.1837, -2.1079),
        hours=_week(*["09:00-17:30"] * 6, "closed"),
        lead=150,
        capacity=8,
    ),
)

PLACES: tuple[Place, ...] = (WAREHOUSE, *STORES)

_ISLANDS = ("BELFAST", "DUBLIN", "GIBRALTAR", "JERSEY")
GROUPS: tuple[Group, ...] = (
    Group("MAINLAND", "Stores a van reaches in a day", tuple(row.code for row in STORES if row.code not in _ISLANDS)),
    Group("OVERSEAS", "Stores beyond a sea", _ISLANDS),
    Group("STORES", "Every store", tuple(store.code for store in STORES)),
)

_DAY_MINUTES = 24 * 60
#: The warehouse sends to every store on the mainland over night; two pairs of neighbors help each other out.
LANES: tuple[Lane, ...] = (
    *(Lane(WAREHOUSE.code, code, _DAY_MINUTES) for code in GROUPS[0].location_codes),
    *(Lane(WAREHOUSE.code, code, 4 * _DAY_MINUTES) for code in _ISLANDS),
    *(
        Lane(one, other, 4 * 60)
        for pair in (("MANCHESTER", "LIVERPOOL"), ("BRISTOL", "CARDIFF"))
        for one, other in (pair, pair[::-1])
    ),
)
