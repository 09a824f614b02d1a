import Foundation

/// A rule of the kernel's packet filter (nftables) that drops a part of the UDP datagrams to one port.
///
/// The rule is in a table that belongs to the `nft` process which made it: whatever becomes of the test, the kernel removes the table
/// when that process ends, and it ends when nobody holds the other end of its input.
public final class PacketLoss {
    private let nft = Process()
    private let commands = Pipe()
    private let table: String

    /// Why no packets can be lost here; `nil` if they can.
    public static let obstacle: String? = {
        guard getuid() == 0 else { return "only root may drop packets" }
        do {
            _ = try PacketLoss(percent: 5, to: 9)
            return nil
        } catch {
            return "\(error)"
        }
    }()

    /// Drops `percent` of the datagrams to `port` on this machine, by chance, from now on.
    public init(percent: Int, to port: UInt16) throws {
        table = "inet ridealong_\(getpid())_\(port)"
        nft.executableURL = URL(fileURLWithPath: try Programs.installed("nft"))
        nft.arguments = ["--interactive"]
        nft.standardInput = commands
        nft.standardOutput = FileHandle.nullDevice
        nft.standardError = FileHandle.nullDevice
        try nft.run()
        let rules = """
            add table \(table) { flags owner; }
            add chain \(table) input { type filter hook input priority 0; }
            add rule \(table) input udp dport \(port) numgen random mod 100 < \(percent) counter drop

            """
        try commands.fileHandleForWriting.write(contentsOf: Data(rules.utf8))
        try wait(for: "the packet filter to take a rule", within: 5) { try rule() != nil }
    }

    /// The rule as the kernel has it; `nil` if it has none.
    private func rule() throws -> String? {
        let listing = try Command(
            [try Programs.installed("nft"), "list", "table"] + table.split(separator: " ").map { String($0) },
            in: FileManager.default.temporaryDirectory
        ).finish(within: 5).output
        return listing.contains(" drop") ? listing : nil
    }

    /// How many datagrams were dropped so far, as the kernel counts them.
    public func dropped() throws -> Int {
        guard let count = try rule()?.firstMatch(of: /counter packets (\d+)/).flatMap({ Int($0.1) }) else {
            throw Failure("the packet filter has lost its rule")
        }
        return count
    }

    deinit {
        // try?: it is closed only so that nft ends, and nft is waited for below.
        try? commands.fileHandleForWriting.close()
        nft.waitUntilExit()
    }
}
