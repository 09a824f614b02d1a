# A server that counts, and a client, with asyncio: `counting.py serve COUNT`, `counting.py ask PORT WORKERS COUNT`.
# The server prints its port, ends after COUNT questions, and prints how many it had; the client prints each number that it got.
import asyncio
import sys


async def serve(count):
    counted = 0
    finished = asyncio.Event()
    talks = set()

    async def talk(reader, writer):
        nonlocal counted
        talks.add(asyncio.current_task())
        while question := await reader.readline():
            counted += 1
            writer.write(b"%04d for %s" % (counted, question))
            await writer.drain()
            if counted == count:
                finished.set()
        writer.close()
        await writer.wait_closed()

    server = await asyncio.start_server(talk, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await finished.wait()
    server.close()
    await asyncio.gather(*talks)
    print(counted)


async def ask(port, workers, count):
    async def work(worker):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        for index in range(count):
            writer.write(b"worker %d question %d\n" % (worker, index))
            print((await reader.readline()).decode(), end="")
        writer.close()
        await writer.wait_closed()

    await asyncio.gather(*(work(worker) for worker in range(workers)))


role, *numbers = sys.argv[1:]
asyncio.run({"serve": serve, "ask": ask}[role](*map(int, numbers)))
