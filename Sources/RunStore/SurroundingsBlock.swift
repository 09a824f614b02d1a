import RunModel

/// What a node has besides endpoints and operations, packed: the addresses of datagrams, links between processes, shared memory.
enum SurroundingsBlock {
    /// The packed form of addresses, in order.
    static func encode(_ addresses: [Address]) -> [UInt8] {
        var out = ByteWriter(capacity: addresses.count * 16)
        for address in addresses {
            let bytes = address.stored
            out.unsigned(UInt64(bytes.count))
            for byte in bytes { out.byte(byte) }
        }
        return out.bytes
    }

    /// Addresses from their packed form.
    static func addresses(_ bytes: [UInt8]) throws(IndexError) -> [Address] {
        var input = ByteReader(bytes)
        var addresses: [Address] = []
        while !input.isAtEnd {
            var stored: [UInt8] = []
            for _ in 0..<(try input.unsigned()) { stored.append(try input.byte()) }
            addresses.append(try Address(stored: stored))
        }
        return addresses
    }

    /// The packed form of links, in order.
    static func encode(_ links: [Link]) -> [UInt8] {
        var out = ByteWriter(capacity: links.count * 12)
        var (moment, from, to): (Int64, Int64, Int64) = (0, 0, 0)
        for link in links {
            out.byte(link.kind.rawValue)
            out.delta(Int64(bitPattern: link.to.packed), &moment)
            out.signed(Int64(bitPattern: link.to.packed &- link.from.packed))
            out.delta(Int64(link.fromProcess), &from)
            out.delta(Int64(link.toProcess), &to)
        }
        return out.bytes
    }

    /// Links from their packed form.
    static func links(_ bytes: [UInt8]) throws(IndexError) -> [Link] {
        var input = ByteReader(bytes)
        var (moment, fromProcess, toProcess): (Int64, Int64, Int64) = (0, 0, 0)
        var links: [Link] = []
        while !input.isAtEnd {
            let code = try input.byte()
            guard let kind = Link.Kind(rawValue: code) else { throw .damaged("link of kind \(code)") }
            let to = UInt64(bitPattern: try input.delta(&moment))
            let from = to &- UInt64(bitPattern: try input.signed())
            links.append(
                Link(
                    kind: kind, from: Moment(packed: from), fromProcess: Int32(truncatingIfNeeded: try input.delta(&fromProcess)),
                    to: Moment(packed: to), toProcess: Int32(truncatingIfNeeded: try input.delta(&toProcess))))
        }
        return links
    }

    /// The packed form of who shares memory with whom.
    static func encode(_ owners: [Int32: Int32]) -> [UInt8] {
        var out = ByteWriter(capacity: owners.count * 4)
        var previous: Int64 = 0
        for (process, owner) in owners.sorted(by: { $0.key < $1.key }) {
            out.delta(Int64(process), &previous)
            out.signed(Int64(owner))
        }
        return out.bytes
    }

    /// Who shares memory with whom, from its packed form.
    static func memoryOwners(_ bytes: [UInt8]) throws(IndexError) -> [Int32: Int32] {
        var input = ByteReader(bytes)
        var owners: [Int32: Int32] = [:]
        var previous: Int64 = 0
        while !input.isAtEnd {
            let process = Int32(truncatingIfNeeded: try input.delta(&previous))
            owners[process] = Int32(truncatingIfNeeded: try input.signed())
        }
        return owners
    }

    /// The packed form of messages with descriptors, in order.
    static func encode(_ passings: [Passing]) -> [UInt8] {
        var out = ByteWriter(capacity: passings.count * 16)
        var moment: Int64 = 0
        for passing in passings {
            out.byte(passing.isSend ? 1 : 0)
            out.delta(Int64(bitPattern: passing.at.packed), &moment)
            out.signed(Int64(passing.carrier))
            out.unsigned(passing.place.lowerBound)
            out.unsigned(passing.place.upperBound &- passing.place.lowerBound)
            out.unsigned(UInt64(passing.endpoints.count))
            for endpoint in passing.endpoints { out.signed(Int64(endpoint)) }
        }
        return out.bytes
    }

    /// Messages with descriptors from their packed form.
    static func passings(_ bytes: [UInt8]) throws(IndexError) -> [Passing] {
        var input = ByteReader(bytes)
        var moment: Int64 = 0
        var passings: [Passing] = []
        while !input.isAtEnd {
            let isSend = try input.byte() != 0
            let at = Moment(packed: UInt64(bitPattern: try input.delta(&moment)))
            let carrier = Int32(truncatingIfNeeded: try input.signed())
            let start = try input.unsigned()
            let (end, overflow) = start.addingReportingOverflow(try input.unsigned())
            guard !overflow else { throw .damaged("descriptors passed beyond the end of all streams") }
            var endpoints: [Int32] = []
            for _ in 0..<(try input.unsigned()) { endpoints.append(Int32(truncatingIfNeeded: try input.signed())) }
            passings.append(Passing(isSend: isSend, carrier: carrier, place: start..<end, at: at, endpoints: endpoints))
        }
        return passings
    }
}
