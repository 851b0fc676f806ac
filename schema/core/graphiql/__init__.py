"""The GraphiQL page at `/` and the files it loads, all from this package: a browser asks no other host.

`PAGE` is the HTML; `FILES` is what `/graphiql` serves. The page names both `graphiql/…` and `graphql`
relative to itself, so it also works behind a path prefix. `static/VERSIONS.txt` says how to renew the files.
"""

from pathlib import Path
from typing import Final

_HERE: Final = Path(__file__).resolve().parent

FILES: Final[Path] = _HERE / "static"
PAGE: Final[str] = (_HERE / "index.html").read_text(encoding="utf-8")
