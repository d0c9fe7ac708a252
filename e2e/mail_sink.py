"""An SMTP server for tests: writes each mail it is given as one .eml file. Usage: mail_sink.py PORT FOLDER"""
import asyncio
import itertools
import sys
from pathlib import Path

from aiosmtpd.smtp import SMTP

NUMBERS = itertools.count(1)


class Sink:
    def __init__(self, folder: Path) -> None:
        self.folder = folder

    async def handle_DATA(self, server, session, envelope):  # noqa: N802 (aiosmtpd's name)
        name = f"{next(NUMBERS):06}.eml"
        # Whole or not at all, for whoever watches the folder.
        part = self.folder / f".{name}"
        part.write_bytes(envelope.content)
        part.rename(self.folder / name)
        return "250 OK"


async def main() -> None:
    port, folder = int(sys.argv[1]), Path(sys.argv[2])
    folder.mkdir(parents=True, exist_ok=True)
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: SMTP(Sink(folder), enable_SMTPUTF8=True), "127.0.0.1", port)
    await server.serve_forever()


asyncio.run(main())
