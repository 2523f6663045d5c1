/**
 * The tester's side, in Python: runs a dataset's tests in a sandbox of its own, in which the names that they use of the program stand
 * for objects of the candidate's process. Plain values arrive as plain values and are compared here. One tester serves many jobs, one after
 * the other, each in a fork of a process that has run no tests; what a job leaves is removed. On descriptor 3 travel frames of
 * a kind (J job, L bytes to or from the candidate, E its end, O outcome) and a job's number: bytes of an earlier job are not read.
 */
export const pythonTester = String.raw`
import io as _io, types as _types


def _read_host():
    """Kind, job and payload of the next frame of the host."""
    head = read_exactly(3, 9)
    return head[4:5], int.from_bytes(head[5:], "big"), read_exactly(3, int.from_bytes(head[:4], "big"))


def _write_host(kind, payload):
    write_all(3, len(payload).to_bytes(4, "big") + kind + _State.job.to_bytes(4, "big") + payload)


_received = bytearray()


def _read_link(count):
    """Bytes of the candidate."""
    while len(_received) < count:
        kind, job, payload = _read_host()
        if job != _State.job:
            continue
        if kind == b"E":
            raise Closed()
        _received.extend(payload)
    taken = bytes(_received[:count])
    del _received[:count]
    return taken


_functions = []
_function_numbers = {}


class Unsupported(BaseException):
    """The tests need what cannot be had across two processes."""


class _State:
    job = 0
    died = None
    unsupported = None
    reached = 0
    errors = {}
    depth = 0


def _unsupported(why):
    _State.unsupported = _State.unsupported or why
    raise Unsupported(why)


def _lost(error):
    _State.died = str(error) or "ended"
    raise error


def _outgoing(value):
    """What is not plain, for the candidate."""
    kind = type(value)
    if kind is Remote:
        return ["r", object.__getattribute__(value, "_number")]
    wire = _error_wires.get(value) if isinstance(value, type) else None
    if wire is not None:
        return wire
    if isinstance(value, type) and BUILTIN_ERRORS.get(value.__name__) is value:
        return ["X", [value.__name__]]
    if isinstance(value, (type({}.keys()), type({}.values()), type({}.items()))):
        return pack(list(value), _outgoing)
    if isinstance(value, (_types.GeneratorType, map, zip, filter, enumerate, reversed)) or (
        hasattr(kind, "__next__") and kind.__module__ in ("builtins", "itertools")
    ):
        return ["y", _number(value)]
    if isinstance(value, tuple) and hasattr(kind, "_fields"):
        return ["N", kind.__name__, list(kind._fields), *[pack(each, _outgoing) for each in value]]
    for base in (bool, int, float, str, bytes, list, tuple, set, frozenset):
        if isinstance(value, base):
            return pack(base(value), _outgoing)
    if isinstance(value, dict):
        return pack(dict(value), _outgoing)
    if isinstance(value, (_types.FunctionType, _types.BuiltinFunctionType, _types.MethodType)) or kind.__name__ in (
        "partial", "itemgetter", "attrgetter", "method_descriptor", "wrapper_descriptor", "method-wrapper", "ufunc",
    ) or isinstance(value, type):
        return ["f", _number(value), getattr(value, "__name__", "function")]
    if kind.__module__ == _tests.__name__:
        return ["o", _number(value)]
    _unsupported("the tests pass a value of type %s to the program" % kind.__name__)


def _number(value):
    number = _function_numbers.get(id(value))
    if number is None:
        number = _function_numbers[id(value)] = len(_functions)
        _functions.append(value)
    return number


def _incoming(wire):
    """What a wire of the candidate stands for, when it is not plain."""
    tag = wire[0]
    if tag == "r":
        return _remote(int(wire[1]), False)
    if tag == "X":
        return _error_class(wire[1])
    if tag == "e":
        return _error(wire[1])
    if tag == "g":
        return _generator(_remote(int(wire[1]), False))
    if tag == "a":
        return _coroutine(_remote(int(wire[1]), False))
    if tag == "N":
        from collections import namedtuple

        return namedtuple(str(wire[1]), [str(each) for each in wire[2]])(*[unpack(each, _incoming) for each in wire[3:]])
    if tag == "v":
        return dict.fromkeys([unpack(each, _incoming) for each in wire[1:]]).keys()
    if tag in ("f", "o", "y"):
        return _functions[wire[1]]
    raise ValueError("malformed value")


def _into(value, wire):
    try:
        return unpack(value, _incoming)
    except (TypeError, KeyError, IndexError, AttributeError, ValueError, OverflowError, RecursionError, ImportError, MemoryError) as error:
        _lost(Closed("a malformed value: %s" % type(error).__name__))


def _remote(number, constructed):
    made = object.__new__(Remote)
    object.__setattr__(made, "_number", number)
    object.__setattr__(made, "_constructed", constructed)
    return made


def _sync(old, new):
    """Gives a container of the tests the content that the program left in it; inner containers stay the same objects."""
    if type(old) is list and type(new) is list:
        if len(old) == len(new):
            for at, each in enumerate(new):
                old[at] = _sync(old[at], each)
        else:
            old[:] = new
        return old
    if type(old) is dict and type(new) is dict:
        merged = {key: _sync(old[key], each) if key in old else each for key, each in new.items()}
        old.clear()
        old.update(merged)
        return old
    if type(old) is set and type(new) is set:
        old.clear()
        old.update(new)
        return old
    if type(old) is tuple and type(new) is tuple and len(old) == len(new):
        synced = tuple([_sync(mine, theirs) for mine, theirs in zip(old, new)])
        return old if all(mine is theirs for mine, theirs in zip(old, synced)) else synced
    if type(old) is bytearray and type(new) is bytearray:
        old[:] = new
        return old
    if type(old) is type(new) and hasattr(old, "clear") and hasattr(old, "extend"):
        old.clear()
        old.extend(new)
        return old
    if type(old) is type(new) and isinstance(old, dict):
        old.clear()
        old.update(new)
        return old
    return new


def _ask(message):
    try:
        _write_host(b"L", frame_of(message))
        while True:
            reply = read_frame(_read_link)
            if type(reply) is not list or not reply:
                raise Closed("malformed answer")
            if reply[0] != "back":
                break
            _write_host(b"L", frame_of(_answer_back(reply)))
    except Closed as error:
        _lost(error)
    except OverflowError as error:
        _unsupported("the tests pass more to the program than can be sent")
    try:
        if reply[0] == "ok":
            _, result, changed, printed = reply
        else:
            _, fault, printed = reply
        if printed:
            sys.stdout.write(str(printed))
    except (TypeError, ValueError):
        _lost(Closed("malformed answer"))
    if reply[0] == "ok":
        return result, changed
    raise _into(["e", fault], None)


def _answer_back(message):
    """The program calls a function of the tests, or uses the public attributes of an object that they made."""
    _State.depth += 1
    try:
        _, op, number, *rest = message
        target = _functions[number]
        if op == "call":
            args = [unpack(each, _incoming) for each in rest[0]]
            named = {str(name): unpack(each, _incoming) for name, each in rest[1].items()}
            result = target(*args, **named)
        elif op == "next":
            result = [each for each, _ in zip(target, (0,))]
        elif op == "eq":
            result = bool(target == _functions[rest[0]])
        elif op in ("get", "set") and _public(target, rest[0]):
            result = getattr(target, rest[0]) if op == "get" else setattr(target, rest[0], unpack(rest[1], _incoming))
        else:
            raise AttributeError(str(rest[0])[:100])
        return ["ok", pack(result, _outgoing)]
    except (Closed, Unsupported):
        raise
    except BaseException as error:
        kind = next(each.__name__ for each in type(error).__mro__ if BUILTIN_ERRORS.get(each.__name__) is each)
        # The text of a test's own failure stays here.
        return ["no", kind, "" if isinstance(error, AssertionError) else str(error)[:200]]
    finally:
        _State.depth -= 1


def _public(target, name):
    """Only what the test's own class and object define: nothing that leads to frames, globals or modules."""
    if type(name) is not str or name.startswith("_") or type(target).__module__ != _tests.__name__:
        return False
    return name in vars(target) or any(name in vars(each) for each in type(target).__mro__[:-1])


def _call(target, args, named, constructed):
    sent = [pack(each, _outgoing) for each in args]
    sent_named = {name: pack(each, _outgoing) for name, each in named.items()}
    try:
        result, changed = _ask(["call", ["r", target], sent, sent_named])
    except (StopIteration, StopAsyncIteration, GeneratorExit) as error:
        # It would end an iteration of the tests early: all(map(test, cases)) of no cases is true.
        raise RuntimeError("the program raised %s" % type(error).__name__) from None
    if type(changed) is dict and changed:
        for place, wire in changed.items():
            value = _into(wire, None)
            if place in named:
                _sync(named[place], value)
            elif place.isdigit() and int(place) < len(args):
                _sync(args[int(place)], value)
            else:
                _lost(Closed("malformed answer"))
    if type(result) is list and result and result[0] == "@":
        if type(result[1]) is not int or not 0 <= result[1] < len(args):
            _lost(Closed("malformed answer"))
        return args[result[1]]
    return _derived(_into(result, None), constructed)


def _derived(value, constructed):
    if constructed and type(value) is Remote:
        object.__setattr__(value, "_constructed", True)
    return value


def _operate(op, args, constructed=False):
    result, _ = _ask([op, [pack(each, _outgoing) for each in args]])
    return _derived(_into(result, None), constructed)


class Remote:
    """An object of the candidate. Against a plain value it equals nothing, so that no object of the program is equal to all."""

    __slots__ = ("_number", "_constructed", "_class")

    def __init__(self, *args):
        _unsupported("the tests derive a class from one of the program")

    def __mro_entries__(self, bases):
        _unsupported("the tests derive a class from one of the program")

    def __call__(self, *args, **named):
        return _call(_number_of(self), args, named, _is_class(self) or _is_constructed(self))

    def __getattr__(self, name):
        if name.startswith("__") and name not in ("__name__", "__doc__", "__qualname__", "__dict__", "__len__"):
            raise AttributeError(name)
        return _derived(_into(_ask(["get", ["r", _number_of(self)], name])[0], None), _is_class(self) or _is_constructed(self))

    def __setattr__(self, name, value):
        _ask(["set", ["r", _number_of(self)], name, pack(value, _outgoing)])

    def __delattr__(self, name):
        _ask(["del", ["r", _number_of(self)], name])

    def __eq__(self, other):
        if type(other) is not Remote:
            return False
        return _number_of(self) == _number_of(other) or _operate("eq", (self, other)) is True

    def __ne__(self, other):
        if type(other) is not Remote:
            return True
        return _operate("ne", (self, other)) is True

    def __hash__(self):
        return _operate("hash", (self,))

    def __bool__(self):
        return _operate("bool", (self,)) is True

    def __iter__(self):
        each = _operate("iter", (self,))
        if type(each) is not Remote:
            return iter(each)
        return _each(each)

    def __next__(self):
        return _operate("next", (self,), _is_constructed(self))

    def __contains__(self, value):
        if _is_constructed(self):
            return _operate("contains", (self, value)) is True
        return any(value is each or value == each for each in self)

    def __getitem__(self, key):
        return _operate("getitem", (self, key), _is_constructed(self))

    def __setitem__(self, key, value):
        _operate("setitem", (self, key, value))

    def __delitem__(self, key):
        _operate("delitem", (self, key))

    def __instancecheck__(self, value):
        if type(value) is not Remote:
            return False
        return _operate("isinstance", (value, self)) is True

    def __subclasscheck__(self, value):
        return _operate("issubclass", (value, self)) is True

    def __format__(self, spec):
        return _operate("format", (self, spec))

    def __round__(self, *digits):
        return _operate("round", (self, *digits))

    def __dir__(self):
        return _operate("dir", (self,))

    def __enter__(self):
        return _call(_number_of(_special(self, "__enter__")), (), {}, True)

    def __exit__(self, kind, error, trace):
        _call(_number_of(_special(self, "__exit__")), (None, None, None), {}, True)
        return False


def _special(remote, name):
    return _into(_ask(["get", ["r", _number_of(remote)], name])[0], None)


def _number_of(remote):
    return object.__getattribute__(remote, "_number")


def _is_constructed(remote):
    return object.__getattribute__(remote, "_constructed")


def _is_class(remote):
    try:
        return object.__getattribute__(remote, "_class")
    except AttributeError:
        return False


def _each(remote):
    while True:
        try:
            value = _operate("next", (remote,))
        except StopIteration:
            return
        yield value


def _generator(remote):
    try:
        value = _operate("next", (remote,))
        while True:
            sent = yield value
            value = _operate("send", (remote, sent))
    except StopIteration as stop:
        return stop.value


async def _coroutine(remote):
    return _operate("await_", (remote,))


def _unary(op):
    return lambda self: _operate(op, (self,), _is_constructed(self))


def _binary(op, reflected=False, compares=False):
    def operator(self, other):
        if type(other) is not Remote and not _is_constructed(self):
            # A function's result shows its value in the tester or not at all: its own operators would see what is expected of it.
            return NotImplemented
        args = (other, self) if reflected else (self, other)
        result = _operate(op, args, _is_constructed(self))
        return result is True if compares else result

    return operator


for _name in ("neg", "pos", "abs", "invert", "int", "float", "complex", "str", "repr", "len", "index", "reversed"):
    setattr(Remote, "__%s__" % _name, _unary(_name))
for _name in ("lt", "le", "gt", "ge"):
    setattr(Remote, "__%s__" % _name, _binary(_name, compares=True))
for _name in "add sub mul truediv floordiv mod pow matmul and or xor lshift rshift divmod".split():
    _op = _name + "_" if _name in ("and", "or") else _name
    setattr(Remote, "__%s__" % _name, _binary(_op))
    setattr(Remote, "__r%s__" % _name, _binary(_op, reflected=True))

_error_wires = {}


def _error_class(classes):
    """The builtin class, or one made here for a class of the program: the same for the same."""
    kind = None
    for each in reversed(classes):
        if type(each) is str:
            kind = BUILTIN_ERRORS[each]
            continue
        name, number = each
        made = _State.errors.get(number)
        if made is None:
            made = _State.errors[number] = type(str(name), (kind,), {"__init__": lambda self, *args, **named: None, "__str__": _error_text})
            _error_wires[made] = ["r", number]
        kind = made
    if kind is None:
        raise ValueError("malformed error")
    return kind


def _error_text(self):
    text = self.__dict__.get("_text")
    return ", ".join(map(str, self.args)) if text is None else text


def _error_attribute(self, name):
    remote = self.__dict__.get("_remote")
    if remote is None or name.startswith("_"):
        raise AttributeError(name)
    return getattr(remote, name)


def _error(fault):
    classes, args, text, number = fault
    kind = _error_class(classes)
    args = [unpack(each, _incoming) for each in args]
    try:
        error = kind(*args)
    except TypeError:
        error = kind.__new__(kind)
    if type(classes[0]) is list:
        error.args = tuple(args)
        error.__dict__.update(_text=str(text), _remote=_remote(int(number), False))
        if "__getattr__" not in kind.__dict__:
            kind.__getattr__ = _error_attribute
    return error


# ---- the tests

def _walk(node):
    yield node
    for field in node._fields:
        value = getattr(node, field, None)
        for each in value if type(value) is list else (value,):
            if hasattr(each, "_fields"):
                yield from _walk(each)


def _kind(node):
    return type(node).__name__


def _callee(node):
    called = node.func
    return getattr(called, "id", None) or getattr(called, "attr", "") or ""


CHECKING = ("raises", "warns")


def _checks(node):
    """Whether a statement checks something by itself."""
    kind = _kind(node)
    if kind in ("Assert", "Raise"):
        return True
    heads = [node.value] if kind in ("Expr", "Return", "Assign") and node.value is not None else []
    if kind in ("With", "AsyncWith"):
        heads = [each.context_expr for each in node.items]
    return any(_kind(each) == "Call" and (_callee(each).startswith("assert") or _callee(each) in CHECKING) for head in heads for each in _walk(head))


def _mark(body, mark):
    """Puts a mark before each statement that checks, and at the start of handlers that catch what a checking body should raise."""
    found = False
    marked = []
    for node in body:
        kind = _kind(node)
        here = kind != "Raise" and _checks(node)
        inner = False
        for field in ("body", "orelse", "finalbody"):
            if type(getattr(node, field, None)) is list:
                new, any_inner = _mark(getattr(node, field), mark)
                setattr(node, field, new)
                inner = inner or any_inner
        for handler in getattr(node, "handlers", ()):
            new, _ = _mark(handler.body, mark)
            handler.body = [*([mark(handler)] if inner else []), *new]
        if kind == "If" and any(_kind(each) == "Raise" for each in node.body + node.orelse):
            here = True
        found = found or here or inner or kind == "Raise"
        marked += [mark(node), node] if here else [node]
    return marked, found


def _marker():
    template = compile("__reached__()", "<tests>", "exec", 0x400).body[0]
    call = template.value

    def mark(node):
        Expr, Call, Name = type(template), type(call), type(call.func)
        place = {name: getattr(node, name) for name in ("lineno", "col_offset")}
        name = Name("__reached__", call.func.ctx, **place)
        return Expr(Call(name, [], [], **place), **place)

    return mark


PATCHING = ("patch", "monkeypatch", "getsource", "getsourcelines", "__code__", "__closure__", "__globals__", "capsys", "capfd")


def _plan(tree):
    """Names that the tests read, what cannot be done for them, whether they check anything."""
    names, own = set(), set()
    for node in _walk(tree):
        kind = _kind(node)
        if kind == "Name":
            names.add(node.id)
        elif kind == "Attribute":
            if node.attr in PATCHING:
                _State.unsupported = "the tests use %s, which needs the program in their own process" % node.attr
            if _kind(node.value) == "Name" and node.value.id in SOLUTION_MODULES:
                names.add(node.attr)
        elif kind == "ImportFrom" and node.module in SOLUTION_MODULES:
            names.update(each.name for each in node.names)
            own.add(node.module)
        elif kind == "Import":
            own.update(each.name for each in node.names if each.name in SOLUTION_MODULES)
        elif kind in ("FunctionDef", "AsyncFunctionDef") and node.name.startswith("test"):
            for each in node.args.args:
                if each.arg in ("monkeypatch", "capsys", "capfd", "mocker", "tmp_path", "caplog"):
                    _State.unsupported = "the tests use the fixture %s" % each.arg
    return names, own


SOLUTION_MODULES = ("solution", "main", "your_module", "your_code", "candidate", "module", "program", "code", "answer", "task", "my_module", "submission")


def _bind(space, names, entry, trusted):
    wanted = sorted(name for name in names if name != "__reached__" and not name.startswith("__"))
    bound = _into(_ask(["names", wanted])[0], None)
    if type(bound) is not dict:
        _lost(Closed("malformed answer"))
    for name, value in bound.items():
        if type(name) is not str or name not in names:
            continue
        if name != entry and (name in trusted or name in BUILTIN_NAMES):
            continue
        if type(value) is Remote:
            # Instances that tests make of a class work by their own operators; an entry point and what is named as a function do not.
            object.__setattr__(value, "_class", name != entry and name[:1].isupper() or (name == entry and name[:1].isupper()))
        space[name] = value


BUILTIN_NAMES = frozenset(vars(__import__("builtins")))


def _prompt_names(prompt, entry):
    """Functions that the prompt defines are the tests' own; its classes live with the program, which must share them."""
    space = {"__name__": _tests.__name__, "__builtins__": __builtins__}
    for text in (prompt, prompt + "\n    pass\n"):
        try:
            code = compile(text, "<prompt>", "exec")
        except (SyntaxError, ValueError):
            continue
        try:
            exec(code, space)
        except Exception:
            return {}
        break
    else:
        return {}
    return {
        name: value
        for name, value in space.items()
        if name != entry and not name.startswith("__") and not (isinstance(value, type) and value.__module__ == _tests.__name__)
    }


def _excerpt(text, line):
    lines = text.splitlines()
    return lines[line - 1].strip()[:200] if 0 < line <= len(lines) else ""


def _say(error):
    """An exception in one line: where in the tests, and what."""
    trace, line, place = error.__traceback__, 0, ""
    while trace:
        name = trace.tb_frame.f_code.co_filename
        if name.startswith("<test"):
            line, place = trace.tb_lineno, name
        trace = trace.tb_next
    kind = type(error).__name__
    try:
        text = str(error)
    except BaseException:
        text = ""
    at = _excerpt(_sources.get(place, ""), line)
    said = kind + (": " + text[:300] if text else "")
    return "%s in %s" % (said, at) if at else said


_sources = {}
_tests = _types.ModuleType("__main__")


def _outcome(status, detail="", **more):
    return {"status": status, "detail": detail[:600], "reached": _State.reached, **more}


def _compiled(texts, mark):
    codes = []
    for at, text in enumerate(texts):
        name = "<test %d>" % (at + 1)
        _sources[name] = text
        tree = compile(text, name, "exec", 0x400)
        tree.body, checks = _mark(tree.body, mark)
        codes.append((tree, name, checks))
    return codes


def _reached():
    _State.reached += 1


def _called_at_top(trees, name):
    return any(
        _kind(node) == "Call" and _callee(node) == name
        for tree, _, _ in trees
        for top in tree.body
        if _kind(top) not in ("FunctionDef", "ClassDef", "AsyncFunctionDef")
        for node in _walk(top)
    )


def _run_unittests(space):
    unittest = sys.modules.get("unittest")
    if unittest is None:
        return None
    classes = [each for each in space.values() if isinstance(each, type) and issubclass(each, unittest.TestCase) and each.__module__ == _tests.__name__]
    suite = unittest.TestSuite([unittest.defaultTestLoader.loadTestsFromTestCase(each) for each in dict.fromkeys(classes)])
    if not suite.countTestCases():
        return None
    result = unittest.TestResult()
    result.failfast = True
    suite.run(result)
    for case, text in [*result.errors, *result.failures]:
        lines = [each for each in text.strip().splitlines() if each.strip()]
        return "%s: %s" % (getattr(case, "_testMethodName", "test"), lines[-1] if lines else "failed")
    if result.unexpectedSuccesses:
        return "%s: unexpected success" % result.unexpectedSuccesses[0]
    return None


def _run_functions(space, trees):
    for name, each in list(space.items()):
        if not name.startswith("test") or type(each) is not _types.FunctionType or _called_at_top(trees, name):
            continue
        cases = getattr(each, "_cases", None)
        code = each.__code__
        needed = code.co_argcount - len(each.__defaults__ or ())
        if cases is None and needed:
            _unsupported("the test %s needs fixtures" % name)
        for case in cases if cases is not None else [{}]:
            result = each(**case)
            if type(result) is _types.CoroutineType:
                import asyncio

                asyncio.run(result)
    for name, each in list(space.items()):
        if not (isinstance(each, type) and each.__module__ == _tests.__name__ and name.startswith("Test")):
            continue
        unittest = sys.modules.get("unittest")
        if unittest is not None and issubclass(each, unittest.TestCase):
            continue
        for method in [one for one in vars(each) if one.startswith("test")]:
            case = each()
            for setup in ("setup_method", "setUp"):
                if hasattr(case, setup):
                    getattr(case, setup)(*([None] if setup == "setup_method" and getattr(each, setup).__code__.co_argcount > 1 else []))
            getattr(case, method)()


def _shims(own, space):
    class Solution(_types.ModuleType):
        def __getattr__(self, name):
            if name.startswith("__") or name not in space:
                raise AttributeError("the program defines no %s" % name)
            return space[name]

    for name in SOLUTION_MODULES:
        if name in own:
            module = sys.modules[name] = Solution(name)
    sys.modules.setdefault("pytest", _pytest())


def _pytest():
    pytest = _types.ModuleType("pytest")

    class raises:
        def __init__(self, expected, *args, match=None, **named):
            self.expected, self.match, self.value = expected, match, None
            if args:
                with self:
                    args[0](*args[1:], **named)

        def __enter__(self):
            return self

        def __exit__(self, kind, error, trace):
            if kind is None:
                raise AssertionError("did not raise %s" % (self.expected,))
            if not issubclass(kind, self.expected):
                return False
            self.value, self.type = error, kind
            if self.match is not None:
                import re

                if not re.search(self.match, str(error)):
                    raise AssertionError("%r does not match %r" % (str(error)[:200], self.match))
            return True

    class approx:
        def __init__(self, expected, rel=None, abs=None, nan_ok=False):
            self.expected, self.rel, self.abs, self.nan_ok = expected, rel, abs, nan_ok

        def near(self, value, expected):
            if isinstance(expected, (list, tuple)):
                return type(value) in (list, tuple) and len(value) == len(expected) and all(map(self.near, value, expected))
            if isinstance(expected, dict):
                return type(value) is dict and value.keys() == expected.keys() and all(self.near(value[key], expected[key]) for key in expected)
            if type(value) not in (int, float, complex, bool) and type(value).__name__ not in ("Decimal", "Fraction"):
                return value == expected
            if expected != expected:
                return self.nan_ok and value != value
            least = 1e-12 if self.abs is None else self.abs
            share = (1e-6 if self.rel is None and self.abs is None else self.rel or 0) * _builtin_abs(expected)
            return value == expected or _builtin_abs(value - expected) <= max(least, share)

        def __eq__(self, value):
            return self.near(value, self.expected)

        __hash__ = None

    class Mark:
        def parametrize(self, names, values, **_):
            names = [each.strip() for each in names.split(",")] if isinstance(names, str) else list(names)

            def mark(function):
                cases = [dict(zip(names, each if len(names) > 1 else (each,))) for each in values]
                known = getattr(function, "_cases", [{}])
                function._cases = [{**a, **b} for a in known for b in cases]
                return function

            return mark

        def __getattr__(self, name):
            return lambda *args, **_: args[0] if len(args) == 1 and callable(args[0]) else (lambda function: function)

    def fail(reason="", **_):
        raise AssertionError(reason)

    pytest.raises, pytest.approx, pytest.mark, pytest.fail, pytest.main = raises, approx, Mark(), fail, lambda *args, **_: 0
    pytest.param = lambda *values, **_: values
    return pytest


_builtin_abs = abs


def _test(job):
    space = vars(_tests)
    sys.modules["__main__"] = _tests
    entry = job.get("entryPoint")
    mark = _marker()
    try:
        trees = _compiled(job["tests"], mark)
    except (SyntaxError, ValueError, RecursionError) as error:
        return _outcome("tests-broken", "the tests do not compile: %s" % error)
    names, own = set(), set()
    for tree, _, _ in trees:
        found, modules = _plan(tree)
        names |= found
        own |= modules
    if _State.unsupported:
        return _outcome("unsupported", _State.unsupported)
    if entry:
        names |= {entry}
    trusted = _prompt_names(job["prompt"], entry) if job.get("prompt") else {}
    space["__builtins__"] = __builtins__
    space["__reached__"] = _reached
    check = entry and "check" in {getattr(top, "name", None) for tree, _, _ in trees for top in tree.body}
    if not check and not any(checks for _, _, checks in trees) and not any("Test" in name for name in names):
        return _outcome("tests-broken", "the tests check nothing")
    _bind(space, names | set(trusted), entry, trusted)
    # A function of the prompt sees the program's classes and the entry point, and the prompt's own functions.
    for name, value in trusted.items():
        space[name] = value
        if isinstance(value, _types.FunctionType):
            value.__globals__.update({each: space[each] for each in (names | {entry}) if each in space and each not in trusted})
    if entry:
        if entry not in space:
            return _outcome("failed", "the program defines no %s" % entry)
        space.setdefault("candidate", space[entry])
    _shims(own, space)
    for at, (tree, name, _) in enumerate(trees):
        try:
            if "unittest" in sys.modules:
                sys.modules["unittest"].main = lambda *args, **_: None
            exec(compile(tree, name, "exec"), space)
            if at == len(trees) - 1:
                if check and not _called_at_top(trees, "check"):
                    space["check"](space[entry])
                failure = _run_unittests(space)
                if failure is not None and not _State.died and not _State.unsupported:
                    return _outcome("failed", failure)
                _run_functions(space, trees)
        except Closed:
            pass
        except Unsupported:
            pass
        except ModuleNotFoundError as error:
            if error.__traceback__ and _raised_by_import(error):
                return _outcome("tests-broken", "the tests need the module %s" % error.name)
            return _outcome("failed", _numbered(at, trees, _say(error)))
        except BaseException as error:
            if not _State.died and not _State.unsupported:
                return _outcome("failed", _numbered(at, trees, _say(error)))
        if _State.died:
            return _outcome("died", _State.died)
        if _State.unsupported:
            return _outcome("unsupported", _State.unsupported)
    if _State.reached == 0:
        return _outcome("failed", "no assertion was reached")
    return _outcome("passed")


def _raised_by_import(error):
    trace = error.__traceback__
    while trace.tb_next:
        trace = trace.tb_next
    return trace.tb_frame.f_code.co_filename.startswith("<test") or "importlib" in trace.tb_frame.f_code.co_filename


def _numbered(at, trees, text):
    return "test %d of %d: %s" % (at + 1, len(trees), text) if len(trees) > 1 else text


def _one_job(job):
    limit(job["limits"])
    sys.stdin = open(os.devnull)
    sys.stdout = open(os.devnull, "w")
    sys.stderr = open(os.devnull, "w")
    sys.setrecursionlimit(4000)
    try:
        loaded = read_frame(_read_link)
        if type(loaded) is not list or not loaded or (loaded[0] != "loaded" and len(loaded) != 2):
            raise Closed("a malformed answer")
        if loaded[0] == "loaded":
            outcome = _test(job)
        elif loaded[0] == "syntax":
            outcome = _outcome("syntax", str(loaded[1]))
        else:
            try:
                error = _error(loaded[1])
                outcome = _outcome("failed", "the program raised %s" % _say(error))
            except Exception:
                raise Closed("a malformed answer")
    except Closed as error:
        outcome = _outcome("died", str(error) or "ended")
    _write_host(b"O", to_json(outcome).encode("ascii"))


def _forbid_debugging():
    """No process of the same user may look into this one or change it."""
    import ctypes

    ctypes.CDLL(None).prctl(4, 0, 0, 0, 0)


def _clean():
    """Ends what a job left running and removes what it left in the only folders that can be written."""
    try:
        os.kill(-1, 9)
    except ProcessLookupError:
        pass
    for folder in ("/tmp", "/dev/shm"):
        for path, folders, files in os.walk(folder, topdown=False):
            for name in files + folders:
                inner = os.path.join(path, name)
                try:
                    os.rmdir(inner) if name in folders and not os.path.islink(inner) else os.unlink(inner)
                except OSError:
                    pass  # An interpreter below /tmp is mounted there, read-only.


def main():
    _forbid_debugging()
    while True:
        try:
            kind, number, payload = _read_host()
        except Closed:
            os._exit(0)
        if kind != b"J":
            continue
        _State.job = number
        child = os.fork()
        if child == 0:
            try:
                _one_job(from_json(payload.decode("ascii")))
            finally:
                os._exit(1 if sys.exc_info()[0] else 0)
        status = os.waitpid(child, 0)[1]
        _clean()
        if status != 0:
            # It may have stopped in the middle of a frame.
            os._exit(1)
        _write_host(b"R", b"")


# Modules that tests import: a job finds them loaded.
import asyncio, collections, datetime, decimal, fractions, functools, heapq, itertools, math, random, re, string, typing, unittest, unittest.mock, warnings

`
