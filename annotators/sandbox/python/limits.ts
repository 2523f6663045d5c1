/** Before a process runs anything foreign, in Python: sets its own limits, none of which can be raised again, and what every program has. */
export const pythonLimits = `
def limit(limits):
    import resource

    def at_most(name, value):
        number = getattr(resource, "RLIMIT_" + name, None)
        if number is None:
            return
        hard = resource.getrlimit(number)[1]
        if hard != resource.RLIM_INFINITY:
            value = min(value, hard)
        resource.setrlimit(number, (value, value))

    at_most("CORE", 0)
    at_most("CPU", limits["cpuSeconds"])
    at_most("AS", limits["memoryBytes"])
    at_most("DATA", limits["memoryBytes"])
    at_most("STACK", 8 << 20)
    at_most("FSIZE", limits["fileBytes"])
    at_most("NOFILE", 64)
    at_most("NPROC", limits["processes"])
    at_most("MEMLOCK", 0)
    at_most("MSGQUEUE", 0)


def name_exits():
    """exit and quit, which Python names only where it reads the folders of its packages."""
    import builtins

    try:
        from _sitebuiltins import Quitter
    except ImportError:
        return
    builtins.exit, builtins.quit = Quitter("exit", ""), Quitter("quit", "")
`
