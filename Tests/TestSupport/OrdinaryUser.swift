import Foundation

/// An ordinary user, for programs that refuse to run as root.
public struct OrdinaryUser: Sendable {
    /// The user's number.
    public let id: UInt32
    /// What to put before a command to run it as this user.
    public let prefix: [String]

    /// The user called `name`; `nil` if the tests are not run by root, and so by an ordinary user already.
    ///
    /// What root may do, and recording needs, it may still do: reach the build directory, wherever that lies, and have performance events.
    public init?(_ name: String) throws {
        guard getuid() == 0 else { return nil }
        guard let entry = getpwnam(name) else { throw Failure("there is no user called \(name); run `make setup`") }
        id = entry.pointee.pw_uid
        let rights = "+dac_override,+perfmon"
        prefix =
            [try Programs.installed("setpriv"), "--reuid", "\(id)", "--regid", "\(entry.pointee.pw_gid)", "--clear-groups"]
            + ["--inh-caps", rights, "--ambient-caps", rights]
    }
}
