/// When which task wakes up, earliest first, then by number: a binary heap.
struct WakeQueue {
    /// Time and task in one number each: to compare pairs takes most of a simulation that is not optimized.
    private var heap: [Int64] = []
    /// So many tasks can be told apart.
    private static let tasks: Int64 = 1 << 16

    mutating func insert(_ task: Int, at time: Int64) {
        guard time < .max else { return }
        heap.append(time &* Self.tasks &+ Int64(task))
        var child = heap.count - 1
        while child > 0, heap[child] < heap[(child - 1) / 2] {
            heap.swapAt(child, (child - 1) / 2)
            child = (child - 1) / 2
        }
    }

    mutating func popFirst() -> (time: Int64, task: Int)? {
        guard let first = heap.first else { return nil }
        let last = heap.removeLast()
        if !heap.isEmpty { sink(last) }
        return (first / Self.tasks, Int(first % Self.tasks))
    }

    /// Puts `key` where the first was, and from there to where it belongs.
    private mutating func sink(_ key: Int64) {
        var parent = 0
        let count = heap.count
        while true {
            var child = 2 * parent + 1
            guard child < count else { break }
            if child + 1 < count && heap[child + 1] < heap[child] { child += 1 }
            guard heap[child] < key else { break }
            heap[parent] = heap[child]
            parent = child
        }
        heap[parent] = key
    }
}
