"""Options that several commands of `sacmes-analyzer` have in common."""

import os
from pathlib import Path
from typing import Annotated, Final

import typer

from sacmes_core.shell import read_secret

PASSWORD_FILE: Final = "SACMES_STORE_PASSWORD_FILE"
"""Names a file with the password of the store, as containers have their secrets."""

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
AlertWebhookOption = Annotated[
    str | None,
    typer.Option(
        "--alert-webhook",
        envvar="SACMES_ALERT_WEBHOOK",
        help="Web address that is sent a JSON document for each new alert, signed with "
        "SACMES_ALERT_WEBHOOK_SECRET where that is set. [default: none]",
        show_default=False,
        show_envvar=True,
    ),
]
QuotaBytesOption = Annotated[
    float | None,
    typer.Option(
        "--quota-gb",
        envvar="SACMES_QUOTA_GB",
        min=0.0,
        help="Room for the compressed scans of each user, in GB. [default: no limit]",
        show_default=False,
    ),
]
QuotaSessionsOption = Annotated[
    int | None,
    typer.Option(
        "--quota-sessions",
        envvar="SACMES_QUOTA_SESSIONS",
        min=0,
        help="How many sessions each user may have. [default: no limit]",
        show_default=False,
    ),
]
HttpOption = Annotated[
    str | None,
    typer.Option(
        "--http",
        metavar="HOST:PORT",
        envvar="SACMES_HTTP",
        help="Where /healthz, /readyz and /metrics answer, for example 127.0.0.1:9464; whoever "
        "reaches it reads them without a key. [default: nowhere]",
        show_default=False,
    ),
]


def store_url(given: str | None, home: Path) -> str:
    """The store that is meant: the given one, else SQLite in the home folder.

    Raises
    ------
    ConfigError
        If it is none, or the file with its password cannot be read.
    """
    from analyzer.store.engines import home_url, with_password

    file = os.environ.get(PASSWORD_FILE)
    url = given or home_url(home)
    return with_password(url, read_secret(Path(file))) if given and file else url
