"""What reading costs a kept-alive client, with ten tasks running."""

import time

from common import Calls, figures, region, run, stop, wait

region = region()
calls = Calls(region.port)
arns = run(calls, region, 10)
wait(calls, arns, "RUNNING")


def measure(name, call):
    took = []
    for _ in range(3000):
        begun = time.perf_counter()
        call()
        took.append((time.perf_counter() - begun) * 1e6)
    figures(name, took[500:], "us", "(goal p50 300, p99 3000; includes the Python client)")


measure("DescribeTasks, one task", lambda: calls.ecs("DescribeTasks", tasks=arns[:1]))
measure("DescribeTasks, ten tasks", lambda: calls.ecs("DescribeTasks", tasks=arns))
measure("DescribeVpcs", lambda: calls.ec2("DescribeVpcs"))
stop(calls, arns)
