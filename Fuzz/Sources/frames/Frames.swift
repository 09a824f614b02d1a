import FuzzSupport
import RRTrace

/// The frames: input is what is in the chunks of `events`, and also the bytes of `data`.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzz(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    let bytes = input(start, count)
    let disk = TraceOnDisk.shared
    disk.write("incomplete", Array("85\n".utf8))
    disk.write("events", StoredBrotli.chunks(bytes, size: 1 << 20))
    disk.write("data", StoredBrotli.chunk(Array(bytes.reversed())))
    do {
        let trace = try TraceDirectory(path: disk.path)
        var data = try DataReader(trace)
        var frames = try FrameCursor(trace, readAhead: false)
        while frames.advance() { touch(frames, &data) }
        precondition(frames.event < 1 << 40)
    } catch {
        preconditionFailure("\(error)")
    }
    return 0
}

/// Uses all that a frame offers.
private func touch(_ frame: borrowing FrameCursor, _ data: inout DataReader) {
    var sum = (0..<6).reduce(0) { $0 &+ frame.argument($1) }
    sum &+= UInt64(bitPattern: frame.result) &+ frame.instructionPointer &+ frame.stackPointer
    sum &+= UInt64(bitPattern: Int64(frame.originalSyscallNumber &+ frame.effectiveSyscallNumber)) &+ UInt64(frame.registers().count)
    if let call = frame.syscall {
        sum &+= UInt64(SyscallTable.name(call.number, call.architecture).count)
        sum &+= Syscall(call.number, call.architecture) == .read ? 1 : 0
    }
    if let addresses = frame.socketAddresses() {
        sum &+= UInt64(SocketAddress(recordedLocal: addresses.local)?.port ?? 0)
        sum &+= UInt64(SocketAddress(recordedRemote: addresses.remote)?.bytes.count ?? 0)
    }
    sum &+= UInt64(frame.execFileDescriptorsToClose().count) &+ UInt64(frame.signal?.information.count ?? 0)
    for index in 0..<min(frame.memoryWriteCount, 100) {
        let write = frame.memoryWrite(index)
        precondition(write.storedSize <= write.size && (write.size == 0 || frame.memoryWrite(containing: write.address) != nil))
        guard let bytes = data.read(write, address: write.address, count: Int(min(write.size, 4096))) else { continue }
        var records = SyscallBufferRecords(bytes)
        while let record = records.next() { precondition(record.extra.upperBound <= bytes.count) }
    }
    withExtendedLifetime(sum) {}
}

/// Writes the seeds.
@_cdecl("LLVMFuzzerInitialize")
public func initialize(_ count: UnsafeMutablePointer<CInt>?, _ arguments: UnsafeRawPointer?) -> CInt {
    Seeds.writeIfAsked(Seeds.traces.map(\.events))
    return 0
}
