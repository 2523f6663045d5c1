/**
 * The candidate's side, in Python: loads the program into a module and does what the tester asks over descriptor 3. It runs in the
 * program's own process, so nothing here is trusted by anyone: whatever the program does to it, it can only answer calls.
 */
export const pythonCandidate = `
import io as _io, types as _types

_kept = []
_numbers = {}
_backs = {}


def _read(count):
    return read_exactly(3, count)


def _send(value):
    write_all(3, frame_of(value))


class _Printed(_io.RawIOBase):
    """What a call prints, up to 256 KiB."""

    def __init__(self):
        self.parts, self.room = [], 1 << 18

    def writable(self):
        return True

    def write(self, data):
        data = bytes(data)
        if self.room > 0:
            self.parts.append(data[: self.room])
            self.room -= len(data)
        return len(data)

    def taken(self):
        text = b"".join(self.parts).decode("utf-8", "replace")
        self.__init__()
        return text


def _keep(value):
    number = _numbers.get(id(value))
    if number is None:
        number = _numbers[id(value)] = len(_kept)
        _kept.append(value)
    return number


def _is_async(value):
    return type(value) is _types.CoroutineType


def _reference(value):
    if type(value) in (_Back, _BackFunction):
        return value._wire
    if isinstance(value, type):
        if issubclass(value, BaseException):
            return ["X", _error_classes(value)]
        return ["r", _keep(value), "c"]
    if type(value) is _types.GeneratorType:
        return ["g", _keep(value)]
    if _is_async(value):
        return ["a", _keep(value)]
    if isinstance(value, BaseException):
        return ["e", _error(value)]
    return ["r", _keep(value), ""]


def _degraded(value):
    """Subclasses of plain types become what they hold."""
    enum = _loaded("enum", "Enum")
    if isinstance(value, type) or (enum and isinstance(value, enum) and not isinstance(value, (int, str))):
        return _reference(value)
    if isinstance(value, bool):
        return bool(value)
    if isinstance(value, int):
        return pack(int.__int__(value), _degraded)
    if isinstance(value, float):
        return pack(float.__pos__(value), _degraded)
    if isinstance(value, str):
        return str.__str__(value)
    if isinstance(value, bytes):
        return pack(bytes.__getitem__(value, slice(None)), _degraded)
    if isinstance(value, tuple):
        fields = getattr(type(value), "_fields", None)
        parts = pack(tuple(tuple.__iter__(value)), _degraded)
        return ["N", type(value).__name__, list(fields), *parts[1:]] if fields else parts
    if isinstance(value, list):
        return pack(list(list.__iter__(value)), _degraded)
    if isinstance(value, dict):
        return ["d", *[pack(each, _degraded) for pair in dict.items(value) for each in pair]]
    if isinstance(value, (set, frozenset)):
        base = set if isinstance(value, set) else frozenset
        return pack(base(base.__iter__(value)), _degraded)
    if isinstance(value, (type({}.keys()), type({}.values()), type({}.items()))):
        return ["v", *[pack(each, _degraded) for each in value]]
    return _reference(value)


def _packed(value, whole):
    try:
        return pack(value, _reference if whole else _degraded)
    except RecursionError:
        return _reference(value)


def _foreign(wire):
    tag = wire[0]
    if tag == "r":
        return _kept[wire[1]]
    if tag == "f" or tag == "o" or tag == "y":
        known = _backs.get(wire[1])
        if known is None:
            known = {"f": _BackFunction, "o": _Back, "y": _BackIterator}[tag](wire)
            _backs[wire[1]] = known
        return known
    if tag == "X":
        for each in wire[1]:
            return BUILTIN_ERRORS[each] if type(each) is str else _kept[each[1]]
    if tag == "N":
        from collections import namedtuple

        return namedtuple(wire[1], wire[2])(*[unpack(each, _foreign) for each in wire[3:]])
    raise ValueError("unknown value")


def _ask_back(*message):
    _send(["back", *message])
    return _serve()


class _BackFunction:
    """A function of the tests."""

    def __init__(self, wire):
        self._wire = wire
        self.__name__ = self.__qualname__ = wire[2]

    def __call__(self, *args, **named):
        sent = [_packed(each, False) for each in args], {name: _packed(each, False) for name, each in named.items()}
        return _ask_back("call", self._wire[1], *sent)


class _Back:
    """An object of a class that the tests define: its public attributes can be used."""

    def __init__(self, wire):
        object.__setattr__(self, "_wire", wire)

    def __getattr__(self, name):
        return _ask_back("get", self._wire[1], name)

    def __setattr__(self, name, value):
        _ask_back("set", self._wire[1], name, _packed(value, False))

    def __call__(self, *args, **named):
        return _BackFunction.__call__(self, *args, **named)

    def __eq__(self, other):
        return self is other or (type(other) is _Back and _ask_back("eq", self._wire[1], other._wire[1]))

    def __hash__(self):
        return hash(self._wire[1])


def _BackIterator(wire):
    def each():
        while True:
            more = _ask_back("next", wire[1])
            if not more:
                return
            yield more[0]

    return each()


def _error_classes(kind):
    """Names of its builtin classes, [name, number] of its own ones, the nearest first."""
    found = []
    for each in kind.__mro__:
        name = each.__name__
        if BUILTIN_ERRORS.get(name) is each:
            found.append(name)
            break
        found.append([name, _keep(each)])
    return found


def _error(error):
    try:
        text = str(error)
    except BaseException:
        text = ""
    try:
        args = [_packed(each, False) for each in error.args]
    except BaseException:
        args = []
    return [_error_classes(type(error)), args, text[:2000], _keep(error)]


def _run(awaited):
    import asyncio

    async def whole():
        return await awaited

    return asyncio.run(whole())


def _operators():
    import _operator as operator

    names = "eq ne lt le gt ge add sub mul truediv floordiv mod pow matmul and_ or_ xor lshift rshift neg pos abs invert getitem setitem delitem contains index"
    table = {name: getattr(operator, name) for name in names.split()}
    table.update(
        bool=bool, int=int, float=float, complex=complex, str=str, repr=repr, hash=hash, len=len, iter=iter, next=next,
        reversed=reversed, round=round, divmod=divmod, format=format, dir=dir, isinstance=isinstance, await_=_run, issubclass=issubclass,
        send=lambda each, value: each.send(value), close=lambda each: each.close(),
    )
    return table


def _same_argument(result, args):
    for at, each in enumerate(args):
        if each is result and type(each) in (list, dict, set, bytearray):
            return at
    return None


def _perform(message):
    op = message[0]
    if op == "call":
        target = unpack(message[1], _foreign)
        args = [unpack(each, _foreign) for each in message[2]]
        named = {name: unpack(each, _foreign) for name, each in message[3].items()}
        result = target(*args, **named)
        sys.stdout.flush()
        changed = {}
        for place, sent, each in [*zip(range(len(args)), message[2], args), *[(n, message[3][n], named[n]) for n in named]]:
            if type(sent) is list and sent[0] in "ldsBqtC":
                now = _packed(each, False)
                if now != sent:
                    changed[str(place)] = now
        same = _same_argument(result, args)
        if same is not None:
            return ["@", same], changed
        return _packed(result, isinstance(target, type)), changed
    if op == "get":
        return _packed(getattr(unpack(message[1], _foreign), message[2]), False), {}
    if op == "set":
        return setattr(unpack(message[1], _foreign), message[2], unpack(message[3], _foreign)), {}
    if op == "del":
        return delattr(unpack(message[1], _foreign), message[2]), {}
    if op == "names":
        space = vars(_module)
        return ["d", *[part for name in message[1] if name in space for part in (name, _packed(space[name], True))]], {}
    args = [unpack(each, _foreign) for each in message[1]]
    return _packed(_table[op](*args), op not in ("getitem", "next", "await_", "send")), {}


def _serve():
    """Does what is asked until the answer to an own question comes."""
    while True:
        message = read_frame(_read)
        if message[0] == "ok":
            return unpack(message[1], _foreign)
        if message[0] == "no":
            raise BUILTIN_ERRORS[message[1]](message[2])
        try:
            result, changed = _perform(message)
            sys.stdout.flush()
            reply = ["ok", result, changed, _printed.taken()]
            _send(reply)
        except Closed:
            raise
        except BaseException as error:
            sys.stdout.flush()
            _send(["no", _error(error), _printed.taken()])


def _load(alternatives):
    """Runs the first of the alternatives that compiles; each is a list of texts, of which all but the last may fail to compile."""
    fault = None
    for texts in alternatives:
        codes = []
        for at, text in enumerate(texts):
            try:
                codes.append(compile(text, "<program>", "exec", 0, True))
            except (SyntaxError, ValueError, RecursionError, MemoryError, OverflowError) as error:
                if at == len(texts) - 1:
                    fault = fault or error
                    break
        else:
            for code in codes:
                exec(code, vars(_module))
            return None
    return fault


_module = _types.ModuleType("solution")
_table = _operators()


def main():
    global _printed
    job = read_frame(_read)
    limit(job["limits"])
    _printed = _Printed()
    sys.stdout = _io.TextIOWrapper(_io.BufferedWriter(_printed), "utf-8", "surrogatepass", write_through=True)
    sys.stderr = open(os.devnull, "w")
    sys.stdin = open(os.devnull)
    sys.modules["solution"] = _module
    name_exits()
    try:
        fault = _load(job["alternatives"])
        _send(["loaded"] if fault is None else ["syntax", "%s: %s" % (type(fault).__name__, fault)])
    except BaseException as error:
        _send(["failed", _error(error)])
    sys.stdout.flush()
    _printed.taken()
    try:
        _serve()
    except Closed:
        os._exit(0)


`
