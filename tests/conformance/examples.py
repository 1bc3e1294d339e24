"""The example stacks, deployed: some of them at the same time, in a region of their own, as VPCs are few in one."""

import contextlib
import threading

from inventory import inventory
from region import Region
from stacks import EXAMPLES, Stack, assert_as_before, curl, load, page, push

BUSYBOX = "public.ecr.aws/docker/library/busybox:stable"


@contextlib.contextmanager
def region_of_examples(binary, directory):
    """A region with the images that the examples name, and a newer one."""
    region = Region(binary, directory)
    region.up()
    page(region, region.directory, "public.ecr.aws/docker/library/httpd:2.4", "one")
    page(region, region.directory, "next:1", "two")
    load(region, region.directory, BUSYBOX)
    region.client("ecr").create_repository(repositoryName="worker")
    push(region, region.directory, "worker", ["sh"])
    yield region
    region.down()
    assert region.leftovers() == []
    assert "panicked" not in (region.directory / "stderr").read_text()


@contextlib.contextmanager
def deployed(region, *names):
    """Examples by name, deployed at the same time: the AWS CLI asks only every half minute whether a stack is done."""
    before = inventory(region)
    made = {name: Stack(region, name, EXAMPLES / f"{name}.yml") for name in names}
    begun = {name: stack.begin_deploy() for name, stack in made.items()}
    for name, process in begun.items():
        made[name].deployed(process)
    yield made
    for stack in made.values():
        stack.delete()
    assert_as_before(region, before)


def changed(before, after):
    """The logical ids of the resources that are others than before."""
    return {id for id in before if before[id] != after.get(id)}


class Watch:
    """Asks a URL again and again until the end of a `with`; every answer must be one of the pages."""

    def __init__(self, region, url, *pages):
        self.ask, self.pages = lambda: curl(region, url), [f"{text}\n" for text in pages]
        self.over, self.said, self.thread = threading.Event(), [], threading.Thread(target=self.run)

    def run(self):
        while not self.over.wait(0.1):
            self.said.append(self.ask())

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.over.set()
        self.thread.join()
        assert self.said and set(self.said) <= set(self.pages), set(self.said)


def said(region, group, text):
    """Whether a container wrote that."""
    return region.client("logs").filter_log_events(logGroupName=group, filterPattern=f'"{text}"')["events"]
