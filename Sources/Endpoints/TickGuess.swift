import RunModel

/// Guesses from the tick values of a trace without sidecar which counters it was recorded with.
///
/// Software counters step by one fixed amount at each traced call; retired branches of a real CPU never do for long.
struct TickGuess {
    private var divisor: Int64 = 0
    private var seen = 0

    /// Looks at the tick value of one more frame.
    mutating func see(_ ticks: Int64) {
        guard seen < Self.enough, ticks > 0 else { return }
        seen += 1
        var a = ticks
        while divisor != 0 { (a, divisor) = (divisor, a % divisor) }
        divisor = a
    }

    /// What they look like: a common step of at least 10 is no accident; `nil` with too few values.
    var counters: Sidecar.Counters? {
        guard seen >= Self.fewest else { return nil }
        return divisor >= 10 ? Sidecar.Counters(kind: .software, tick: Int(divisor)) : Sidecar.Counters(kind: .hardware)
    }

    /// So many values are looked at.
    private static let enough = 4096
    /// Fewer than these say nothing.
    private static let fewest = 20
}
