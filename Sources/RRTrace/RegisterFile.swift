/// Where the registers of a frame lie in its message, and in which layout.
///
/// The layouts are those of `struct user_regs_struct` of each architecture, as rr writes them (`Registers.raw`).
struct RegisterFile {
    private(set) var layout: Architecture?
    /// The first word; registers are read where they are.
    private(set) var start = 0

    /// No registers.
    init() {}

    /// The registers of the frame `root`, in the layout of `architecture`. A frame may have none.
    @inline(__always)
    init(_ message: borrowing Message, _ root: Message.Structure, _ architecture: Architecture?) throws(Message.Damage) {
        guard let holder = try message.structure(1, of: root), let raw = try message.list(0, of: holder, .byte), raw.count > 0
        else { return }
        layout = architecture
        start = raw.start
        guard let architecture, raw.count < Self.size(architecture) else { return }
        throw Message.Damage("registers of \(raw.count) bytes, \(Self.size(architecture)) expected")
    }

    /// How many bytes the registers of `architecture` have.
    private static func size(_ architecture: Architecture) -> Int {
        switch architecture {
        case .x86: 68
        case .x86_64: 216
        case .aarch64: 288
        }
    }

    /// The names of the registers, in their order. (aarch64's last, `orig_syscall`, is 4 bytes and padding.)
    static func names(_ architecture: Architecture) -> [String] {
        switch architecture {
        case .x86:
            ["ebx", "ecx", "edx", "esi", "edi", "ebp", "eax", "xds", "xes", "xfs", "xgs", "orig_eax", "eip", "xcs", "eflags", "esp", "xss"]
        case .x86_64:
            [
                "r15", "r14", "r13", "r12", "rbp", "rbx", "r11", "r10", "r9", "r8", "rax", "rcx", "rdx", "rsi", "rdi", "orig_rax", "rip",
                "cs", "eflags", "rsp", "ss", "fs_base", "gs_base", "ds", "es", "fs", "gs",
            ]
        case .aarch64: (0...30).map { "x\($0)" } + ["sp", "pc", "pstate", "orig_x0", "orig_syscall"]
        }
    }
}
