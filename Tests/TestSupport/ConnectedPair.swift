import RunModel

/// Two nodes that are joined by a TCP connection, and the serials of its ends: the most that many tests need.
public func connectedPair(
    _ clock: Clock, listens: Bool = false
) -> (client: ActivityBuilder, server: ActivityBuilder, connected: Int, accepted: Int) {
    let (local, remote) = (Address.ipv4(0x0a00_0001, port: 1), Address.ipv4(0x0a00_0002, port: 2))
    let (client, server) = (ActivityBuilder(clock), ActivityBuilder(clock))
    if listens { _ = server.listen(local: .ipv4(0, port: 2)) }
    return (client, server, client.connect(local: local, remote: remote), server.accept(local: remote, remote: local))
}
