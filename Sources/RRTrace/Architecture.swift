/// The instruction set whose register layout and system call numbers a frame uses.
///
/// Raw values are those of rr's trace schema (`Arch`).
public enum Architecture: UInt16, Sendable, CaseIterable {
    /// 32-bit x86, also for `int 0x80` inside a 64-bit task.
    case x86
    /// 64-bit x86.
    // swift-format-ignore: AlwaysUseLowerCamelCase
    case x86_64
    /// 64-bit ARM.
    case aarch64
}

extension Architecture {
    /// The number of `restart_syscall`.
    @inline(__always)
    var restartNumber: Int32 {
        switch self {
        case .x86: 0
        case .x86_64: 219
        case .aarch64: 128
        }
    }
}
