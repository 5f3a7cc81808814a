"""Addresses and tokens as people put them into variables: what can be used, and what stays on this machine."""

import ipaddress
import re
from urllib.parse import urlsplit

_VISIBLE_ASCII = re.compile(r"[!-~]*")


def bearer_token(text: str) -> str:
    """The token without white space around it (files of secrets end a line); ValueError, which does not repeat it, where no
    header can carry it.
    """
    token = text.strip()
    if not _VISIBLE_ASCII.fullmatch(token):
        raise ValueError("a token consists of letters, digits and signs of ASCII, without white space")
    return token


def web_address(text: str) -> str:
    """An http(s) URL without white space and slashes around its end, or nothing; ValueError for anything else."""
    address = text.strip().rstrip("/")
    try:
        parts = urlsplit(address)
        usable = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        usable = False
    if address and not usable:
        raise ValueError("it takes an address such as http://127.0.0.1:8765, beginning with http:// or https://")
    return address


def is_loopback(host: str | None) -> bool:
    """Whether a host's name or address, brackets allowed, means this machine."""
    if host is None:
        return False
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host.lower().rstrip(".") == "localhost"


def stays_here(url: str) -> bool:
    """Whether a URL leads to this machine, where no proxy has anything to do."""
    try:
        return is_loopback(urlsplit(url).hostname)
    except ValueError:
        return False
