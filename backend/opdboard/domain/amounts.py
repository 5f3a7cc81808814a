"""Amounts as sentences and tables tell them: short, in few digits, the same on a page, in a report and in a picture."""

import math

_MISSING = "–"


def number(value: float | None, digits: int = 4) -> str:
    """So many significant digits, and all before the point; scientific below 1e-3 and from 1e5 on."""
    if value is None:
        return _MISSING
    if not math.isfinite(value):
        return "NaN" if math.isnan(value) else "∞" if value > 0 else "−∞"
    size = abs(value)
    if value and (size < 1e-3 or size >= 1e5):
        mantissa, _, exponent = f"{value:.{max(0, digits - 2)}e}".partition("e")
        text = f"{_trimmed(mantissa)}e{int(exponent)}"
    else:
        decimals = max(0, digits - 1 - math.floor(math.log10(size))) if value else 0
        text = _trimmed(f"{value:.{decimals}f}")
    return text.replace("-", "−", 1) if text.startswith("-") else text


def count(value: float | None) -> str:
    """12,345,678 as 12.3M."""
    if value is None:
        return _MISSING
    if not math.isfinite(value) or abs(value) >= 1e15:
        return number(value)
    size, unit = abs(value), ""
    if size < 999.5:
        return number(round(value, 1), digits=5)
    for name in ("k", "M", "B", "T"):
        size, value, unit = size / 1e3, value / 1e3, name
        if size < 999.5:
            break
    return f"{number(value, 3)}{unit}"


def duration(seconds: float | None) -> str:
    """4.2 s, 1 min 05 s, 2 h 07 min, 3 d 4 h: two units at most."""
    if seconds is None or not math.isfinite(seconds):
        return _MISSING
    if seconds < 0:
        return f"−{duration(-seconds)}"
    if seconds < 9.95:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    minutes, hours = whole // 60, whole // 3600
    if whole < 60:
        return f"{whole} s"
    if minutes < 60:
        return f"{minutes} min {whole % 60:02d} s"
    return f"{hours} h {minutes % 60:02d} min" if hours < 24 else f"{hours // 24} d {hours % 24} h"


def _trimmed(decimal: str) -> str:
    """Without zeros at its end."""
    return decimal.rstrip("0").rstrip(".") if "." in decimal else decimal
