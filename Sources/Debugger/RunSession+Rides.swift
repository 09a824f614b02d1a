import RunModel
import RunStore

/// Moving along messages.
extension RunSession {
    /// The way of a ride.
    enum Ride: String, CaseIterable {
        /// To where the message that this thread sends arrives.
        case forward = ""
        /// From where a message arrived to where it was sent.
        case back
        /// To the next message of the channel, on the same side of it, or to the one before.
        case next, previous
    }

    /// Where a ride from here ends.
    func end(of ride: Ride, from here: Here) throws -> Position {
        let text = index.text(here.position)
        switch ride {
        case .forward:
            guard let send = try send(near: here), let message = try index.message(at: send, rank: index.rank(send)) else {
                throw DebugError.noMessage(position: text)
            }
            guard let part = message.to.first else { throw left(message) }
            return part.position
        case .back:
            guard let receive = try receive(near: here) else { throw DebugError.noArrival(position: text) }
            let messages = try index.messages(touching: receive, rank: index.rank(receive))
            guard let from = messages.lazy.compactMap(\.from).first else {
                let message = messages.first.map { index.text($0.id) } ?? text
                throw DebugError.sentFromOutside(message: message, channel: try index.channel(of: receive)?.id ?? "?")
            }
            return from.position
        case .next, .previous:
            guard let ref = try send(near: here) ?? receive(near: here) else { throw DebugError.noMessage(position: text) }
            return try neighbour(of: ref, forwards: ride == .next)
        }
    }

    /// The operation of the same kind on the same end of the channel that comes next, or before.
    private func neighbour(of ref: OperationRef, forwards: Bool) throws -> Position {
        let stream = index.operations(of: ref.node)
        let own = try stream.operation(Int(ref.index))
        var number = Int(ref.index) + (forwards ? 1 : -1)
        while number >= 0, number < stream.count {
            let other = try stream.operation(number)
            if other.endpoint == own.endpoint, other.kind == own.kind, other.result > 0 {
                return Position(node: ref.node, moment: other.at)
            }
            number += forwards ? 1 : -1
        }
        throw DebugError.noNeighbour(position: index.text(Position(node: ref.node, moment: own.at)), isNext: forwards)
    }

    private func left(_ message: Message) -> DebugError {
        .leftRecording(message: index.text(message.id), channel: message.channel.id, bytes: message.bytes)
    }
}
