# Counts at memcached: `memcached-client.py PORT tcp|udp COUNT`. Prints every count that it gets. `memcached-client.py PORT` makes the
# counter, with the value 1000: all counts have four digits.
import socket, struct, sys

port = int(sys.argv[1])
if len(sys.argv) == 2:
    with socket.create_connection(("127.0.0.1", port)) as server:
        server.sendall(b"set counter 0 0 4\r\n1000\r\n")
        assert server.recv(100) == b"STORED\r\n"
    sys.exit()

kind, count = sys.argv[2], int(sys.argv[3])
server = socket.socket(socket.AF_INET, socket.SOCK_STREAM if kind == "tcp" else socket.SOCK_DGRAM)
server.settimeout(30)
if kind == "tcp":
    server.connect(("127.0.0.1", port))
for number in range(count):
    # The same length, whoever asks: only the bytes tell the questions apart.
    question = b"incr counter 1\r\n"
    if kind == "tcp":
        server.sendall(question)
        answer = server.recv(100)
    else:
        # A frame of its own: request number, which of how many datagrams, and a reserved word.
        header = struct.pack(">HHHH", number, 0, 1, 0)
        server.sendto(header + question, ("127.0.0.1", port))
        answer, _ = server.recvfrom(100)
        assert answer[:8] == header
        answer = answer[8:]
    print(int(answer))
