/// The names of signals, and of the reasons why they were sent.
enum SignalNames {
    /// Signals 1 to 31, on x86 and ARM.
    private static let names = [
        "HUP", "INT", "QUIT", "ILL", "TRAP", "ABRT", "BUS", "FPE", "KILL", "USR1", "SEGV", "USR2", "PIPE", "ALRM", "TERM", "STKFLT",
        "CHLD", "CONT", "STOP", "TSTP", "TTIN", "TTOU", "URG", "XCPU", "XFSZ", "VTALRM", "PROF", "WINCH", "IO", "PWR", "SYS",
    ]
    private static let firstRealtime: Int64 = 32

    /// `SIGTERM`, `SIGRT_2`; the number for what is no signal.
    static func name(_ number: Int64) -> String {
        if number >= 1, number <= Int64(names.count) { return "SIG" + names[Int(number) - 1] }
        return number >= firstRealtime && number <= 64 ? "SIGRT_\(number - firstRealtime)" : "\(number)"
    }

    /// A 64-bit mask of signals: `[INT TERM]`, and `~[KILL STOP]` for one that holds most of them.
    static func mask(_ bits: UInt64) -> String {
        let isMost = bits.nonzeroBitCount > 32
        let shown = isMost ? ~bits : bits
        let members = (0..<64).filter { shown >> UInt64($0) & 1 != 0 }.map { bit in
            let name = name(Int64(bit + 1))
            return name.hasPrefix("SIG") ? String(name.dropFirst(3)) : name
        }
        return (isMost ? "~[" : "[") + members.joined(separator: " ") + "]"
    }

    /// The name of `si_code`: those that any signal can have, and SIGCHLD's.
    static func code(_ code: Int32, signal: Int32) -> String {
        let general: [Int32: String] = [
            0: "SI_USER", 0x80: "SI_KERNEL", -1: "SI_QUEUE", -2: "SI_TIMER", -3: "SI_MESGQ", -4: "SI_ASYNCIO", -5: "SI_SIGIO",
            -6: "SI_TKILL",
        ]
        if let name = general[code] { return name }
        let special: [Int32: [String]] = [
            4: ["ILL_ILLOPC", "ILL_ILLOPN", "ILL_ILLADR", "ILL_ILLTRP", "ILL_PRVOPC"],
            5: ["TRAP_BRKPT", "TRAP_TRACE"],
            7: ["BUS_ADRALN", "BUS_ADRERR", "BUS_OBJERR"],
            8: ["FPE_INTDIV", "FPE_INTOVF", "FPE_FLTDIV", "FPE_FLTOVF", "FPE_FLTUND", "FPE_FLTRES", "FPE_FLTINV", "FPE_FLTSUB"],
            11: ["SEGV_MAPERR", "SEGV_ACCERR"],
            17: ["CLD_EXITED", "CLD_KILLED", "CLD_DUMPED", "CLD_TRAPPED", "CLD_STOPPED", "CLD_CONTINUED"],
            29: ["POLL_IN", "POLL_OUT", "POLL_MSG", "POLL_ERR", "POLL_PRI", "POLL_HUP"],
        ]
        let names = special[signal] ?? []
        return code >= 1 && Int(code) <= names.count ? names[Int(code) - 1] : "\(code)"
    }
}
