"""Several workers: what TF_CONFIG says of them, and how they wait for each other. Without TensorFlow, for speed."""

import contextlib
import json
import os
import re
import socket
import time
from collections.abc import Iterator

from reproductions.harness import silence
from reproductions.harness.errors import UsageError

ADDRESS = re.compile(r"(\S+):(\d{1,5})")
# Seconds between two rounds of calls, for one call, before the first word on who is missing, and between two.
ROUND, CALL, PATIENCE, AGAIN = 0.2, 1.0, 1.0, 60.0


def num_workers() -> int:
    """The number of workers that the variable TF_CONFIG names; 0 without it.

    Raises:
        UsageError: TF_CONFIG cannot be used.
    """
    return len(_addresses())


def _addresses() -> dict[tuple[str, int], str]:
    """The workers' addresses, by their jobs and numbers."""
    try:
        config = json.loads(os.environ.get("TF_CONFIG", "").strip() or "{}")
        cluster, task = config.get("cluster", {}), config.get("task", {})
        found = {(job, i): one for job in ("chief", "worker") for i, one in enumerate(cluster.get(job, []))}
        if len(found) > 1:
            cluster[task["type"]][task["index"]]
    except (ValueError, LookupError, TypeError, AttributeError) as error:
        raise UsageError(
            "TF_CONFIG cannot be used: it must name a cluster and a task in it; see docs/distributed.md"
        ) from error
    for address in found.values():
        parts = ADDRESS.fullmatch(str(address))
        if parts is None or int(parts[2]) >= 2**16:
            raise UsageError(f"TF_CONFIG names the worker {address}: give addresses such as 10.0.0.1:2222")
    return found


def own_task() -> tuple[str, int]:
    """The job and the number that TF_CONFIG gives this process."""
    task = json.loads(os.environ["TF_CONFIG"])["task"]
    return task["type"], task["index"]


def own_address() -> str:
    """The address that TF_CONFIG gives this process."""
    return _addresses()[own_task()]


def meet() -> None:
    """Waits until every other worker listens on its port, and says who is missing.

    A signal ends this waiting at once, which it would not in TensorFlow's own. Each worker listens on its port
    meanwhile, and so does TensorFlow's server afterwards: whoever is called last still finds it open.

    Raises:
        UsageError: This worker's own port is in use.
    """
    own = own_task()
    missing = {task: address for task, address in _addresses().items() if task != own}
    told: set[tuple[str, int]] = set()
    begin = last = time.monotonic()
    with _listening(own_address()):
        while True:
            missing = {task: address for task, address in missing.items() if not _listens(address)}
            if not missing:
                break
            now = time.monotonic()
            if now - begin > PATIENCE and (told != missing.keys() or now - last > AGAIN):
                told, last = set(missing), now
                awaited = ", ".join(f"{job} {index} at {address}" for (job, index), address in missing.items())
                silence.now_doing(f"Waiting for {awaited}")
                print(f"{own[0]} {own[1]} waits for {awaited} ... (Ctrl-C ends it)", flush=True)
            time.sleep(ROUND)
    if told:
        print("All workers are there.", flush=True)


@contextlib.contextmanager
def _listening(address: str) -> Iterator[None]:
    port = int(address.rpartition(":")[2])
    try:
        listener = socket.create_server(("", port))
    except OSError as error:
        raise cannot_start(error.strerror or str(error)) from error
    with listener:
        yield


def cannot_start(reason: str) -> UsageError:
    """The error of a worker whose port cannot be had."""
    return UsageError(
        f"TF_CONFIG: this worker cannot start at {own_address()} ({reason}); is its port in use? give another"
    )


def _listens(address: str) -> bool:
    host, _, port = address.rpartition(":")
    try:
        socket.create_connection((host.strip("[]"), int(port)), timeout=CALL).close()
    except OSError:  # among them: the name is not known yet
        return False
    return True


def lost_worker(message: str) -> str:
    """The worker that is gone, such as `worker 1`, by what TensorFlow's error says."""
    named = re.findall(r"/job:(\w+)/replica:\d+/task:(\d+)", message)
    others = [f"{job} {index}" for job, index in named if (job, int(index)) != own_task()]
    return others[0] if others else "a worker"


def loopback_cluster(workers: int) -> list[str]:
    """The TF_CONFIG of each of so many workers on this machine, on ports that are free now."""
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(workers)]
    addresses = [f"127.0.0.1:{one.getsockname()[1]}" for one in sockets]
    for one in sockets:
        one.close()
    tasks = [{"type": "worker", "index": index} for index in range(workers)]
    return [json.dumps({"cluster": {"worker": addresses}, "task": task}) for task in tasks]
