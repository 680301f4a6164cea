"""Checks on the way to the broker: its name, its port, and its certificate."""

import ipaddress
import socket
import ssl
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Final

from agent.doctor.findings import Finding, ok, problem, warning
from sacmes_core.address import BrokerAddress
from sacmes_core.errors import ConfigError
from sacmes_core.link import network_reason, tls_context

TIMEOUT_S: Final = 6.0
ENDS_SOON_DAYS: Final = 14

_EXPIRED, _NOT_YET = 10, 9
_OTHER_HOST: Final = (62, 64)
_UNKNOWN_AUTHORITY: Final = (2, 18, 19, 20, 21)


def check_way(address: BrokerAddress) -> Iterator[Finding]:
    """Name, port and certificate, as far as one leads to the next."""
    found = check_name(address)
    yield found
    if found.level == "problem":
        return
    found = check_port(address)
    yield found
    if found.level != "problem":
        yield check_certificate(address)


def check_name(address: BrokerAddress) -> Finding:
    """Whether the broker's name is known."""
    if _is_number(address.host):
        return ok("dns", f"{address.host} is an address; no name has to be looked up.")
    try:
        found = socket.getaddrinfo(address.host, address.port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        if isinstance(error, socket.gaierror):
            return problem("dns", network_reason(error, address))
        return problem("dns", f"{address.host} cannot be the name of a computer; check it.")
    numbers = ", ".join(dict.fromkeys(str(entry[4][0]) for entry in found))
    return ok("dns", f"{address.host} is {numbers}.")


def check_port(address: BrokerAddress) -> Finding:
    """Whether something answers at the broker's port."""
    began = time.monotonic()
    try:
        with socket.create_connection((address.host, address.port), TIMEOUT_S):
            pass
    except OSError as error:
        return problem(
            "tcp",
            f"{network_reason(error, address)} If it is, a firewall may keep port "
            f"{address.port} closed; ask whoever runs the network.",
        )
    return ok("tcp", f"{address} answers within {1e3 * (time.monotonic() - began):.0f} ms.")


def check_certificate(address: BrokerAddress) -> Finding:
    """Whether the connection is encrypted, and the certificate good for how long."""
    if not address.encrypted:
        if _is_loopback(address.host):
            return ok("tls", "Not encrypted, and need not be: the broker is on this computer.")
        return warning(
            "tls",
            "Not encrypted: whoever listens on the network reads the key and the scans. Ask the "
            "administrator for an address that begins with mqtts://.",
        )
    try:
        context = tls_context(address)
        with (
            socket.create_connection((address.host, address.port), TIMEOUT_S) as plain,
            context.wrap_socket(plain, server_hostname=address.host) as encrypted,
        ):
            ends = str((encrypted.getpeercert() or {}).get("notAfter", ""))
    except ConfigError as error:
        return problem("tls", str(error))
    except ssl.SSLCertVerificationError as error:
        return problem("tls", certificate_sentence(error, address))
    except OSError as error:
        return problem(
            "tls",
            f"{address} does not speak TLS ({error}); is it the port for mqtt:// without "
            "encryption? Ask the administrator for the encrypted one.",
        )
    return judge_end(datetime.fromtimestamp(ssl.cert_time_to_seconds(ends), UTC), datetime.now(UTC))


def judge_end(ends: datetime, now: datetime) -> Finding:
    """What it means that a good certificate ends then."""
    days = (ends - now).days
    if days < ENDS_SOON_DAYS:
        return warning(
            "tls",
            f"The certificate is good, but ends in {days} days, on {ends:%d %B %Y}; tell the "
            "administrator to renew it.",
        )
    return ok("tls", f"Encrypted; the certificate is good until {ends:%d %B %Y}.")


def certificate_sentence(error: ssl.SSLCertVerificationError, address: BrokerAddress) -> str:
    """Why a certificate is not believed, and what to do."""
    if error.verify_code == _EXPIRED:
        return (
            "The broker's certificate has expired, or this computer's clock is wrong; tell the "
            "administrator to renew it."
        )
    if error.verify_code == _NOT_YET:
        return (
            "The broker's certificate is not valid yet: most likely this computer's clock is "
            "behind. Set the clock."
        )
    if error.verify_code in _OTHER_HOST:
        return (
            f"The broker's certificate is for another name than {address.host}; use the name that "
            "the administrator gave out."
        )
    if error.verify_code in _UNKNOWN_AUTHORITY and address.ca_pem:
        return (
            "The broker's certificate is not from the authority in your connection string; ask the "
            "administrator for a new connection string."
        )
    if error.verify_code in _UNKNOWN_AUTHORITY:
        return (
            "The broker's certificate is from an authority that this computer does not know; use "
            "the administrator's connection string, which brings the authority's certificate along."
        )
    return network_reason(error, address)


def _is_number(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def _is_loopback(host: str) -> bool:
    return host == "localhost" or (_is_number(host) and ipaddress.ip_address(host).is_loopback)
