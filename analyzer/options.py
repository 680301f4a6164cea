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
