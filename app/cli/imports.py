"""Commands that take in files which others wrote.

They leave with 0 when every row was taken, with 1 when some were refused, and with 2 when the file or what was said about
it is of no use.
"""

from pathlib import Path
from typing import Annotated

import typer

from app.cli.dispatch import DataDirectory, perform

_File = Annotated[Path, typer.Argument(help="CSV, JSON or JSONL, in UTF-8.", show_default=False)]
_Map = Annotated[
    list[str] | None,
    typer.Option("--map", metavar="FIELD=COLUMN", help="What feeds a field: sku=StockCode, country:=US, weight= (nothing).",
                 show_default=False),
]  # fmt: skip
_Mapping = Annotated[
    Path | None,
    typer.Option("--mapping", help="A file of such pairs, one on each line, or a JSON object.", show_default=False),
]
_Format = Annotated[
    str | None,
    typer.Option("--format", help="csv, json or jsonl, where the name of the file does not say.", show_default=False),
]
_DryRun = Annotated[bool, typer.Option("--dry-run", help="Say what would become of every row, and keep nothing.")]
_Chunk = Annotated[int, typer.Option("--chunk", help="Rows in one transaction.", min=1, max=10_000)]
_FromRow = Annotated[int, typer.Option("--from-row", help="Pass over the rows before this one.", min=1)]
_Report = Annotated[
    Path | None,
    typer.Option("--report", help="Write every refusal and note to this file, as JSONL.", show_default=False),
]
_IgnoreCase = Annotated[bool, typer.Option("--ignore-case", help="Take 85123a and 85123A for the same SKU.")]


def register(cli: typer.Typer) -> None:
    """Add these commands."""
    imports = typer.Typer(help="Take in files of products, stores, stock and postal codes.", no_args_is_help=True)
    imports.command("products")(products)
    imports.command("stores")(stores)
    imports.command("stock")(stock)
    imports.command("postcodes")(postcodes)
    cli.add_typer(imports, name="import")


def products(
    file: _File,
    pairs: _Map = None,
    mapping: _Mapping = None,
    file_format: _Format = None,
    channel: Annotated[
        str | None, typer.Option(help="Where the prices hold; the default channel.", show_default=False)
    ] = None,
    currency: Annotated[str | None, typer.Option(help="Of the prices; the channel's.", show_default=False)] = None,
    chunk: _Chunk = 500,
    from_row: _FromRow = 1,
    report: _Report = None,
    data_dir: DataDirectory = None,
    *,
    ignore_case: _IgnoreCase = False,
    skip_services: Annotated[
        bool, typer.Option("--skip-services", help="Refuse codes for postage, fees and vouchers, such as POST and DOT.")
    ] = False,
    keep_notes: Annotated[
        bool, typer.Option("--keep-notes", help="Take names that look like notes about stock, such as 'damaged'.")
    ] = False,
    dry_run: _DryRun = False,
) -> None:
    """Bring in products with their prices, or change them, each by its SKU. A file of invoices will do.

    Running it again changes nothing, so that is how to go on after it broke off.
    """
    perform(
        "imports", "products", file=file, pairs=pairs or [], mapping=mapping, file_format=file_format, channel=channel,
        currency=currency, chunk=chunk, from_row=from_row, report=report, data_dir=data_dir, ignore_case=ignore_case,
        skip_services=skip_services, keep_notes=keep_notes, dry_run=dry_run,
    )  # fmt: skip


def stores(
    file: _File,
    pairs: _Map = None,
    mapping: _Mapping = None,
    file_format: _Format = None,
    channel: Annotated[
        list[str] | None,
        typer.Option(
            help="For which channel they hand out; may be said several times; the default channel.", show_default=False
        ),
    ] = None,
    timezone: Annotated[
        str | None,
        typer.Option(help="Of stores whose row tells neither a time zone nor coordinates.", show_default=False),
    ] = None,
    chunk: _Chunk = 500,
    from_row: _FromRow = 1,
    report: _Report = None,
    data_dir: DataDirectory = None,
    *,
    ships: Annotated[bool, typer.Option("--ships", help="They ship for the channels too.")] = False,
    dry_run: _DryRun = False,
) -> None:
    """Open stores with hours and time zones, or change them, each by its code. Running it again changes nothing."""
    perform(
        "imports", "stores", file=file, pairs=pairs or [], mapping=mapping, file_format=file_format, channels=channel or [],
        timezone=timezone, chunk=chunk, from_row=from_row, report=report, data_dir=data_dir, ships=ships, dry_run=dry_run,
    )  # fmt: skip


def stock(
    file: _File,
    pairs: _Map = None,
    mapping: _Mapping = None,
    file_format: _Format = None,
    chunk: _Chunk = 2_000,
    from_row: _FromRow = 1,
    report: _Report = None,
    data_dir: DataDirectory = None,
    *,
    delta: Annotated[
        bool, typer.Option("--delta", help="The numbers are units that came or went, not units that are there.")
    ] = False,
    again: Annotated[
        bool, typer.Option("--again", help="Take the changes of a file that were taken before once more.")
    ] = False,
    ignore_case: _IgnoreCase = False,
    dry_run: _DryRun = False,
) -> None:
    """Set the stock of SKUs at locations, or change it. A row that would break a promise to a customer is refused.

    A snapshot may be run again. Changes count once: a file that broke off goes on where it was, and one that was
    taken is refused unless it is meant --again.
    """
    perform(
        "imports", "stock", file=file, pairs=pairs or [], mapping=mapping, file_format=file_format, chunk=chunk,
        from_row=from_row, report=report, data_dir=data_dir, delta=delta, again=again, ignore_case=ignore_case,
        dry_run=dry_run,
    )  # fmt: skip


def postcodes(
    file: _File,
    pairs: _Map = None,
    mapping: _Mapping = None,
    file_format: _Format = None,
    chunk: _Chunk = 5_000,
    from_row: _FromRow = 1,
    report: _Report = None,
    data_dir: DataDirectory = None,
    *,
    geonames: Annotated[
        bool, typer.Option("--geonames", help="The file is what GeoNames exports of postal codes: tabs, no header.")
    ] = False,
    dry_run: _DryRun = False,
) -> None:
    """Say where postal codes are, so that stores near them are found without a network. Those of the US are known already.

    Running it again changes nothing. What is imported goes before what is known already.
    """
    perform(
        "imports", "postcodes", file=file, pairs=pairs or [], mapping=mapping,
        file_format="geonames" if geonames else file_format, chunk=chunk, from_row=from_row, report=report,
        data_dir=data_dir, dry_run=dry_run,
    )  # fmt: skip
