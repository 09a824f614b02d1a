/// When which task wakes up, earliest first, then by number: a binary heap.
struct WakeQueue {
    private var heap: [(time: Int64, task: Int)] = []

    mutating func insert(_ task: Int, at time: Int64) {
        guard time < .max else { return }
        heap.append((time, task))
        var child = heap.count - 1
        while child > 0, heap[child] < heap[(child - 1) / 2] {
            heap.swapAt(child, (child - 1) / 2)
            child = (child - 1) / 2
        }
    }

    mutating func popFirst() -> (time: Int64, task: Int)? {
        guard let first = heap.first else { return nil }
        let last = heap.removeLast()
        guard !heap.isEmpty else { return first }
        heap[0] = last
        var parent = 0
        while true {
            var least = parent
            for child in [2 * parent + 1, 2 * parent + 2] where child < heap.count && heap[child] < heap[least] { least = child }
            guard least != parent else { return first }
            heap.swapAt(least, parent)
            parent = least
        }
    }
}
