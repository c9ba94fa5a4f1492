"""Which addresses letters and parcels can be sent to; what is wrong is said field by field."""

from __future__ import annotations

import re
from collections.abc import Iterator

from monolith.shipping.contract import Address, AddressInvalid

LENGTHS = {"name": 100, "line1": 100, "line2": 100, "city": 80, "region": 60, "postal_code": 16}
ORIGIN = Address(
    name="Strangler Shop", line1="12 Harbor Street", city="Newark", region="NJ", postal_code="07114", country="US"
)
"""Where parcels leave, and come back to, when nothing else is said."""
_POSTAL = {
    "AT": r"\d{4}", "AU": r"\d{4}", "BE": r"\d{4}", "CA": r"[A-Z]\d[A-Z] ?\d[A-Z]\d", "CH": r"\d{4}",
    "CZ": r"\d{3} ?\d{2}", "DE": r"\d{5}", "DK": r"\d{4}", "ES": r"\d{5}", "FI": r"\d{5}", "FR": r"\d{5}",
    "GB": r"[A-Z]{1,2}\d[A-Z\d]? ?\d[A-Z]{2}", "IT": r"\d{5}", "JP": r"\d{3}-?\d{4}", "NL": r"\d{4} ?[A-Z]{2}",
    "NO": r"\d{4}", "NZ": r"\d{4}", "PL": r"\d{2}-\d{3}", "PT": r"\d{4}-\d{3}", "SE": r"\d{3} ?\d{2}",
    "US": r"\d{5}(-\d{4})?",
}  # fmt: skip
_REGION_REQUIRED = {"AU", "CA", "US"}
_COUNTRY = re.compile(r"[A-Z]{2}")
_CONTROL = re.compile("[\x00-\x1f\x7f\ud800-\udfff]")

Fault = tuple[str, str, str]
"""Field, code, and what to do about it."""


def check(address: Address, *, within: str = "to") -> None:
    """
    Let an address pass that a carrier could find.

    Raises:
        AddressInvalid: with everything that is wrong.
    """
    if faults := list(_faults(address)):
        invalid = [{"field": f"{within}.{field}", "code": code, "detail": detail} for field, code, detail in faults]
        raise AddressInvalid(" ".join(fault[2] for fault in faults), invalid=invalid)


def comparable(postal_code: str) -> str:
    """Return a postal code as patterns see it: no blanks, no hyphens, capital letters."""
    return postal_code.replace(" ", "").replace("-", "").upper()


def matches(postal_code: str, pattern: str) -> bool:
    """
    Whether a pattern covers a postal code.

    Args:
        pattern: `90210`, a beginning such as `902*`, or a range of beginnings such as `900-915`, ends included; a code
            is written without its own hyphen.
    """
    code = comparable(postal_code)
    if pattern.endswith("*"):
        return code.startswith(comparable(pattern[:-1]))
    first, dash, last = pattern.partition("-")
    low = comparable(first)
    if not dash:
        return code == low
    start = code[: len(low)]
    return len(start) == len(low) and low <= start <= comparable(last)


def _faults(address: Address) -> Iterator[Fault]:
    for field in ("name", "line1", "city"):
        if not getattr(address, field).strip():
            yield field, "required", f"Give {field}."
    for field, most in LENGTHS.items():
        text = getattr(address, field)
        if len(text) > most:
            yield field, "too_long", f"{field} has at most {most} characters."
        elif _CONTROL.search(text):
            yield field, "invalid", f"{field} is one line of text."
    yield from _faults_of_country(address)


def _faults_of_country(address: Address) -> Iterator[Fault]:
    country = address.country
    if not _COUNTRY.fullmatch(country):
        yield "country", "invalid", "country is two capital letters (ISO 3166-1), such as US."
        return
    if country in _REGION_REQUIRED and not address.region.strip():
        yield "region", "required", f"Addresses in {country} have a state or province: give region."
    pattern = _POSTAL.get(country)
    if pattern is None or len(address.postal_code) > LENGTHS["postal_code"]:
        return
    if not address.postal_code.strip():
        yield "postal_code", "required", f"Addresses in {country} have a postal code."
    elif not re.fullmatch(pattern, address.postal_code.strip().upper(), re.ASCII):
        yield "postal_code", "invalid", f"This is no postal code of {country}."
