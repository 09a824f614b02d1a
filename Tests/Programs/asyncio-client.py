# `asyncio-client.py CLOSED-PORT PORT`: fails to connect to CLOSED-PORT on ::1, then asks PORT for / by HTTP, all in the background.
import asyncio
import sys


async def main(closed, port):
    try:
        await asyncio.open_connection("::1", closed)
    except ConnectionRefusedError:
        print("refused")
    reader, writer = await asyncio.open_connection("::1", port)
    writer.write(b"GET / HTTP/1.0\r\nHost: asyncio\r\n\r\n")
    print((await reader.read()).decode().splitlines()[0])
    writer.close()
    await writer.wait_closed()


asyncio.run(asyncio.wait_for(main(int(sys.argv[1]), int(sys.argv[2])), 60))
