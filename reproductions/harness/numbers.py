"""Numbers as text."""


def significant(value: float, digits: int = 3) -> str:
    """So many significant digits, and all digits before the point: 0.0123, 310, 1,230,000.

    Numbers below 0.0001 and from a thousand million on have an exponent.
    """
    text = f"{value:.{digits}g}"
    return f"{float(text):,.10g}" if 1 <= abs(float(text)) < 1e9 else text
