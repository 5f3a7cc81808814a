"""What stands behind (or, for money, before) a number: percent, degrees, units and words of things counted."""

import re
from dataclasses import dataclass
from fractions import Fraction

_KINDS: dict[str, dict[Fraction, str]] = {
    "length": {
        Fraction(1): "m meter meters metre metres",
        Fraction(1, 100): "cm centimeter centimeters centimetre centimetres",
        Fraction(1, 1000): "mm millimeter millimeters millimetre millimetres",
        Fraction(1000): "km kilometer kilometers kilometre kilometres",
        Fraction("0.0254"): "in inch inches",
        Fraction("0.3048"): "ft foot feet",
        Fraction("0.9144"): "yd yard yards",
        Fraction("1609.344"): "mi mile miles",
    },
    "mass": {
        Fraction(1): "g gram grams",
        Fraction(1000): "kg kilogram kilograms kilo kilos",
        Fraction(1, 1000): "mg milligram milligrams",
        Fraction("453.59237"): "lb lbs pound pounds",
        Fraction("28.349523125"): "oz ounce ounces",
    },
    "volume": {
        Fraction(1): "l liter liters litre litres",
        Fraction(1, 1000): "ml milliliter milliliters millilitre millilitres",
    },
    "time": {
        Fraction(1): "s sec secs second seconds",
        Fraction(60): "min mins minute minutes",
        Fraction(3600): "h hr hrs hour hours",
        Fraction(86400): "day days",
        Fraction(604800): "week weeks",
    },
    "dollars": {Fraction(1): "$ dollar dollars usd", Fraction(1, 100): "¢ cent cents"},
    "euros": {Fraction(1): "€ euro euros eur"},
    "pounds": {Fraction(1): "£ gbp"},
    "yen": {Fraction(1): "¥ yen jpy yuan"},
    "rupees": {Fraction(1): "₹ rupee rupees rs inr"},
    "degrees": {Fraction(1): "° degree degrees deg"},
    "percent": {Fraction(1): "% percent percents pct"},
    "celsius": {Fraction(1): "°c celsius"},
    "fahrenheit": {Fraction(1): "°f fahrenheit"},
}
_KNOWN = {
    name: (kind, factor) for kind, names in _KINDS.items() for factor, row in names.items() for name in row.split()
}
_ONE_LETTER = re.compile(r"[a-zA-Z]")
_FILLING = {"a", "an", "the", "of", "each", "total", "in", "more", "per", "unit", "units"}
_FUNCTIONS = frozenset("sin cos tan cot sec csc log ln exp sqrt pi max min mod gcd lcm and or".split())  # noqa: SIM905
MONEY = "$€£¥₹"


@dataclass(frozen=True)
class Unit:
    """kind and power ('length', 2), factor to the kind's first unit; kind '' with the words of a unit that is not known."""

    kind: str
    power: int = 1
    factor: Fraction = Fraction(1)
    words: frozenset[str] = frozenset()

    def agrees(self, other: "Unit") -> bool:
        """Whether two numbers in these units can be equal at all."""
        if self.kind or other.kind:
            return (self.kind, self.power) == (other.kind, other.power)
        return self.words <= other.words or other.words <= self.words


def unit_of(text: str, *, apart: bool) -> Unit | None:
    """The unit that plain text behind a number is, or None if that is no unit but, say, a variable.

    apart: whether a space or quotes part it from the number: '5 m' is a length, '5m' is five times m.
    """
    quoted = '"' in text
    power = 1
    if raised := re.search(r"\^\{?([23])\}?\"?\s*$", text):
        power, text = int(raised[1]), text[: raised.start()]
    spoken = text.replace('"', " ").strip(" .,;").lower().replace("° ", "°")
    spoken = re.sub(r"(?<=[a-z])\s+per\s+(?=[a-z])", "/", spoken)
    names = re.findall(r"°[cf]?(?![a-z])|[%$¢€£¥₹]|[a-z]+(?:'s)?|[\u00c0-\uffff]+", spoken)
    if not names or re.sub(r"[\s\-/.]+", "", spoken) != "".join(names):
        return None
    if names[0] in ("sq", "square") and len(names) > 1:
        power, names = 2, names[1:]
    elif names[0] in ("cu", "cubic") and len(names) > 1:
        power, names = 3, names[1:]
    alone = len(names) == 1
    known = _KNOWN.get(names[0])
    if known and alone:
        if _ONE_LETTER.fullmatch(names[0]) and not (quoted or apart):
            return None
        return Unit(known[0], power, known[1] ** power)
    quotient = "/" in spoken and all(name in _KNOWN for name in names)
    if not quoted and not quotient and (not apart or any(_is_formula(name) for name in names)):
        return None
    words = frozenset(_canonical(name) for name in names if name not in _FILLING)
    known_words = [_KNOWN[name] for name in names if name in _KNOWN and len(name) > 1]
    if len(known_words) == 1 and "/" not in spoken and "per" not in names:
        return Unit(known_words[0][0], power, known_words[0][1] ** power)  # '12 dollars in total', '5 feet tall'
    return Unit("", power, words=words)


def _is_formula(name: str) -> bool:
    return name in _FUNCTIONS or (len(name) < 3 and name not in _FILLING)


def _canonical(name: str) -> str:
    kind, factor = _KNOWN.get(name, ("", Fraction(0)))
    return f"{kind} {factor}" if kind else name.removesuffix("s")
