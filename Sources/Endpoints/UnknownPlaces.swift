import RunModel

/// What calls of which nobody knows how many bytes they moved, or when, do to the offsets of the calls that overlap them.
extension EndpointTracker {
    /// The calls of one direction of an endpoint.
    struct Direction: Hashable {
        var endpoint: Int32
        var kind: Operation.Kind
    }

    /// Such a call was entered.
    mutating func losePlaces(_ kind: Operation.Kind, _ serial: Int32, from entered: Stamp) {
        let direction = Direction(endpoint: serial, kind: kind)
        if let known = lostPlaces[direction], known.moment <= entered.moment { return }
        lostPlaces[direction] = entered
    }

    /// Takes back the offsets of all calls that returned after such a call of their direction had been entered; what overlaps those has no
    /// certain place either. O(operations), and O(n log n) for those of the endpoints concerned.
    mutating func withdrawPlaces() {
        guard !lostPlaces.isEmpty else { return }
        /// The calls of each direction, and when they returned.
        var calls: [Direction: [(Int64, Int)]] = [:]
        for (index, operation) in reading.activity.operations.enumerated() where operation.result > 0 {
            let direction = Direction(endpoint: operation.endpoint, kind: operation.kind)
            if lostPlaces[direction] != nil { calls[direction, default: []].append((operation.latest, index)) }
        }
        for (direction, entered) in lostPlaces {
            guard !reading.activity.endpoints[Int(direction.endpoint)].kind.isDatagram else { continue }
            var (first, isNeeded) = (entered, direction.kind == .send)
            for (_, index) in (calls[direction] ?? []).sorted(by: >) {
                let operation = reading.activity.operations[index]
                guard operation.returned(after: first) else { continue }
                reading.activity.operations[index].bytes = nil
                isNeeded = true
                if operation.entered < first.moment { first = Stamp(moment: operation.entered, time: operation.earliest) }
            }
            // A receive that nobody saw return is of no interest if it was the only one.
            if isNeeded { makeOpaque(direction.endpoint, from: first.moment) }
        }
    }
}

extension Operation {
    /// Whether it had not returned yet at `stamp`.
    fileprivate func returned(after stamp: Stamp) -> Bool {
        // Of a call in the syscall buffer, times say only when the buffer was in use; but it returned where it was entered.
        if kind == .send && entered.call == 0 { return latest > stamp.time }
        return at > stamp.moment
    }
}
