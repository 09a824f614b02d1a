/// Calls that give: what they do can be seen elsewhere as soon as they have been entered, and before they return. That is where they stand.
public enum GivingCalls {
    private static let names: Set<String> = [
        "write", "writev", "pwrite64", "pwritev", "pwritev2", "sendto", "sendmsg", "sendmmsg", "sendfile", "splice", "tee", "vmsplice",
        "connect", "shutdown", "close", "close_range", "clone", "clone3", "fork", "vfork", "kill", "tkill", "tgkill", "exit", "exit_group",
    ]

    /// Whether the call of this name is one of them.
    public static func contains(_ name: String) -> Bool { names.contains(name) }
}
