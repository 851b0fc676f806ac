"""What a database holds, table by table, so that a test can say that nothing changed, or what did."""

from tests.builders.shop import Shop

_TABLES = """
    SELECT format('%I', table_name) FROM information_schema.tables
    WHERE table_schema = 'public' AND table_type = 'BASE TABLE' ORDER BY table_name
"""


async def fingerprint(shop: Shop) -> dict[str, str]:
    """Hash every row of every table."""
    names = [record[0] for record in await shop.fetch(_TABLES)]
    one_each = " UNION ALL ".join(
        f"SELECT '{name}', md5(coalesce(string_agg(row_::text, '|' ORDER BY row_::text), '')) FROM {name} AS row_"
        for name in names
    )
    return dict(await shop.fetch(one_each))


def changed(before: dict[str, str], after: dict[str, str]) -> list[str]:
    """Name the tables that are no longer the same."""
    return sorted(name for name in before.keys() | after.keys() if before.get(name) != after.get(name))
