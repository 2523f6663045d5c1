/**
 * The values that tester and candidate exchange, in Python. A frame is a 4-byte big-endian length and ASCII JSON; JSON's own values stand
 * for None, bool, int, finite float and str, and every other value is an array with a tag. Nothing in a frame can run: what is not
 * plain stays with its owner and travels as a number. Both sides load this text before their own.
 */
export const pythonWire = `
import os, sys

try:
    from _json import make_encoder, make_scanner, encode_basestring_ascii

    class _Reading:
        strict = False
        object_hook = object_pairs_hook = None
        parse_float = float
        parse_int = int
        parse_constant = None
        memo = {}

    _scan = make_scanner(_Reading)
    _dump = make_encoder(None, None, encode_basestring_ascii, None, ":", ",", False, False, False)

    def to_json(value):
        return "".join(_dump(value, 0))

    def from_json(text):
        value, end = _scan(text, 0)
        if end != len(text):
            raise ValueError("trailing data")
        return value
except (ImportError, TypeError, AttributeError):
    import json

    def to_json(value):
        return json.dumps(value, separators=(",", ":"), allow_nan=False)

    from_json = json.loads

MAX_FRAME = 1 << 25


class Closed(BaseException):
    """The other side is gone."""


def read_exactly(fd, count):
    parts = []
    while count:
        part = os.read(fd, min(count, 1 << 20))
        if not part:
            raise Closed()
        parts.append(part)
        count -= len(part)
    return b"".join(parts)


def read_frame(read):
    """The next value of a stream of frames; read(count) gives exactly that many bytes."""
    size = int.from_bytes(read(4), "big")
    if size > MAX_FRAME:
        raise Closed("a value of more than %d bytes" % MAX_FRAME)
    try:
        return from_json(read(size).decode("ascii"))
    except (ValueError, StopIteration, RecursionError, UnicodeError) as error:
        raise Closed("a malformed frame") from error


def frame_of(value):
    data = to_json(value).encode("ascii")
    if len(data) > MAX_FRAME:
        raise OverflowError("a value of more than %d bytes" % MAX_FRAME)
    return len(data).to_bytes(4, "big") + data


def write_all(fd, data):
    data = memoryview(data)
    while data:
        try:
            data = data[os.write(fd, data):]
        except BrokenPipeError:
            raise Closed() from None


BUILTIN_TYPES = {
    each.__name__: each
    for each in (bool, int, float, complex, str, bytes, bytearray, list, tuple, dict, set, frozenset, range, slice, object, type, type(None))
}
BUILTIN_ERRORS = {
    name: each
    for name, each in vars(__import__("builtins")).items()
    if isinstance(each, type) and issubclass(each, BaseException) and each.__name__ == name
}
NOT_FINITE = {"nan": float("nan"), "inf": float("inf"), "-inf": float("-inf")}
DATES = ("date", "datetime", "time", "timedelta")


def _loaded(module, name):
    return getattr(sys.modules.get(module), name, None)


def pack(value, other):
    """A value as JSON. What is not plain is left to other(value)."""
    kind = type(value)
    if value is None or kind is bool or kind is str:
        return value
    if kind is int:
        return value if -(1 << 63) <= value < 1 << 63 else ["i", hex(value)]
    if kind is float:
        return value if value - value == 0 else ["n", repr(value)]
    if kind is list:
        return ["l", *[pack(each, other) for each in value]]
    if kind is tuple:
        return ["t", *[pack(each, other) for each in value]]
    if kind is dict:
        return ["d", *[pack(each, other) for pair in value.items() for each in pair]]
    if kind is set or kind is frozenset:
        return ["s" if kind is set else "z", *[pack(each, other) for each in value]]
    if kind is bytes or kind is bytearray:
        return ["b" if kind is bytes else "B", value.hex()]
    if kind is complex:
        return ["c", pack(value.real, other), pack(value.imag, other)]
    if kind is range:
        return ["R", *[pack(each, other) for each in (value.start, value.stop, value.step)]]
    if kind is slice:
        return ["S", *[pack(each, other) for each in (value.start, value.stop, value.step)]]
    if value is Ellipsis or value is NotImplemented:
        return ["."] if value is Ellipsis else ["!"]
    if kind is type and BUILTIN_TYPES.get(value.__name__) is value:
        return ["T", value.__name__]
    if kind is _loaded("decimal", "Decimal"):
        return ["D", str(value)]
    if kind is _loaded("fractions", "Fraction"):
        return ["F", pack(value.numerator, other), pack(value.denominator, other)]
    if kind is _loaded("collections", "deque"):
        return ["q", value.maxlen, *[pack(each, other) for each in value]]
    if kind is _loaded("collections", "OrderedDict") or kind is _loaded("collections", "Counter"):
        return ["C", kind.__name__, *[pack(each, other) for pair in value.items() for each in pair]]
    if kind.__name__ in DATES and kind is _loaded("datetime", kind.__name__) and getattr(value, "tzinfo", None) is None:
        if kind.__name__ == "timedelta":
            return ["A", kind.__name__, value.days, value.seconds, value.microseconds]
        names = ("year", "month", "day", "hour", "minute", "second", "microsecond")
        return ["A", kind.__name__, *[getattr(value, name) for name in names if hasattr(value, name)]]
    if kind is type(sys) and value.__name__ in sys.stdlib_module_names:
        return ["M", value.__name__]
    return other(value)


def unpack(wire, other):
    """The inverse of pack. Tags that it does not know are left to other(wire)."""
    if type(wire) is not list:
        return wire
    tag = wire[0]
    if tag == "l":
        return [unpack(each, other) for each in wire[1:]]
    if tag == "t":
        return tuple([unpack(each, other) for each in wire[1:]])
    if tag == "d":
        return _pairs(wire[1:], other)
    if tag == "s":
        return {unpack(each, other) for each in wire[1:]}
    if tag == "z":
        return frozenset([unpack(each, other) for each in wire[1:]])
    if tag == "i":
        return int(wire[1], 16)
    if tag == "n":
        return NOT_FINITE[wire[1]]
    if tag == "b":
        return bytes.fromhex(wire[1])
    if tag == "B":
        return bytearray.fromhex(wire[1])
    if tag == "c":
        return complex(float(unpack(wire[1], other)), float(unpack(wire[2], other)))
    if tag == "R":
        return range(*[unpack(each, other) for each in wire[1:]])
    if tag == "S":
        return slice(*[unpack(each, other) for each in wire[1:]])
    if tag == ".":
        return Ellipsis
    if tag == "!":
        return NotImplemented
    if tag == "T":
        return BUILTIN_TYPES[wire[1]]
    if tag == "D":
        from decimal import Decimal

        return Decimal(str(wire[1]))
    if tag == "F":
        from fractions import Fraction

        return Fraction(int(unpack(wire[1], other)), int(unpack(wire[2], other)))
    if tag == "q":
        from collections import deque

        return deque([unpack(each, other) for each in wire[2:]], wire[1])
    if tag == "C":
        import collections

        if wire[1] not in ("OrderedDict", "Counter"):
            raise ValueError("malformed value")
        return getattr(collections, wire[1])(_pairs(wire[2:], other))
    if tag == "A":
        import datetime

        if wire[1] not in DATES:
            raise ValueError("malformed value")
        return getattr(datetime, wire[1])(*[int(each) for each in wire[2:]])
    if tag == "M":
        if wire[1] not in sys.stdlib_module_names:
            raise ValueError("malformed value")
        return __import__(wire[1], None, None, ["*"])
    return other(wire)


def _pairs(wires, other):
    each = iter([unpack(wire, other) for wire in wires])
    return dict(zip(each, each))
`
