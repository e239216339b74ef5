"""Recursive least squares of a straight line with drift in filterpy. filterpy_line.py COUNT: nanoseconds for each update."""

import random
import sys
import time

import numpy
from filterpy.kalman import KalmanFilter

count = int(sys.argv[1])
stream = random.Random(3)
places = [stream.uniform(-1, 1) for _ in range(4096)]
values = [0.1 + 1.02 * s + stream.gauss(0, 0.005) for s in places]
line = KalmanFilter(dim_x=2, dim_z=1)
line.x = numpy.array([[0.0], [1.0]])
line.P = numpy.diag([0.01, 0.0004])
line.Q = 1e-12 * numpy.eye(2)
line.R = numpy.array([[2.5e-5]])
start = time.perf_counter_ns()
for k in range(count):
    line.predict()
    line.update(values[k % 4096], H=numpy.array([[1.0, places[k % 4096]]]))
print((time.perf_counter_ns() - start) / count)
