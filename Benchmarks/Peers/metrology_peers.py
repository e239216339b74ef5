"""The tasks of the metrology benchmark in the programs that people use today: numpy, GTC, allantools.

Prints wall time, processor time (the best of several repetitions, in seconds) and a check value, as `metrology` does.
"""
import sys
import time


def best(repetitions, body):
    wall, cpu = float("inf"), float("inf")
    for _ in range(repetitions):
        c, w = time.process_time(), time.perf_counter()
        body()
        wall, cpu = min(wall, time.perf_counter() - w), min(cpu, time.process_time() - c)
    return wall, cpu


def five_inputs(generator, count):
    def normal(mean, deviation):
        x = generator.standard_normal(count)
        x *= deviation
        x += mean
        return x

    a, b, c, d, e = normal(10, 0.1), normal(5, 0.02), normal(2, 0.01), normal(3, 0.1), normal(1, 0.05)
    return a * b / c + d - e * e


def monte_carlo(task):
    import numpy as np

    # SFC64 is numpy's fastest generator.
    generator = np.random.Generator(np.random.SFC64(1))
    count = 1_000_000
    result = {}

    def draws():
        result["check"] = five_inputs(generator, count)

    def report():
        y = five_inputs(generator, count)
        y.mean(), y.std(ddof=1)
        y.sort()
        q = int(0.95 * count)
        r = (count - q) // 2
        y[r], y[r + q]
        widths = y[q:] - y[: count - q]
        result["check"] = widths.min()

    times = best(5, draws if task == "draws" else report)
    return times, float(np.mean(result["check"]))


def budget():
    from GTC import reporting, ureal

    names = [
        (50000623, 25, 18), (215, 9.7, 25.6), (0, 5.8e-7, 50), (-0.1, 0.41, float("inf")),
        (1.15e-5, 1.2e-6, float("inf")), (0, 0.029, 2),
    ]
    result = {}
    count = 100

    def body():
        for _ in range(count):
            lS, d, dalpha, theta, alphaS, dtheta = (ureal(x, u, dof) for x, u, dof in names)
            l = lS + d - lS * (dalpha * theta + alphaS * dtheta)
            rows = reporting.budget(l, influences=[lS, d, dalpha, theta, alphaS, dtheta])
            assert len(rows) > 0
            result["U"] = reporting.k_factor(l.df, 99) * l.u

    wall, cpu = best(5, body)
    return (wall / count, cpu / count), result["U"]


def deviation():
    import allantools
    import numpy as np

    state, frequency = 12345, np.empty(1_000_000)
    for i in range(len(frequency)):
        state = (state * 1664525 + 1013904223) % 4294967296
        frequency[i] = state / 4294967296 - 0.5
    phase = np.concatenate([[0], np.cumsum(frequency)])
    taus = [2**k for k in range(19)]
    result = {}

    def body():
        result["check"] = float(np.sum(allantools.oadev(phase, rate=1, data_type="phase", taus=taus)[1]))

    return best(3, body), result["check"]


task = sys.argv[1]
(wall, cpu), check = budget() if task == "budget" else deviation() if task == "deviation" else monte_carlo(task)
print(wall, cpu, check)
