"""Fifty two-container tasks at once."""

import time

from common import Calls, figures, region, run, stop, wait

here = region()
calls = Calls(here.port)
stop(calls, run(calls, here))
rates, stops = [], []
for _ in range(5):
    begun = time.monotonic()
    arns = [arn for _ in range(5) for arn in run(calls, here, 10)]
    rates.append(50 / (wait(calls, arns, "RUNNING", 0.01) - begun))
    begun = time.monotonic()
    stop(calls, arns)
    stops.append((time.monotonic() - begun) * 1000)
figures("50 tasks at once, to RUNNING", rates, "tasks/s", "(goal 50)")
figures("the same 50, to STOPPED", stops)
