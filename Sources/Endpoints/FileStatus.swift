import RRTrace
import RunModel

/// What `stat` says of a file, as far as it matters here.
struct FileStatus {
    /// The layouts in which it is written.
    enum Layout {
        // swift-format-ignore: AlwaysUseLowerCamelCase
        case x86_64
        case aarch64
        /// `struct stat64` of i386.
        case x86
        case statx

        /// So many bytes have all that is looked at.
        fileprivate var size: Int {
            switch self {
            case .x86_64, .aarch64: 28
            case .x86: 96
            case .statx: 144
            }
        }
    }

    /// Where it lies in the trace.
    struct Place {
        var write: MemoryWrite
        var address: UInt64
        var layout: Layout

        /// Where the frame's call wrote it; `nil` if it wrote none, or not of a descriptor.
        init?(_ frame: borrowing some CallView & ~Copyable, _ syscall: Syscall) {
            guard frame.result == 0, let architecture = frame.callArchitecture else { return nil }
            switch syscall {
            case .fstat: address = frame.argument(1)
            case .newfstatat where frame.argument(3) & FileStatus.emptyPath != 0: address = frame.argument(2)
            case .statx where frame.argument(2) & FileStatus.emptyPath != 0: address = frame.argument(4)
            default: return nil
            }
            switch architecture {
            case _ where syscall == .statx: layout = .statx
            case .x86_64: layout = .x86_64
            case .aarch64: layout = .aarch64
            case .x86: layout = .x86
            }
            guard let write = frame.memoryWrite(containing: address) else { return nil }
            self.write = write
        }

        /// What is written there; `nil` if the trace does not hold it.
        func read(_ data: inout DataReader) -> FileStatus? {
            data.read(write, address: address, count: layout.size).map { FileStatus($0, layout) }
        }
    }

    /// Its type, as the high bits of its mode.
    let type: UInt64
    /// Which file it is.
    let identity: Endpoint.FileIdentity

    var isFIFO: Bool { type == 0x1000 }
    var isSocket: Bool { type == 0xc000 }

    /// AT_EMPTY_PATH: the call is about its descriptor.
    private static let emptyPath: UInt64 = 0x1000

    private init(_ bytes: [UInt8], _ layout: Layout) {
        let field = { (offset: Int, size: Int) in littleEndian(bytes, offset, size) }
        let device: UInt64
        let inode: UInt64
        let mode: UInt64
        switch layout {
        case .x86_64: (device, inode, mode) = (field(0, 8), field(8, 8), field(24, 4))
        case .aarch64: (device, inode, mode) = (field(0, 8), field(8, 8), field(16, 4))
        case .x86: (device, inode, mode) = (field(0, 8), field(88, 8), field(16, 4))
        case .statx:
            // Major and minor number apart; together as `stat` has them.
            let (major, minor) = (field(136, 4), field(140, 4))
            (device, inode, mode) = (minor & 0xff | major << 8 | (minor & ~0xff) << 12, field(32, 8), field(28, 2))
        }
        type = mode & 0xf000
        identity = Endpoint.FileIdentity(device: device, inode: inode)
    }
}
