extension FrameCursor {
    /// Whether the frame has registers, in a layout that this reader knows.
    public var hasRegisters: Bool { registerFile.layout != nil }

    /// Register `index` of the layout: 4 bytes each for `x86`, 8 otherwise. It is read in place.
    // swift-format-ignore: AlwaysUseLowerCamelCase
    @inline(__always)
    private func register(x86: Int, x86_64: Int, aarch64: Int) -> UInt64 {
        switch registerFile.layout {
        case .x86_64: stream.message.words[registerFile.start &+ x86_64]
        case .x86: stream.message.words[registerFile.start &+ x86 / 2] >> (x86 % 2 == 0 ? 0 : 32) & 0xffff_ffff
        case .aarch64: stream.message.words[registerFile.start &+ aarch64]
        case nil: 0
        }
    }

    /// Argument `index` (from 0 to 5) of the system call; 0 if there is none or the frame has no registers.
    ///
    /// `int 0x80` in a 64-bit task takes the low halves of the registers that a 32-bit task would use. On aarch64 the first
    /// argument and the result share a register, and the argument is kept aside.
    public func argument(_ index: Int) -> UInt64 {
        if registerFile.layout == .x86_64, syscall?.architecture != .x86, index >= 0, index < 6 {
            return stream.message.words[registerFile.start &+ (0x8_97cde &>> (4 &* index) & 15)]
        }
        let isCompatibility = syscall?.architecture == .x86 && registerFile.layout == .x86_64
        switch (index, isCompatibility) {
        case (0, false): return register(x86: 0, x86_64: 14, aarch64: syscall?.state == .exiting ? 34 : 0)
        case (1, false): return register(x86: 1, x86_64: 13, aarch64: 1)
        case (2, false): return register(x86: 2, x86_64: 12, aarch64: 2)
        case (3, false): return register(x86: 3, x86_64: 7, aarch64: 3)
        case (4, false): return register(x86: 4, x86_64: 9, aarch64: 4)
        case (5, false): return register(x86: 5, x86_64: 8, aarch64: 5)
        case (0, true): return register(x86: 0, x86_64: 5, aarch64: 0) & 0xffff_ffff
        case (1, true): return register(x86: 0, x86_64: 11, aarch64: 0) & 0xffff_ffff
        case (2, true): return register(x86: 0, x86_64: 12, aarch64: 0) & 0xffff_ffff
        case (3, true): return register(x86: 0, x86_64: 13, aarch64: 0) & 0xffff_ffff
        case (4, true): return register(x86: 0, x86_64: 14, aarch64: 0) & 0xffff_ffff
        case (5, true): return register(x86: 0, x86_64: 4, aarch64: 0) & 0xffff_ffff
        default: return 0
        }
    }

    /// What the system call returned, sign-extended where the task has 32 bits; 0 if the frame has no registers.
    public var result: Int64 {
        let value = register(x86: 6, x86_64: 10, aarch64: 0)
        return registerFile.layout == .x86 || syscall?.architecture == .x86
            ? Int64(Int32(truncatingIfNeeded: value)) : Int64(bitPattern: value)
    }

    /// The instruction pointer; 0 if the frame has no registers.
    public var instructionPointer: UInt64 { register(x86: 12, x86_64: 16, aarch64: 32) }

    /// The stack pointer; 0 if the frame has no registers.
    public var stackPointer: UInt64 { register(x86: 15, x86_64: 19, aarch64: 31) }

    /// The call number that the kernel keeps for restarting (`orig_rax`); -1 if the frame has no registers.
    public var originalSyscallNumber: Int32 {
        hasRegisters ? Int32(truncatingIfNeeded: register(x86: 11, x86_64: 15, aarch64: 35)) : -1
    }

    /// The number of the call that is really going on: behind `restart_syscall` the one restarted. -1 if the frame is no call.
    public var effectiveSyscallNumber: Int32 {
        guard let syscall else { return -1 }
        return syscall.number == syscall.architecture.restartNumber && hasRegisters ? originalSyscallNumber : syscall.number
    }

    /// All registers by name, in the order of the trace. For people: slow.
    public func registers() -> [(name: String, value: UInt64)] {
        guard let layout = registerFile.layout else { return [] }
        return RegisterFile.names(layout).enumerated().map { index, name in
            (name, register(x86: index, x86_64: index, aarch64: index) & (name == "orig_syscall" ? 0xffff_ffff : .max))
        }
    }
}
