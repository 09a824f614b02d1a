/// A place in one node's own history: an rr event (frame) number and, inside a syscall-buffer flush, which
/// buffered call.
///
/// All code that runs after event E and before the node's next event belongs to E. Packed into one word so that
/// tens of millions of them stay small and compare in one instruction: 44 bits of event, 20 bits of call.
public struct Moment: Hashable, Comparable, Sendable {
    /// The event in the high 44 bits, the call in the low 20.
    public let packed: UInt64

    /// The largest event number that fits; rr itself counts events in 63 bits but no trace comes near.
    public static let maximumEvent: UInt64 = 1 << 44 - 1
    /// The largest call number that fits; a syscall buffer of 1 MiB holds at most 65 536 records.
    public static let maximumCall: UInt32 = 1 << 20 - 1

    /// Before everything that happens in a node.
    public static let beginning = Moment(packed: 0)

    /// A moment from its packed form.
    public init(packed: UInt64) { self.packed = packed }

    /// The moment of `event`, or of the `call`-th buffered call in it (counting from 1; 0 for the event itself).
    /// Values too large to be packed are clamped.
    public init(event: UInt64, call: UInt32 = 0) {
        packed = min(event, Self.maximumEvent) << 20 | UInt64(min(call, Self.maximumCall))
    }

    /// The rr event number, counting from 1.
    public var event: UInt64 { packed >> 20 }
    /// The buffered call inside the flush, counting from 1; 0 if the moment is the event itself.
    public var call: UInt32 { UInt32(truncatingIfNeeded: packed & UInt64(Self.maximumCall)) }

    /// Earlier in the same node.
    public static func < (a: Moment, b: Moment) -> Bool { a.packed < b.packed }
}

extension Moment: CustomStringConvertible {
    /// `EVENT` or `EVENT.CALL`: what stands after the `@` of a position.
    public var description: String { call == 0 ? "\(event)" : "\(event).\(call)" }
}
