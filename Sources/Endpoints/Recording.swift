import RRTrace
import RunModel

/// Writing down what was found, and reading the memory that calls wrote.
extension EndpointTracker {
    /// Adds an endpoint for `file`.
    mutating func addEndpoint(_ file: Int, _ birth: Endpoint.Birth, _ task: Int, opened: Moment) -> Int32 {
        let serial = Int32(truncatingIfNeeded: reading.activity.endpoints.count)
        var endpoint = Endpoint(
            kind: files[file].kind.endpointKind, birth: birth, opened: opened,
            local: birth == .connect ? files[file].ownAddress : files[file].local)
        endpoint.access = files[file].access
        endpoint.remote = files[file].remote
        endpoint.identity = files[file].identity
        if tasks.processes[tasks[task].process].hidesCallsFrom != nil || files[file].hasMoved { endpoint.opaqueFrom = opened }
        reading.activity.endpoints.append(endpoint)
        offsets.append((0, 0))
        messageCounts.append((0, 0))
        files[file].endpoint = serial
        return serial
    }

    /// Adds an operation, and its process to those of the endpoint.
    mutating func record(
        _ kind: Operation.Kind, _ serial: Int32, _ task: Int, entered: Stamp, at: Stamp, latest: Int64, bytes: Range<UInt64>? = nil,
        result: Int64 = 0, payload: PayloadRef = .unknown, peer: Address? = nil, halves: Endpoint.Access = .write, isFull: Bool = false
    ) {
        guard keepsOperations else { return }
        let process = tasks.processes[tasks[task].process].record.id
        reading.activity.operations.append(
            Operation(
                endpoint: serial, kind: kind, entered: entered.moment, at: at.moment, process: process, task: tasks[task].id, bytes: bytes,
                result: result, earliest: min(entered.time, latest), latest: latest, payload: payload))
        reading.activity.operations[reading.activity.operations.count - 1].halves = halves
        if let peer { reading.activity.operations[reading.activity.operations.count - 1].peer = number(of: peer) }
        if isFull { reading.activity.operations[reading.activity.operations.count - 1].isFull = true }
        let endpoint = Int(serial)
        if reading.activity.endpoints[endpoint].processes.last != process, !reading.activity.endpoints[endpoint].processes.contains(process)
        {
            reading.activity.endpoints[endpoint].processes.append(process)
        }
    }

    /// The number of `address` in the node's list.
    private mutating func number(of address: Address) -> Int32 {
        if let number = addressNumbers[address] { return number }
        let number = Int32(truncatingIfNeeded: reading.activity.addresses.count)
        reading.activity.addresses.append(address)
        addressNumbers[address] = number
        return number
    }

    /// Fills in addresses that were not known yet.
    mutating func learn(_ serial: Int32, local: Address?, remote: Address?) {
        let index = Int(serial)
        if reading.activity.endpoints[index].local == nil { reading.activity.endpoints[index].local = local }
        if reading.activity.endpoints[index].remote == nil { reading.activity.endpoints[index].remote = remote }
    }

    /// From `moment` on, stream offsets of this endpoint are not known.
    mutating func makeOpaque(_ serial: Int32, from moment: Moment) {
        let known = reading.activity.endpoints[Int(serial)].opaqueFrom ?? moment
        reading.activity.endpoints[Int(serial)].opaqueFrom = min(known, moment)
    }

    /// Memory that the frame's call wrote; `nil` if the trace does not hold all of it.
    func readMemory(_ frame: borrowing some CallView & ~Copyable, at address: UInt64, count: Int, _ data: inout DataReader) -> [UInt8]? {
        guard let write = frame.memoryWrite(containing: address) else { return nil }
        return data.read(write, address: address, count: count)
    }

    /// A socket address that the kernel wrote, with its length.
    func readSocketAddress(
        _ frame: borrowing some CallView & ~Copyable, addressArgument: Int, lengthArgument: Int, _ data: inout DataReader
    ) -> Address? {
        let address = frame.argument(addressArgument)
        guard address != 0, let length = readMemory(frame, at: frame.argument(lengthArgument), count: 4, &data) else { return nil }
        let count = Int(min(UInt32(bitPattern: littleEndian32(length, 0)), UInt32(Self.largestSocketAddress)))
        guard count >= 2, let bytes = readMemory(frame, at: address, count: count, &data) else { return nil }
        return Address(kernel: bytes)
    }

    /// sizeof(struct sockaddr_storage).
    static let largestSocketAddress = 128
}

/// Four bytes at `offset`; 0 if there are not that many.
func littleEndian32(_ bytes: [UInt8], _ offset: Int) -> Int32 { Int32(truncatingIfNeeded: littleEndian(bytes, offset, 4)) }

/// `count` bytes at `offset`, as a number; 0 if there are not that many.
func littleEndian(_ bytes: [UInt8], _ offset: Int, _ count: Int) -> UInt64 {
    guard offset + count <= bytes.count else { return 0 }
    return (0..<count).reduce(0) { $0 | UInt64(bytes[offset + $1]) << UInt64(8 * $1) }
}
