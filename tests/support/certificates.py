"""Certificates of a private authority, made with openssl as an administrator makes them."""

import subprocess
from dataclasses import dataclass
from pathlib import Path

from support.tools import requires


@dataclass(frozen=True)
class Certificate:
    """A server's certificate with its private key."""

    certificate: Path
    private_key: Path


class Authority:
    """A private authority of its own, in a folder."""

    def __init__(self, folder: Path, name: str = "lab authority") -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder
        self._made = 0
        self.certificate = folder / "ca.pem"
        self._key = folder / "ca.key"
        _openssl(
            "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
            "-keyout", self._key, "-out", self.certificate, "-days", "30", "-subj", f"/CN={name}",
        )  # fmt: skip
        (folder / "index.txt").touch()
        (folder / "serial").write_text("01\n")
        (folder / "ca.cnf").write_text(
            "[ca]\ndefault_ca=lab\n[lab]\n"
            f"dir={folder}\ndatabase=$dir/index.txt\nserial=$dir/serial\nnew_certs_dir=$dir\n"
            "default_md=sha256\npolicy=any\nunique_subject=no\ncopy_extensions=copy\n"
            "[any]\ncommonName=supplied\n"
        )

    @property
    def pem(self) -> str:
        return self.certificate.read_text("ascii")

    def server(self, host: str = "IP:127.0.0.1", *, begins: str, ends: str) -> Certificate:
        """A certificate for a host, with its dates as YYYYMMDDhhmmssZ."""
        self._made += 1
        made = Certificate(
            self._folder / f"server-{self._made}.pem", self._folder / f"server-{self._made}.key"
        )
        request = self._folder / "request.csr"
        _openssl(
            "req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
            "-keyout", made.private_key, "-out", request, "-subj", "/CN=broker",
            "-addext", f"subjectAltName={host}",
        )  # fmt: skip
        _openssl(
            "ca", "-batch", "-config", self._folder / "ca.cnf", "-cert", self.certificate,
            "-keyfile", self._key, "-in", request, "-out", made.certificate, "-notext",
            "-startdate", begins, "-enddate", ends,
        )  # fmt: skip
        return made


def _openssl(*arguments: str | Path) -> None:
    command = [requires("openssl"), *map(str, arguments)]
    subprocess.run(command, check=True, capture_output=True, text=True)
