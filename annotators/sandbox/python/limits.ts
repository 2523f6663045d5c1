/** Sets the limits of a process on itself before it runs anything foreign, in Python; none of them can be raised again. */
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
`
