/// The breakpoints, of which rr loses some now and then: they are kept here, and set again where they can be.
extension ProcessReplay {
    /// Sets or removes a breakpoint. It need not be at something that is there yet. In a diversion, only the one that ends it is set.
    public func change(_ breakpoint: Breakpoint, conditions: Substring, set: Bool) throws(ReplayError) {
        if case .active = diversion {
            // The function that is called returns to its own stack. Another stop inside would be one that gdb and rr cannot leave.
            try serving { server throws(RemoteFailure) in
                let stack = try server.stackPointer()
                guard breakpoint.address > stack &- Self.stackReach, breakpoint.address < stack &+ Self.stackReach else { return }
                _ = try server.ask("\(set ? "Z" : "z")\(breakpoint.text)")
            }
            return
        }
        wanted[breakpoint] = set ? String(conditions) : nil
        guard isOpen else { return }
        try serving { server throws(RemoteFailure) in
            if set {
                // A condition may be another than before.
                if inserted.contains(breakpoint) { try remove(breakpoint, server) }
                try insert(breakpoint, String(conditions), server)
            } else if inserted.contains(breakpoint) {
                try remove(breakpoint, server)
            }
        }
    }

    /// How far from the stack pointer something counts as lying on the stack.
    private static let stackReach: UInt64 = 1 << 16

    /// Sets those that are not set. At an address where nothing is, rr refuses: later there may be.
    func insertBreakpoints(_ server: ReplayServer) throws(RemoteFailure) {
        for (breakpoint, conditions) in wanted where !inserted.contains(breakpoint) { try insert(breakpoint, conditions, server) }
    }

    /// Removes all, to set them again later.
    func removeBreakpoints(_ server: ReplayServer) throws(RemoteFailure) {
        for breakpoint in inserted { try remove(breakpoint, server) }
    }

    /// Removes those in the dynamic loader, by which gdb hears of libraries: going back, rr would stop at each.
    func removeLoaderBreakpoints(_ server: ReplayServer) throws(RemoteFailure) {
        let loader = try programImage(server).loader
        for breakpoint in inserted where breakpoint.kind == "0" && breakpoint.address &- loader < Self.loaderSize {
            try remove(breakpoint, server)
        }
    }

    /// More than the size of the dynamic loader.
    private static let loaderSize: UInt64 = 0x40000

    private func insert(_ breakpoint: Breakpoint, _ conditions: String, _ server: ReplayServer) throws(RemoteFailure) {
        if try server.ask("Z\(breakpoint.text)\(conditions)") == "OK" { inserted.insert(breakpoint) }
    }

    private func remove(_ breakpoint: Breakpoint, _ server: ReplayServer) throws(RemoteFailure) {
        _ = try server.ask("z\(breakpoint.text)")
        inserted.remove(breakpoint)
    }

    /// Where the program begins, and where its loader lies: the auxiliary vector tells (AT_ENTRY 9, AT_BASE 7).
    func programImage(_ server: ReplayServer) throws(RemoteFailure) -> (programs: Int, entry: UInt64, loader: UInt64) {
        let programs = subject.life.programs(upTo: event)
        if let image, image.programs == programs { return image }
        let vector = try server.auxiliaryVector()
        let found = (programs: programs, entry: vector[9] ?? 0, loader: vector[7] ?? 0)
        image = found
        return found
    }
}
