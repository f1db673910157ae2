"""A number with its noun, as sentences have it: '1 instance', '2 instances', '12,000 requests'."""


def counted(count: int | float, noun: str, many: str = "") -> str:
    """`many` is the plural where it is not `noun` with an s."""
    number = f"{count:,}" if isinstance(count, int) else f"{count:g}"
    return f"{number} {noun if count == 1 else many or f'{noun}s'}"
