package import SystemPackage

#if canImport(Glibc)
    import Glibc
#endif

/// A program that has our terminal while we serve it: gdb. What the terminal sends (Ctrl-C) is for it alone. It ends with this value's
/// process, however that ends.
package struct ForegroundRun {
    private let child: Child

    /// Starts `program` with `arguments`.
    package init(_ program: String, _ arguments: [String], environment: [String: String]) throws(Errno) {
        // A handler, and not SIG_IGN, which programs inherit.
        for number in [SIGINT, SIGQUIT] { signal(number) { _ in } }
        // All signals must get through: Swift's own threads, on one of which we may be, block nearly all.
        let surroundings = Child.Surroundings(mask: SignalSet.of([]), deathSignal: SIGKILL)
        child = try Child(program, arguments.map(CStrings.bytes), environment: environment, in: surroundings)
    }

    /// How it ended, if it did.
    package func end() -> Child.End? { child.end(waiting: false) }
}
