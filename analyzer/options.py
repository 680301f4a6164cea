"""Options that several commands of `sacmes-analyzer` have in common."""

from typing import Annotated

import typer

StoreOption = Annotated[
    str | None,
    typer.Option(
        "--store",
        envvar="SACMES_STORE",
        help="URL of the store: sqlite:////path/store.sqlite or "
        "postgresql+psycopg://user@host/database; the password better in PGPASSWORD or ~/.pgpass. "
        "[default: SQLite in the home folder]",
        show_default=False,
    ),
]
