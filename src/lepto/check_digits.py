"""Check digits: the last digit of a code, by which a slip of the pen in the others is found."""

from __future__ import annotations

from collections.abc import Callable

# Multiplication in the dihedral group of order ten, and the permutation that every place of a number applies once more.
_PRODUCT = tuple(
    tuple((i + j) % 5 if i < 5 and j < 5 else (i + j) % 5 + 5 if i < 5 else (i - j) % 5 + 5 if j < 5 else (i - j) % 5
          for j in range(10))
    for i in range(10)
)  # fmt: skip
_PERMUTATION = (1, 5, 7, 6, 2, 8, 3, 0, 9, 4)


def verhoeff(code: str) -> bool:
    """Whether the last digit of a SNOMED CT identifier proves the others (Release File Specification, 6.5)."""
    check = 0
    for place, digit in enumerate(reversed(code)):
        value = int(digit)
        for _ in range(place % 8):
            value = _PERMUTATION[value]
        check = _PRODUCT[check][value]
    return check == 0


def mod10(code: str) -> bool:
    """Whether the digit after the hyphen of a LOINC code proves those before it (LOINC Users' Guide, Appendix C). The
    digit of an answer (LA...) follows another rule: it proves nothing here, and the answer passes.
    """
    if not code[0].isdigit():
        return True
    digits = [int(digit) for digit in reversed(code) if digit.isdigit()]
    doubled = (sum(divmod(2 * digit, 10)) if place % 2 else digit for place, digit in enumerate(digits))
    return sum(doubled) % 10 == 0


SCHEMES: dict[str, Callable[[str], bool]] = {"mod10": mod10, "verhoeff": verhoeff}
