"""Take every mail on a local port and keep it as a file: none leaves the machine.

usage: mail_catcher.py PORT FOLDER
"""

import signal
import sys
import time
from pathlib import Path

from aiosmtpd.controller import Controller


class Keep:
    def __init__(self, folder):
        self.folder = folder
        self.count = 0

    async def handle_DATA(self, _server, _session, envelope):
        self.count += 1
        name = f"{time.strftime('%Y%m%d-%H%M%S')}-{self.count:03}.eml"
        (self.folder / name).write_bytes(envelope.content)
        return "250 kept"


def main():
    port, folder = int(sys.argv[1]), Path(sys.argv[2])
    folder.mkdir(parents=True, exist_ok=True)
    stop_signals = {signal.SIGTERM, signal.SIGINT}
    signal.pthread_sigmask(signal.SIG_BLOCK, stop_signals)
    controller = Controller(Keep(folder), hostname="127.0.0.1", port=port)
    controller.start()
    signal.sigwait(stop_signals)
    controller.stop()


if __name__ == "__main__":
    main()
