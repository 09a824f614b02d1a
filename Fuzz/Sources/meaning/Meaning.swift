import Calls
import Capture
import Causality
import Endpoints
import FuzzSupport
import Matching
import RRTrace
import RunModel

/// What calls mean: input is a list of calls, signals and births of tasks, of which a trace is made, and what a replay captured of them.
/// Both are well-formed, and say what no kernel would ever do.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzz(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    var input = ByteSource(bytes: input(start, count))
    let disk = TraceOnDisk.shared
    for (name, bytes) in input.trace().files() { disk.write(name, bytes) }
    disk.write("calls", input.capture.bytes)
    do {
        let trace = try TraceDirectory(path: disk.path)
        let capture = count % 4 == 0 ? nil : try CaptureFile(path: disk.path + "/calls")
        let reading = try NodeReading(trace, node: NodeID(0), capture: capture)
        // Twice: it talks to itself.
        let nodes = [reading.activity, reading.activity]
        let matches = match(nodes)
        let graph = CausalGraph(nodes: nodes, channels: matches.channels, deliveries: matches.deliveries)
        precondition(graph.order.count == nodes.reduce(0) { $0 + $1.operations.count })
        let calls = try CallReader(trace, node: NodeID(0), capture: capture, endpointName: { "\($0)" })
        var last = Moment(event: 0)
        while let call = calls.next() {
            precondition(call.at >= last && !call.text.isEmpty)
            last = call.at
        }
    } catch {
        preconditionFailure("\(error)")
    }
    return 0
}

/// The input, taken bit by bit; behind its end are zeros.
private struct ByteSource {
    let bytes: [UInt8]
    /// What a replay captured of the trace's calls.
    private(set) var capture = CaptureBytes()
    private var place = 0

    init(bytes: [UInt8]) { self.bytes = bytes }

    /// More frames than this find nothing new, and take long.
    private static let longest = 300
    private static let numbers = (0..<500 as Range<Int32>).filter { Syscall($0, .x86_64) != nil }

    private mutating func byte() -> UInt8 {
        guard place < bytes.count else { return 0 }
        defer { place += 1 }
        return bytes[place]
    }

    /// An argument: often a descriptor, or an address at which something was written.
    private mutating func argument() -> UInt64 {
        let value = UInt64(byte())
        return switch value {
        case 0..<64: value
        case 64..<160: (value - 64) * 0x40
        case 160..<250: 1 << (value - 160) % 64
        default: UInt64(bitPattern: Int64(value) - 256)
        }
    }

    private mutating func result() -> Int64 {
        let value = Int64(byte())
        return switch value {
        case 0..<160: value
        case 160..<250: 159 - value
        default: value == 250 ? -512 : value == 251 ? .min : 1 << (value - 200)
        }
    }

    private mutating func writes(of task: Int32) -> [FrameSpec.Write] {
        (0..<byte() % 4).map { _ in
            let address = UInt64(byte()) * 0x40
            return FrameSpec.Write(task: task, address: address, bytes: (0..<byte() % 80).map { _ in byte() })
        }
    }

    /// The trace of all that the input says.
    mutating func trace() -> TraceWriter {
        var writer = TraceWriter()
        writer.exec(task: 1, commandLine: ["a"], event: 1)
        while place < bytes.count, writer.frameCount < Self.longest { add(to: &writer) }
        return writer
    }

    private mutating func add(to writer: inout TraceWriter) {
        let kind = byte()
        let task = Int32(byte() % 5 + 1)
        let seconds = Double(writer.frameCount)
        switch kind {
        case 0..<200:
            let number = Self.numbers[Int(byte()) % Self.numbers.count]
            // Mostly whole calls.
            let states: [UInt16] = kind < 150 ? [1, 2] : [UInt16(kind % 3)]
            let arguments = (0..<6).map { _ in argument() }
            if byte() % 2 == 0 {
                capture.add(
                    kind: 1, number: UInt16(number), task: serial(of: task), ip: Self.instruction - 1, arguments: arguments,
                    sections: sections())
            }
            for state in states {
                let registers = FrameSpec.x64(number: Int64(number), result: state == 2 ? result() : -38, arguments, ip: Self.instruction)
                let writes = state == 2 ? writes(of: task) : []
                let event = FrameSpec.Event.syscall(number: number, state: state)
                writer.frame(FrameSpec(task: task, event: event, registers: registers, writes: writes, seconds: seconds))
            }
        case 200..<210:
            writer.clone(task: task, parent: Int32(byte() % 5 + 1), flags: UInt32(byte()) << 8, event: writer.frameCount)
        case 210..<215:
            writer.exec(task: task, commandLine: ["b"], event: writer.frameCount)
        case 215..<220:
            writer.exit(task: task, status: Int32(byte()), event: writer.frameCount)
        case 220..<225:
            writer.frame(FrameSpec(task: task, event: .execClosing((0..<byte() % 4).map { _ in Int32(byte()) }), seconds: seconds))
        case 225..<235:
            let number: Int32 = byte() % 2 == 0 ? 42 : 43
            let addresses = (0..<2).map { _ in (0..<byte() % 32).map { _ in byte() } }
            writer.frame(FrameSpec(task: task, event: .socket(number: number, local: addresses[0], remote: addresses[1]), seconds: seconds))
        case 235..<245:
            let information = (0..<byte() % 130).map { _ in byte() }
            let tag = UInt16(6 + kind % 3)
            let event = FrameSpec.Event.signal(tag: tag, information: information, deterministic: false, disposition: 1)
            writer.frame(FrameSpec(task: task, event: event, seconds: seconds))
        case 245..<253: addFlush(of: task, to: &writer)
        default:
            writer.frame(FrameSpec(task: task, event: .other(tag: UInt16(byte() % 20)), writes: writes(of: task), seconds: seconds))
        }
    }
}

/// What a replay captured.
extension ByteSource {
    /// Behind the system call instruction of all calls.
    fileprivate static let instruction: UInt64 = 0x40_0000

    /// A task, as captures number them: mostly rightly.
    fileprivate mutating func serial(of task: Int32) -> UInt32 { task == 1 ? 0 : UInt32(byte() % 5) }

    /// Calls of the syscall buffer, and most of them captured.
    fileprivate mutating func addFlush(of task: Int32, to writer: inout TraceWriter) {
        var records: [UInt8] = []
        let serial = serial(of: task)
        for _ in 0...byte() % 4 {
            let (number, result) = (Self.numbers[Int(byte()) % Self.numbers.count], result())
            let wrote = (0..<byte() % 100).map { _ in byte() }
            var arguments = (0..<6).map { _ in argument() }
            if byte() % 2 == 0 { arguments[1] = Self.buffer + UInt64(30 + records.count + 16) }
            if byte() % 8 > 0 {
                capture.add(
                    number: UInt16(number), task: serial, place: UInt32(records.count), result: result, arguments: arguments,
                    sections: sections())
            }
            records += littleEndian(UInt64(bitPattern: result)) + [UInt8(number & 255), UInt8(number >> 8), 0, 0]
            records += littleEndian(UInt64(16 + wrote.count)).prefix(4) + wrote
            while records.count % 8 > 0 { records.append(0) }
        }
        let head = littleEndian(UInt64(records.count)).prefix(4) + [UInt8](repeating: 0, count: 26)
        let write = FrameSpec.Write(task: task, address: Self.buffer, bytes: head + records)
        writer.frame(FrameSpec(task: task, event: .other(tag: 10), writes: [write], seconds: Double(writer.frameCount)))
    }

    private static let buffer: UInt64 = 0x7000_2000

    private func littleEndian(_ word: UInt64) -> [UInt8] { (0..<8).map { UInt8(truncatingIfNeeded: word >> UInt64(8 * $0)) } }

    /// Payloads, addresses, control data: some of them such as programs hand over.
    fileprivate mutating func sections() -> [(kind: UInt16, message: UInt16, offered: UInt64, bytes: [UInt8])] {
        (0..<byte() % 4).map { _ in
            let (kind, message, offered) = (UInt16(byte() % 6), UInt16(byte() % 3), argument())
            var bytes = (0..<byte() % 60).map { _ in byte() }
            if kind == 2, byte() % 2 == 0 { bytes = [[1, 2, 10][Int(byte() % 3)], 0] + bytes }
            if kind == 3, byte() % 2 == 0 {
                let numbers = (0..<byte() % 5).flatMap { _ in littleEndian(argument()).prefix(4) }
                bytes = littleEndian(UInt64(16 + numbers.count)) + [1, 0, 0, 0, 1, 0, 0, 0] + numbers + bytes
            }
            return (kind, message, offered, bytes)
        }
    }
}

/// Writes the seeds: calls at random.
@_cdecl("LLVMFuzzerInitialize")
public func initialize(_ count: UnsafeMutablePointer<CInt>?, _ arguments: UnsafeRawPointer?) -> CInt {
    var state: UInt64 = 1
    Seeds.writeIfAsked(
        (0..<64).map { seed in
            (0..<32 * (seed + 1)).map { _ in
                state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
                return UInt8(truncatingIfNeeded: state >> 56)
            }
        })
    return 0
}
