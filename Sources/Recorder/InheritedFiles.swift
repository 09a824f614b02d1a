import RunModel

#if canImport(Glibc)
    import Glibc
#endif

/// The descriptors that the recorded program gets from whoever started us: the only exact evidence of what joins two recordings
/// such as `record A | record B`.
enum InheritedFiles {
    /// More than any launcher hands on; a process that was given more has its first ones listed.
    private static let limit = 4096

    /// Those of this process, in order. Our own are closed on exec and are not among them.
    static func list() -> [Sidecar.InheritedFile] {
        Proc.entries("/proc/self/fd").compactMap { Int32($0) }.sorted().filter(isPassedOn).prefix(limit).map(describe)
    }

    private static func isPassedOn(_ number: Int32) -> Bool {
        let flags = fcntl(number, F_GETFD)
        return flags >= 0 && flags & FD_CLOEXEC == 0
    }

    private static func describe(_ number: Int32) -> Sidecar.InheritedFile {
        let flags = fcntl(number, F_GETFL)
        return Sidecar.InheritedFile(
            number: number, link: Proc.link("/proc/self/fd/\(number)") ?? "?", flags: flags >= 0 ? flags : nil,
            local: SocketAddress.of(number, peer: false)?.description, remote: SocketAddress.of(number, peer: true)?.description)
    }
}
