# A client of prefork-server that connects in the background, and asks the kernel for no address: `background-client.py PORT FIRST COUNT`
# asks COUNT questions, from FIRST on, each on a connection of its own.
import select
import socket
import struct
import sys

port, first, count = map(int, sys.argv[1:])
for number in range(first, first + count):
    connection = socket.socket()
    connection.setblocking(False)
    connection.connect_ex(("127.0.0.1", port))
    select.select([], [connection], [], 60)
    assert connection.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR) == 0
    connection.send(struct.pack("I28s", number, b"question %d" % number))
    select.select([connection], [], [], 60)
    assert struct.unpack("I28s", connection.recv(32))[0] == number + 1000
    connection.close()
