"""A capture process whose source misbehaves as its argument says; test_cameras.py runs it for the real one."""

import itertools
import os
import sys
import time

import numpy as np

from attendance.cameras.capture import serve


class Source:
    """Pictures whose red is their number and whose green tells the process; `behaviour` says what else happens."""

    frames = 0
    fps = 0.0
    codec = "AV1"

    def __init__(self, orders, behaviour, count):
        self.behaviour, self.count, self.numbers = behaviour, count, itertools.count()
        if behaviour == "block_open":
            time.sleep(3600)
        if behaviour == "refuse":
            raise OSError(f"cannot open {orders.value}: 401 Unauthorized")

    def read(self):
        number = next(self.numbers)
        if number >= self.count:
            return self._finish()
        if self.behaviour == "minute" and number:
            time.sleep(60)
        time.sleep(0.01)
        return np.full((24, 32, 3), (number % 250, os.getpid() % 250, 0), np.uint8)

    def _finish(self):
        if self.behaviour == "block":
            time.sleep(3600)
        if self.behaviour == "crash":
            os.abort()
        if self.behaviour == "shape":
            return np.zeros((4, 4), np.float64)
        if self.behaviour == "frozen":
            time.sleep(0.01)
            return np.full((24, 32, 3), 77, np.uint8)
        return None


if __name__ == "__main__":
    if sys.argv[1] == "garbage":
        sys.stdout.buffer.write(bytes(range(256)) * 500)
        sys.stdout.buffer.flush()
        time.sleep(3600)
    serve(lambda orders: Source(orders, sys.argv[1], int(sys.argv[2])), sys.stdin.buffer, sys.stdout.buffer)
