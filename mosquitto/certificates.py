#!/usr/bin/env python3
"""A private authority, and the certificate that the broker and the dashboard show.

For a server that has no name on the internet, so that no public authority can vouch for it.
Agents get the authority's certificate in their connection string and trust nothing else there.
The authority's key stays in a folder of its own, which no server reads.
"""

import ipaddress
import os
import re
import secrets
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Annotated

import typer
from rights import is_root, tool, write_private

from sacmes_core.errors import ConfigError
from sacmes_core.shell import run_app

AUTHORITY_DAYS = 3650
SERVER_DAYS = 365
WARNING_DAYS = 30
DAY_S = 86_400
NAME_PATTERN = re.compile(r"(\*\.)?[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?(\.[A-Za-z0-9-]+)*")
CERTIFICATE, PRIVATE_KEY, AUTHORITY = "fullchain.pem", "privkey.pem", "ca.pem"
NEW_KEY = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes")

AUTHORITY_REQUEST = """\
[req]
distinguished_name=name
x509_extensions=authority
prompt=no
[name]
CN=sacmes authority {number}
[authority]
basicConstraints=critical,CA:TRUE,pathlen:0
keyUsage=critical,keyCertSign,cRLSign
subjectKeyIdentifier=hash
"""
SERVER_EXTENSIONS = """\
basicConstraints=critical,CA:FALSE
keyUsage=critical,digitalSignature
extendedKeyUsage=serverAuth
subjectKeyIdentifier=hash
authorityKeyIdentifier=keyid
subjectAltName={names}
"""

app = typer.Typer(no_args_is_help=True, add_completion=False, help=__doc__)

Folder = Annotated[
    Path, typer.Option("--folder", help="Where the server's certificate and key are.")
]
FOLDER = Path("/etc/mosquitto/sacmes-tls")


@app.command()
def make(
    hosts: Annotated[
        list[str] | None,
        typer.Argument(help="Names and addresses by which people reach the server."),
    ] = None,
    folder: Folder = FOLDER,
    authority: Annotated[
        Path, typer.Option(help="Where the authority is kept: not on the server, if you can.")
    ] = Path("/etc/sacmes-authority"),
    days: Annotated[int, typer.Option(min=1, max=3650)] = SERVER_DAYS,
    owner: Annotated[
        str, typer.Option(help="Who reads the key, where root makes it: a name or a number.")
    ] = "mosquitto",
) -> None:
    """Make a certificate, and the authority behind it if there is none; again to renew it.

    Without hosts the new certificate is for those of the old one.

    certificates.py make broker.example.org 192.168.1.20

    certificates.py make broker.example.org --folder certificates --owner 1883
    """
    names = subject_names(hosts) if hosts else names_in(folder / CERTIFICATE)
    if not (authority / AUTHORITY).exists():
        make_authority(authority)
    folder.mkdir(parents=True, exist_ok=True, mode=0o755)
    with tempfile.TemporaryDirectory(prefix=".new-", dir=folder) as name:
        new = Path(name)
        sign(new, authority, names, days)
        for file in (PRIVATE_KEY, CERTIFICATE, AUTHORITY):
            if is_root():
                give_to(owner, new / file)
            (new / file).replace(folder / file)
    typer.echo(f"{folder / CERTIFICATE}\t{names}")


@app.command()
def show(folder: Folder = FOLDER) -> None:
    """Say for whom the certificate is and until when; status 2 if it ends within 30 days."""
    certificate = folder / CERTIFICATE
    names = names_in(certificate)
    until = openssl("x509", "-in", certificate, "-noout", "-enddate").strip()
    typer.echo(f"{certificate}\t{names}\t{until.removeprefix('notAfter=')}")
    checked = run_openssl("x509", "-in", certificate, "-noout", "-checkend", WARNING_DAYS * DAY_S)
    if checked.returncode != 0:
        raise ConfigError(
            f"The certificate ends within {WARNING_DAYS} days: `certificates.py make` renews it."
        )


def subject_names(hosts: list[str]) -> str:
    """Build what a certificate says of its hosts; ConfigError for what is neither name nor address.

    An address with its port, or a URL, is a usual mistake.
    """
    names = []
    for host in hosts:
        try:
            names.append(f"IP:{ipaddress.ip_address(host)}")
        except ValueError:
            if not NAME_PATTERN.fullmatch(host):
                raise ConfigError(
                    f"{host!r} is neither the name of a host nor an address: "
                    "broker.example.org or 192.168.1.20, without port and mqtts://."
                ) from None
            names.append(f"DNS:{host}")
    return ",".join(dict.fromkeys(names))


def names_in(certificate: Path) -> str:
    """Read for whom a certificate is."""
    if not certificate.exists():
        raise ConfigError(
            f"There is no {certificate} yet: `certificates.py make broker.example.org` makes it."
        )
    said = openssl("x509", "-in", certificate, "-noout", "-ext", "subjectAltName")
    found = re.findall(r"(DNS|IP)(?: Address)?:([^,\s]+)", said)
    return ",".join(f"{kind}:{host}" for kind, host in found)


def make_authority(folder: Path) -> None:
    """Make a private authority; only its owner reads its folder."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    with tempfile.TemporaryDirectory(prefix=".new-", dir=folder) as name:
        new = Path(name)
        request = AUTHORITY_REQUEST.format(number=secrets.token_hex(4))
        (new / "request.cnf").write_text(request, "ascii")
        write_private(new / "ca.key", "")
        openssl(
            "req", "-x509", "-new", *NEW_KEY, "-sha256", "-days", AUTHORITY_DAYS,
            "-config", new / "request.cnf", "-keyout", new / "ca.key", "-out", new / AUTHORITY,
        )  # fmt: skip
        for file in ("ca.key", AUTHORITY):
            (new / file).replace(folder / file)


def sign(new: Path, authority: Path, names: str, days: int) -> None:
    """Make a key and a certificate in a folder, and see whether the authority stands behind it."""
    (new / "extensions").write_text(SERVER_EXTENSIONS.format(names=names), "ascii")
    write_private(new / PRIVATE_KEY, "")
    openssl(
        "req", "-new", *NEW_KEY, "-sha256", "-subj", "/CN=sacmes",
        "-keyout", new / PRIVATE_KEY, "-out", new / "request",
    )  # fmt: skip
    openssl(
        "x509", "-req", "-in", new / "request", "-CA", authority / AUTHORITY,
        "-CAkey", authority / "ca.key", "-set_serial", f"0x{secrets.token_hex(16)}",
        "-sha256", "-days", days, "-extfile", new / "extensions", "-out", new / CERTIFICATE,
    )  # fmt: skip
    openssl("verify", "-CAfile", authority / AUTHORITY, new / CERTIFICATE)
    shutil.copyfile(authority / AUTHORITY, new / AUTHORITY)


def give_to(owner: str, file: Path) -> None:
    """Make a file somebody's; ConfigError if there is nobody of that name."""
    try:
        shutil.chown(file, int(owner) if owner.isdigit() else owner)
    except LookupError:
        raise ConfigError(
            f"There is no user {owner} here: say --owner, for example 1883."
        ) from None


def openssl(*arguments: object) -> str:
    """Run openssl; ConfigError with what it says if it fails."""
    said = run_openssl(*arguments)
    if said.returncode != 0:
        raise ConfigError(f"openssl failed, and nothing was changed:\n{said.stderr.strip()}")
    return said.stdout


def run_openssl(*arguments: object) -> subprocess.CompletedProcess[str]:
    """Run openssl to its end."""
    return subprocess.run(
        [tool("openssl"), *map(str, arguments)],
        env=os.environ | {"LC_ALL": "C"},
        capture_output=True,
        text=True,
        check=False,
    )


if __name__ == "__main__":
    run_app(app)
