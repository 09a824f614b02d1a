#if canImport(Glibc)
    import Glibc
#endif

/// Turning this process into another program.
enum ProcessImage {
    /// Becomes `executable`. `arguments` includes the program's own name; `environment` is `NAME=VALUE`. Returns only by an error.
    static func replace(executable: String, arguments: [String], environment: [String]) throws(ReplayError) -> Never {
        fflush(nil)
        // A program inherits the blocked signals of the thread that starts it, and Swift's own threads block most of them: Ctrl-C would
        // not reach gdb, and rr could not use its signals.
        var none = sigset_t()
        var before = sigset_t()
        sigemptyset(&none)
        pthread_sigmask(SIG_SETMASK, &none, &before)
        let argumentPointers = arguments.map { strdup($0) } + [nil]
        let environmentPointers = environment.map { strdup($0) } + [nil]
        execve(executable, argumentPointers, environmentPointers)
        let number = errno
        pthread_sigmask(SIG_SETMASK, &before, nil)
        for pointer in argumentPointers + environmentPointers { free(pointer) }
        throw .cannotStart(executable: executable, errno: number)
    }
}
