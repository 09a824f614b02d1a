import CLinux

/// Names of signals.
public enum SignalName {
    /// What `signal` is called, such as `SIGTERM`; real-time signals are called by their number.
    public static func of(_ signal: Int32) -> String {
        ridealong_signal_name(signal).map { "SIG" + String(cString: $0) } ?? "signal \(signal)"
    }

    /// The one of `signals` that `text` names, with or without `SIG`.
    static func signal(_ text: String, among signals: [Int32]) -> Int32? {
        signals.first { of($0) == text || of($0) == "SIG" + text }
    }
}
