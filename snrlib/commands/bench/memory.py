"""Memory and time of a job in a process of its own.

`python -m snrlib.commands.bench.memory module:function ...` is that process.

Peak memory is a property of a process, so what is measured runs alone in one. Pages of mapped
files (banks) count as the process's while it has touched them, although the system takes them
back when it needs the room; so anonymous memory, which it cannot take back, is kept apart.
"""

import json
import subprocess
import sys
import threading
import time
from importlib import import_module
from typing import Any


def measured(job: str, *arguments: Any) -> dict[str, Any]:
    """Runs `module:function` in a process of its own.

    Returns:
        seconds, peak_mb (all resident memory), anonymous_mb (without mapped files, sampled),
        and what the function returned.
    """
    command = [sys.executable, "-m", "snrlib.commands.bench.memory", job, json.dumps(arguments)]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    return json.loads(done.stdout.splitlines()[-1])


def _main() -> None:
    import resource

    module, name = sys.argv[1].split(":")
    highest, over = [0.0], threading.Event()

    def watch() -> None:
        while not over.wait(0.05):
            highest[0] = max(highest[0], _anonymous())

    watcher = threading.Thread(target=watch, daemon=True)
    function = getattr(import_module(module), name)
    watcher.start()
    begin = time.perf_counter()
    result = function(*json.loads(sys.argv[2]))
    seconds = time.perf_counter() - begin
    highest[0] = max(highest[0], _anonymous())
    over.set()
    # What a process inherits over fork and exec counts in ru_maxrss, in VmHWM it does not.
    peak = _status("VmHWM") or resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (
        1024 if sys.platform != "darwin" else 1 << 20
    )
    facts = {"seconds": seconds, "peak_mb": peak, "anonymous_mb": highest[0], "result": result}
    print(json.dumps(facts))


def _anonymous() -> float:
    return _status("RssAnon")


def _status(entry: str) -> float:
    """An entry of this process's status in MB; 0 where the system has none."""
    try:
        with open("/proc/self/status", encoding="utf-8") as file:
            return sum(int(line.split()[1]) for line in file if line.startswith(entry)) / 1024
    except OSError:
        return 0.0


if __name__ == "__main__":
    _main()
