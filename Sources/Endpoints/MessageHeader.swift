import RRTrace

/// A `struct msghdr` as the kernel left it: what sendmsg, recvmsg and their like describe their buffers with.
struct MessageHeader {
    /// Where the address of the other side was written; 0 if the program did not ask for it.
    let name: UInt64
    /// The length of that address.
    let nameLength: Int
    /// Where the list of buffers is that the bytes were scattered over.
    let vector: UInt64
    /// How many buffers those are.
    let buffers: UInt64
    /// Where control data was written.
    let control: UInt64
    /// The length of the control data.
    let controlLength: UInt64
    /// A receive says that the message was longer than the buffers (MSG_TRUNC).
    let isCutShort: Bool

    /// Its size in bytes: that of 64-bit programs, or of 32-bit ones.
    static func size(_ isNarrow: Bool) -> Int { isNarrow ? 28 : 56 }

    /// The header that the frame's call wrote at `address`; `nil` if the trace does not hold it.
    init?(_ frame: borrowing some CallView & ~Copyable, at address: UInt64, _ data: inout DataReader) {
        let isNarrow = frame.isNarrow
        guard let write = frame.memoryWrite(containing: address),
            let bytes = data.read(write, address: address, count: Self.size(isNarrow))
        else { return nil }
        self.init(bytes, at: 0, isNarrow)
    }

    /// The header at `start` of `bytes`; fields that are not there are 0.
    init(_ bytes: [UInt8], at start: Int, _ isNarrow: Bool) {
        // name, its length, buffers, their number, control, its length, flags: each in as much room as an address takes, though the
        // name's length and the flags are ints.
        let width = isNarrow ? 4 : 8
        let field = { (index: Int) in littleEndian(bytes, start + index * width, width) }
        name = field(0)
        nameLength = Int(UInt32(bitPattern: littleEndian32(bytes, start + width)))
        vector = field(2)
        buffers = field(3)
        control = field(4)
        controlLength = field(5)
        isCutShort = UInt64(UInt32(bitPattern: littleEndian32(bytes, start + 6 * width))) & MessageFlag.truncate != 0
    }
}
