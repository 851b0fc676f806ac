"""`stoa import postcodes`: where postal codes are, from files of others."""

from pathlib import Path

import orjson

from app.kernel.db import Database
from app.locations import queries
from app.locations.rules import PostalCode
from tests.service.integration.test_import_command import OF_NO_USE, REFUSED, TAKEN, count, stoa, written

CODES = "Country;Postcode;Lat;Lng\nGB;LS1 4AP;53.797;-1.545\ngb;ls2 7hu;53.80;-1.54\nUK;YO1 7HH;53.96;-1.08\nGB;YO1 7HH;;-1.08\n"
GEONAMES = (
    "DE\t01067\tDresden\tSachsen\tSN\t\t00\tDresden, Stadt\t14612\t51.05\t13.71\t6\n"
    "DE\t01067\tDresden\tSachsen\tSN\t\t00\tDresden, Stadt\t14612\t51.07\t13.73\t6\n"
)


async def known(database: Database, *codes: tuple[str, str]) -> set[PostalCode]:
    async with database.read() as session:
        return set(await queries.list_postal_codes(session, codes=codes))


class TestImportPostcodes:
    async def test_takes_good_rows_and_tells_of_the_others(self, dsn: str, database: Database, tmp_path: Path) -> None:
        report = tmp_path / "report.jsonl"

        result = await stoa(dsn, "postcodes", written(tmp_path / "codes.csv", CODES), "--report", report)

        assert result.exit_code == REFUSED
        assert "2 postal codes taken: 2 new" in result.output
        told = [orjson.loads(line) for line in report.read_bytes().splitlines()]
        assert [(line["row"], line["field"], line["value"]) for line in told] == [
            (4, "country", "UK"),
            (5, "latitude", ""),
        ]
        assert await known(database, ("GB", "LS14AP"), ("GB", "LS27HU")) == {
            PostalCode("GB", "LS14AP", 53.797, -1.545),
            PostalCode("GB", "LS27HU", 53.80, -1.54),
        }

    async def test_takes_files_of_geonames(self, dsn: str, database: Database, tmp_path: Path) -> None:
        result = await stoa(dsn, "postcodes", written(tmp_path / "DE.txt", GEONAMES), "--geonames")

        assert result.exit_code == TAKEN
        assert "2 rows speak of 1 postal codes" in result.output
        assert await known(database, ("DE", "01067")) == {PostalCode("DE", "01067", 51.06, 13.72)}

    async def test_maps_columns_as_other_imports_do(self, dsn: str, database: Database, tmp_path: Path) -> None:
        file = written(tmp_path / "codes.csv", "name,y,x\n75001,48.86,2.34\n")

        result = await stoa(
            dsn, "postcodes", file, "--map", "code=name", "--map", "country:=FR", "--map", "latitude=y", "--map", "longitude=x"
        )  # fmt: skip

        assert result.exit_code == TAKEN
        assert await known(database, ("FR", "75001")) == {PostalCode("FR", "75001", 48.86, 2.34)}

    async def test_changes_nothing_twice_and_keeps_what_others_said(
        self, dsn: str, database: Database, tmp_path: Path
    ) -> None:
        file = tmp_path / "codes.csv"
        await stoa(dsn, "postcodes", written(file, "country,code,lat,lon\nGB,A,1,1\nGB,B,2,2\n"))

        again = await stoa(dsn, "postcodes", file, "--chunk", "1")
        moved = await stoa(dsn, "postcodes", written(file, "country,code,lat,lon\nGB,B,3,3\n"))

        assert "2 as they were" in again.output
        assert "1 changed" in moved.output
        assert await known(database, ("GB", "A"), ("GB", "B")) == {
            PostalCode("GB", "A", 1, 1),
            PostalCode("GB", "B", 3, 3),
        }

    async def test_keeps_nothing_of_a_dry_run(self, dsn: str, database: Database, tmp_path: Path) -> None:
        result = await stoa(dsn, "postcodes", written(tmp_path / "DE.txt", GEONAMES), "--geonames", "--dry-run")

        assert (result.exit_code, await count(database, "postal_codes")) == (TAKEN, 0)
        assert "1 postal codes would be taken: 1 new" in result.output

    async def test_is_of_no_use_without_its_columns(self, dsn: str, tmp_path: Path) -> None:
        result = await stoa(dsn, "postcodes", written(tmp_path / "codes.csv", "country,code\nGB,A\n"))

        assert (result.exit_code, result.orderly) == (OF_NO_USE, True)
        assert "no column looks like latitude" in result.output
