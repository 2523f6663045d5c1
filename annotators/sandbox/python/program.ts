/** Runs a program as Python would run its file, with the standard streams of the process. Nothing of ours is left when it starts. */
export const pythonProgram = `
def _load(alternatives):
    fault = None
    for texts in alternatives:
        try:
            return [compile(text, "<program>", "exec", 0, True) for text in texts], None
        except (SyntaxError, ValueError, RecursionError, MemoryError, OverflowError) as error:
            fault = fault or error
    return None, fault


def main():
    read = lambda count: read_exactly(3, count)
    job = read_frame(read)
    given = read(int.from_bytes(read(4), "big"))
    codes, fault = _load(job["alternatives"])
    # Said before the program runs; it never has this descriptor.
    write_all(3, b"" if fault is None else ("%s: %s" % (type(fault).__name__, fault)).encode("utf-8", "replace")[:1000])
    os.close(3)
    if codes is None:
        os._exit(1)
    # A file can be opened by the names that standard input has; a socket cannot.
    with open("/tmp/input", "wb+") as file:
        file.write(given)
        file.seek(0)
        os.dup2(file.fileno(), 0)
    os.unlink("/tmp/input")
    del given, file, read
    limit(job["limits"])
    module = type(sys)("__main__")
    module.__builtins__ = __builtins__
    sys.modules["__main__"] = module
    name_exits()
    sys.argv[:] = ["program.py"]
    for code in codes:
        exec(code, vars(module))
`
